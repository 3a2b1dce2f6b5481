"""Layers around a call."""

from __future__ import annotations

import dataclasses
from collections.abc import Coroutine
from typing import Any

import pytest

from chargewire import v16
from chargewire.errors import CallRejected
from chargewire.messages import Response
from chargewire.middleware import Exchange, Middleware, Proceed, compose

CONNECTION: Any = None
EXCHANGE = Exchange("incoming", "1", "Authorize", v16.Authorize(id_tag="A"), CONNECTION)
ACCEPTED = v16.AuthorizeResponse(id_tag_info=v16.IdTagInfo(status=v16.AuthorizationStatus.ACCEPTED))
BLOCKED = v16.AuthorizeResponse(id_tag_info=v16.IdTagInfo(status=v16.AuthorizationStatus.BLOCKED))


def run(layers: list[Middleware], innermost: Proceed) -> Response:
    """Run what never waits without an event loop."""
    coroutine = compose(layers, innermost)(EXCHANGE)
    assert isinstance(coroutine, Coroutine)
    with pytest.raises(StopIteration) as stopped:
        coroutine.send(None)
    return stopped.value.value


async def accept(_: Exchange) -> Response:
    return ACCEPTED


def test_without_layers_the_innermost_answers() -> None:
    assert compose([], accept) is accept
    assert run([], accept) is ACCEPTED


def test_the_first_layer_is_the_outermost() -> None:
    log: list[str] = []

    def layer(name: str) -> Middleware:
        async def around(exchange: Exchange, proceed: Proceed) -> Response:
            log.append(f"{name} in")
            response = await proceed(exchange)
            log.append(f"{name} out")
            return response

        return around

    assert run([layer("a"), layer("b"), layer("c")], accept) is ACCEPTED
    assert log == ["a in", "b in", "c in", "c out", "b out", "a out"]


def test_a_layer_may_change_the_request() -> None:
    seen: list[Exchange] = []

    async def innermost(exchange: Exchange) -> Response:
        seen.append(exchange)
        return ACCEPTED

    async def lower_case(exchange: Exchange, proceed: Proceed) -> Response:
        return await proceed(dataclasses.replace(exchange, request=v16.Authorize(id_tag="a")))

    run([lower_case], innermost)
    assert seen == [dataclasses.replace(EXCHANGE, request=v16.Authorize(id_tag="a"))]


def test_a_layer_may_change_the_response() -> None:
    async def block(exchange: Exchange, proceed: Proceed) -> Response:
        await proceed(exchange)
        return BLOCKED

    assert run([block], accept) is BLOCKED


def test_a_layer_may_answer_without_proceeding() -> None:
    async def block(exchange: Exchange, proceed: Proceed) -> Response:
        return BLOCKED

    async def unreachable(_: Exchange) -> Response:
        raise AssertionError

    assert run([block], unreachable) is BLOCKED


def test_a_layer_may_reject_and_an_outer_one_may_catch_it() -> None:
    async def forgive(exchange: Exchange, proceed: Proceed) -> Response:
        try:
            return await proceed(exchange)
        except CallRejected:
            return BLOCKED

    async def refuse(exchange: Exchange, proceed: Proceed) -> Response:
        raise CallRejected("SecurityError", "not yet accepted")

    assert run([forgive, refuse], accept) is BLOCKED


def test_a_layer_may_proceed_twice() -> None:
    count = 0

    async def once_in_vain(_: Exchange) -> Response:
        nonlocal count
        count += 1
        if count == 1:
            raise CallRejected("InternalError")
        return ACCEPTED

    async def retry(exchange: Exchange, proceed: Proceed) -> Response:
        try:
            return await proceed(exchange)
        except CallRejected:
            return await proceed(exchange)

    assert run([retry], once_in_vain) is ACCEPTED
    assert count == 2


def test_a_composed_call_can_be_made_again() -> None:
    async def around(exchange: Exchange, proceed: Proceed) -> Response:
        return await proceed(exchange)

    proceed = compose([around, around], accept)
    for _ in range(2):
        coroutine = proceed(EXCHANGE)
        assert isinstance(coroutine, Coroutine)
        with pytest.raises(StopIteration):
            coroutine.send(None)

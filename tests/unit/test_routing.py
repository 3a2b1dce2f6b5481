"""Handlers in classes: found by their mark, one for each request."""

from __future__ import annotations

from typing import Any

import pytest

from chargewire import v16, v21, v201
from chargewire.routing import Handlers, merge, on, on_send

CONNECTION: Any = None


class Depot(Handlers):
    def __init__(self, name: str = "depot") -> None:
        self.name = name

    @on(v16.Heartbeat)
    async def beat(self, station: Any, request: v16.Heartbeat) -> v16.HeartbeatResponse:
        raise NotImplementedError(self.name)

    @on(v201.Heartbeat)
    async def beat_201(self, station: Any, request: v201.Heartbeat) -> v201.HeartbeatResponse:
        raise NotImplementedError

    async def unmarked(self) -> None: ...


class Streams(Handlers):
    @on_send(v21.NotifyPeriodicEventStream)
    async def notify(self, station: Any, message: v21.NotifyPeriodicEventStream) -> None: ...


def test_marked_methods_are_found_by_their_request() -> None:
    depot = Depot()
    assert depot.table() == {v16.Heartbeat: depot.beat, v201.Heartbeat: depot.beat_201}


def test_a_method_can_be_marked_for_a_send() -> None:
    """RPC-006."""
    streams = Streams()
    assert streams.table() == {v21.NotifyPeriodicEventStream: streams.notify}


def test_a_marked_method_is_still_a_method() -> None:
    coroutine = Depot("north").beat(CONNECTION, v16.Heartbeat())
    with pytest.raises(NotImplementedError, match="north"):
        coroutine.send(None)


def test_a_handler_keeps_its_object() -> None:
    coroutine = Depot("south").table()[v16.Heartbeat](CONNECTION, v16.Heartbeat())
    with pytest.raises(NotImplementedError, match="south"):
        coroutine.send(None)  # type: ignore[attr-defined]


def test_a_class_without_marks_handles_nothing() -> None:
    assert Handlers().table() == {}


def test_a_subclass_inherits_handlers_and_adds_its_own() -> None:
    class Bigger(Depot, Streams):
        @on(v16.Authorize)
        async def authorize(self, station: Any, request: v16.Authorize) -> v16.AuthorizeResponse: ...

    assert Bigger().table().keys() == {
        v16.Heartbeat,
        v201.Heartbeat,
        v16.Authorize,
        v21.NotifyPeriodicEventStream,
    }


def test_a_subclass_replaces_a_handler_for_the_same_request() -> None:
    class Other(Depot):
        @on(v16.Heartbeat)
        async def another(self, station: Any, request: v16.Heartbeat) -> v16.HeartbeatResponse: ...

    other = Other()
    assert other.table()[v16.Heartbeat] == other.another


def test_a_subclass_may_override_a_handler_by_its_name_alone() -> None:
    class Other(Depot):
        async def beat(self, station: Any, request: v16.Heartbeat) -> v16.HeartbeatResponse: ...

    other = Other()
    assert other.table()[v16.Heartbeat] == other.beat


def test_the_class_that_comes_first_wins() -> None:
    class Rival(Handlers):
        @on(v16.Heartbeat)
        async def rival(self, station: Any, request: v16.Heartbeat) -> v16.HeartbeatResponse: ...

    class Both(Rival, Depot): ...

    both = Both()
    assert both.table()[v16.Heartbeat] == both.rival


def test_two_bases_may_use_one_name_for_two_requests() -> None:
    class North(Handlers):
        @on(v16.Heartbeat)
        async def beat(self, station: Any, request: v16.Heartbeat) -> v16.HeartbeatResponse: ...

    class South(Handlers):
        @on(v201.Heartbeat)
        async def beat(self, station: Any, request: v201.Heartbeat) -> v201.HeartbeatResponse: ...

    class Both(North, South): ...

    both = Both()
    assert both.table() == {v16.Heartbeat: both.beat, v201.Heartbeat: South.beat.__get__(both)}


def test_one_class_may_not_handle_a_request_twice() -> None:
    class Torn(Handlers):
        @on(v16.Heartbeat)
        async def one(self, station: Any, request: v16.Heartbeat) -> v16.HeartbeatResponse: ...

        @on(v16.Heartbeat)
        async def two(self, station: Any, request: v16.Heartbeat) -> v16.HeartbeatResponse: ...

    with pytest.raises(TypeError, match="Torn: one and two both handle Heartbeat"):
        Torn().table()


def test_the_tables_of_several_objects_are_joined() -> None:
    depot, streams = Depot(), Streams()
    assert merge([depot, streams]) == {**depot.table(), **streams.table()}


def test_nothing_joined_is_nothing() -> None:
    assert merge([]) == {}


def test_two_objects_may_not_handle_the_same_request() -> None:
    with pytest.raises(TypeError, match="Depot: Heartbeat already has a handler"):
        merge([Depot(), Depot()])

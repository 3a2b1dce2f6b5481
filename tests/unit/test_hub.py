"""Who hears of which events."""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from typing import Any

import pytest

from chargewire.asyncio.hub import EventHub
from chargewire.events import (
    BadMessage,
    Connected,
    Disconnected,
    Event,
    FrameReceived,
    FrameSent,
    Reconnecting,
    Replaced,
    UpgradeAborted,
    UpgradeError,
)

STATION: Any = "station"
CONNECTED = Connected(STATION)
FRAMES: list[Event] = [FrameReceived(STATION, b"in"), FrameSent(STATION, b"out")]
OTHERS: list[Event] = [
    CONNECTED,
    Disconnected(STATION, 1000, "", "us"),
    Replaced(STATION),
    UpgradeAborted(None, "no", HTTPStatus.NOT_FOUND, "127.0.0.1:1"),
    UpgradeError(OSError(), "127.0.0.1:1"),
    BadMessage(STATION, "no JSON", b"x"),
    Reconnecting(1, 2.0, None),
]


@pytest.mark.parametrize("event", OTHERS, ids=lambda event: type(event).__name__)
def test_a_listener_without_types_hears_of_everything_but_frames(event: Event) -> None:
    hub, heard = EventHub(), list[Event]()
    hub.subscribe(heard.append)
    for frame in FRAMES:
        hub.emit(frame)
    hub.emit(event)
    assert heard == [event]


@pytest.mark.parametrize("event", OTHERS + FRAMES, ids=lambda event: type(event).__name__)
def test_a_listener_hears_of_the_types_it_names(event: Event) -> None:
    hub, heard = EventHub(), list[Event]()
    hub.subscribe(heard.append, type(event))
    for one in OTHERS + FRAMES:
        hub.emit(one)
    assert heard == [event]


def test_a_listener_may_name_several_types() -> None:
    hub, heard = EventHub(), list[Event]()
    hub.subscribe(heard.append, FrameSent, Connected)
    for event in OTHERS + FRAMES:
        hub.emit(event)
    assert heard == [CONNECTED, FRAMES[1]]


def test_listeners_hear_in_the_order_they_subscribed() -> None:
    hub, heard = EventHub(), list[str]()
    for name in "abc":
        hub.subscribe(lambda _, name=name: heard.append(name))
    hub.emit(CONNECTED)
    assert heard == ["a", "b", "c"]


def test_who_unsubscribes_hears_no_more() -> None:
    hub, heard = EventHub(), list[Event]()
    unsubscribe = hub.subscribe(heard.append)
    unsubscribe()
    unsubscribe()
    hub.emit(CONNECTED)
    assert heard == []


def test_one_function_may_subscribe_twice_and_leave_once() -> None:
    hub, heard = EventHub(), list[Event]()
    hub.subscribe(heard.append)
    hub.subscribe(heard.append)()
    hub.emit(CONNECTED)
    assert heard == [CONNECTED]


def test_a_listener_may_unsubscribe_while_it_listens() -> None:
    hub, heard = EventHub(), list[Event]()

    def once(event: Event) -> None:
        heard.append(event)
        unsubscribe()

    unsubscribe = hub.subscribe(once)
    hub.subscribe(heard.append)
    hub.emit(CONNECTED)
    hub.emit(CONNECTED)
    assert heard == [CONNECTED] * 3


def test_a_listener_that_fails_is_logged_and_does_not_hinder_the_others(caplog: pytest.LogCaptureFixture) -> None:
    hub, heard = EventHub(), list[Event]()

    def broken(_: Event) -> None:
        raise ValueError("broken")

    hub.subscribe(broken)
    hub.subscribe(heard.append)
    hub.emit(CONNECTED)
    assert heard == [CONNECTED]
    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (logging.ERROR, "a listener failed on Connected")
    assert record.exc_info


def test_frames_are_wanted_only_while_somebody_listens_to_them() -> None:
    hub = EventHub()
    hub.subscribe(print)
    assert (hub.wants_received, hub.wants_sent) == (False, False)
    no_more_received = hub.subscribe(print, FrameReceived)
    assert (hub.wants_received, hub.wants_sent) == (True, False)
    no_more_frames = hub.subscribe(print, FrameReceived, FrameSent)
    assert (hub.wants_received, hub.wants_sent) == (True, True)
    no_more_received()
    assert (hub.wants_received, hub.wants_sent) == (True, True)
    no_more_frames()
    assert (hub.wants_received, hub.wants_sent) == (False, False)


async def test_events_can_be_iterated() -> None:
    hub = EventHub()
    stream = hub.events(Connected, FrameSent)
    first = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    for event in OTHERS + FRAMES:
        hub.emit(event)
    assert [await first, await anext(stream)] == [CONNECTED, FRAMES[1]]


async def test_an_iteration_that_ends_unsubscribes() -> None:
    hub = EventHub()

    async def first_frame() -> Event:
        stream = hub.events(FrameSent)
        try:
            return await anext(stream)
        finally:
            await stream.aclose()  # type: ignore[attr-defined]

    waiting = asyncio.ensure_future(first_frame())
    await asyncio.sleep(0)
    assert hub.wants_sent
    hub.emit(FRAMES[1])
    assert await waiting == FRAMES[1]
    assert not hub.wants_sent

"""A browser's subscription over a transport that can be slow, or break."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from chargewire.backoffice.api.browser import PAGE, Browser, FramePosition, Position, Subscribe
from chargewire.backoffice.api.feed import MAX_WAITING_EVENTS, MAX_WAITING_FRAMES
from chargewire.backoffice.api.frame_log import FrameLog
from chargewire.backoffice.api.problems import Problem
from chargewire.backoffice.domain import OutboxEvent

AT = datetime(2026, 1, 1, tzinfo=UTC)


class Outbox:
    """Events as a store keeps them, told to one browser."""

    def __init__(self) -> None:
        self.committed: list[OutboxEvent] = []
        self.tell: Callable[[Sequence[OutboxEvent]], None] = lambda _: None
        self.is_broken = False

    def commit(self, count: int) -> None:
        first = len(self.committed) + 1
        events = [OutboxEvent(cursor, AT, "A", "station.heartbeat", {}) for cursor in range(first, first + count)]
        self.committed += events
        self.tell(events)

    async def latest(self) -> int:
        return len(self.committed)

    async def after(
        self, cursor: int, *, limit: int, stations: Collection[str] | None = None
    ) -> tuple[OutboxEvent, ...]:
        await asyncio.sleep(0)
        if self.is_broken:
            raise OSError("disk gone")
        return tuple(event for event in self.committed[cursor:] if stations is None or event.station in stations)[
            :limit
        ]

    def subscribe(self, callback: Callable[[Sequence[OutboxEvent]], None]) -> Callable[[], None]:
        raise NotImplementedError


class Line:
    """A transport that a test can hold up."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, dict[str, Any]]] = []
        self.is_free = asyncio.Event()
        self.is_free.set()
        self.dropped = asyncio.Event()
        self._sent = asyncio.Event()

    async def send(self, name: str, message: dict[str, Any]) -> None:
        self.messages.append((name, message))
        self._sent.set()

    async def drained(self) -> None:
        await self.is_free.wait()

    async def drop(self) -> None:
        self.dropped.set()

    def of(self, name: str) -> list[dict[str, Any]]:
        return [message for kind, message in self.messages if kind == name]

    async def until(self, name: str, count: int) -> list[dict[str, Any]]:
        async with asyncio.timeout(5):
            while len(self.of(name)) < count:
                self._sent.clear()
                await self._sent.wait()
        return self.of(name)


class Stage:
    """A browser with its outbox, its frames and its line."""

    def __init__(self) -> None:
        self.outbox, self.frames, self.line = Outbox(), FrameLog("epoch"), Line()
        self.browser = Browser(self.outbox, self.frames, self.line)
        self.outbox.tell = self.browser.offer

    def pass_frames(self, count: int) -> None:
        for _ in range(count):
            self.browser.offer_frame(self.frames.append("A", "in", b"[]", at=AT))


@asynccontextmanager
async def on_stage() -> AsyncIterator[Stage]:
    stage = Stage()
    yield stage
    stage.browser.leave()


async def test_the_answer_comes_before_what_happens_next() -> None:
    async with on_stage() as stage:
        stage.outbox.commit(2)
        answer = await stage.browser.subscribe(Subscribe(stations="*", after=Position(events=0)))
        stage.outbox.commit(1)
        assert answer.events == 2
        assert len(stage.line.of("event")) == 2, "nothing more is sent until the caller has written the answer"
        events = await stage.line.until("event", 3)
    assert [event["cursor"] for event in events] == [1, 2, 3]


async def test_a_browser_that_does_not_read_is_not_written_to() -> None:
    async with on_stage() as stage:
        await stage.browser.subscribe(Subscribe(stations="*", frames=True))
        stage.line.is_free.clear()
        stage.outbox.commit(1)
        await stage.line.until("event", 1)
        stage.outbox.commit(MAX_WAITING_EVENTS + 500)
        stage.pass_frames(MAX_WAITING_FRAMES + 500)
        await asyncio.sleep(0)
        assert len(stage.line.messages) == 1
        stage.line.is_free.set()
        events = await stage.line.until("event", MAX_WAITING_EVENTS + 501)
        frames = await stage.line.until("frame", MAX_WAITING_FRAMES)
    assert [event["cursor"] for event in events] == list(range(1, MAX_WAITING_EVENTS + 502)), "events are never lost"
    assert frames[0]["seq"] == 501, "the oldest frames are"
    assert stage.line.of("gap") == [{"epoch": "epoch", "after": 0}]


async def test_what_was_missed_is_sent_in_portions() -> None:
    async with on_stage() as stage:
        stage.outbox.commit(2 * PAGE + 1)
        stage.line.is_free.clear()
        subscribing = asyncio.create_task(stage.browser.subscribe(Subscribe(stations="*", after=Position(events=0))))
        assert len(await stage.line.until("event", PAGE)) == PAGE
        assert not subscribing.done()
        stage.line.is_free.set()
        assert (await subscribing).events == 2 * PAGE + 1


async def test_a_newer_subscription_ends_the_wait_for_an_older_one() -> None:
    async with on_stage() as stage:
        stage.outbox.commit(1)
        stage.line.is_free.clear()
        first = asyncio.create_task(stage.browser.subscribe(Subscribe(stations="*", after=Position(events=0))))
        await stage.line.until("event", 1)
        stage.line.is_free.set()
        await stage.browser.subscribe(Subscribe(stations=["B"]))
        with pytest.raises(Problem) as replaced:
            await first
    assert replaced.value.status == 409


async def test_a_browser_that_leaves_while_it_subscribes_leaves_nothing_behind() -> None:
    stage = Stage()
    subscribing = asyncio.create_task(stage.browser.subscribe(Subscribe(stations="*")))
    stage.browser.leave()
    with pytest.raises(Problem) as gone:
        await subscribing
    assert gone.value.status == 410
    stage.outbox.commit(1)
    assert stage.line.messages == []


async def test_a_stream_that_breaks_makes_the_browser_come_back() -> None:
    async with on_stage() as stage:
        await stage.browser.subscribe(Subscribe(stations="*"))
        stage.line.is_free.clear()
        stage.outbox.commit(1)
        await stage.line.until("event", 1)
        stage.outbox.commit(MAX_WAITING_EVENTS + 1)  # so many that they have to be read again
        stage.outbox.is_broken = True
        stage.line.is_free.set()
        async with asyncio.timeout(5):
            await stage.line.dropped.wait()


async def test_a_subscription_that_cannot_catch_up_fails() -> None:
    async with on_stage() as stage:
        stage.outbox.is_broken = True
        with pytest.raises(OSError, match="disk gone"):
            await stage.browser.subscribe(Subscribe(stations="*", after=Position(events=0)))
        assert not stage.line.dropped.is_set()


async def test_frames_that_pass_while_the_store_is_read_come_after_the_missed_ones() -> None:
    async with on_stage() as stage:
        stage.pass_frames(3)
        wish = Subscribe(stations=["A"], frames=True, after=Position(events=0, frames=FramePosition("epoch", 1)))
        subscribing = asyncio.create_task(stage.browser.subscribe(wish))
        await stage.line.until("frame", 2)
        stage.pass_frames(2)
        answer = await subscribing
        frames = await stage.line.until("frame", 4)
    assert [frame["seq"] for frame in frames] == [2, 3, 4, 5]
    assert answer.frames == FramePosition("epoch", 3)

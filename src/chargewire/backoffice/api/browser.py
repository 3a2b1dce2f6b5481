"""One browser's subscription: a task that sends what it missed, then what happens, at the pace it can take.

Knows no Socket.IO; the transport is an argument.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any, Literal, Protocol

import structlog
from msgspec import Meta, Struct

from chargewire.backoffice.api.feed import Feed
from chargewire.backoffice.api.frame_log import Frame, FrameLog, Missed
from chargewire.backoffice.api.problems import Problem
from chargewire.backoffice.domain import OutboxEvent, iso
from chargewire.backoffice.store.base import Events

PAGE = 200  # events read from the store at a time, and packets written before the browser has to take them
MAX_STATIONS = 10_000  # named in one subscription

_log = structlog.stdlib.get_logger(__name__)

StationName = Annotated[str, Meta(max_length=255)]


class FramePosition(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a browser stopped reading frames."""

    epoch: str
    seq: Annotated[int, Meta(ge=0)]


class Position(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a browser stopped reading; ``None``: it has read nothing."""

    events: Annotated[int, Meta(ge=0)] | None = None
    frames: FramePosition | None = None


class Subscribe(Struct, frozen=True, forbid_unknown_fields=True):
    """What a browser wants to see, and what it has seen."""

    stations: Literal["*"] | Annotated[list[StationName], Meta(max_length=MAX_STATIONS)]
    frames: bool = False
    after: Position | None = None


class Subscribed(Struct, frozen=True):
    """Where a browser stands now: everything up to here has been sent.

    Attributes:
        gap: something between is gone for good; reading the lists anew is the way to know.
    """

    events: int
    frames: FramePosition
    gap: bool


class Transport(Protocol):
    """The way to a browser."""

    async def send(self, name: str, message: dict[str, Any]) -> None:
        """Write a message."""
        ...

    async def drained(self) -> None:
        """Wait until the browser has taken what was written."""
        ...

    async def drop(self) -> None:
        """Break the connection, so that the browser comes back and catches up."""
        ...


class Browser:
    """A browser that has shown its token."""

    def __init__(self, events: Events, frames: FrameLog, transport: Transport) -> None:
        self._events = events
        self._frames = frames
        self._transport = transport
        self._feed: Feed | None = None
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._reply: asyncio.Future[Subscribed] | None = None
        self._is_gone = False

    def offer(self, events: Sequence[OutboxEvent]) -> None:
        """Hear of events that were committed."""
        if self._feed is not None and self._feed.offer(events):
            self._wake.set()

    def offer_frame(self, frame: Frame) -> None:
        """Hear of a frame."""
        if self._feed is not None and self._feed.wants_frame(frame):
            self._feed.offer_frame(frame)
            self._wake.set()

    async def subscribe(self, wish: Subscribe) -> Subscribed:
        """Replace the subscription; return once everything that was missed has been sent.

        What happens later is sent after the caller has had the chance to write the answer without suspending.

        Raises:
            Problem: 409, a newer subscription replaced this one meanwhile; 410, the connection ended.
        """
        latest = await self._events.latest()
        self.stop()
        if self._is_gone:
            raise Problem(HTTPStatus.GONE, "The connection ended.")
        after = wish.after or Position()
        # A cursor from the future is one of another database: nothing is known of what was missed.
        is_foreign = after.events is not None and after.events > latest
        cursor = latest if after.events is None or is_foreign else after.events
        stations = None if wish.stations == "*" else wish.stations
        feed = self._feed = Feed(stations=stations, wants_frames=wish.frames, cursor=cursor)
        missed = self._missed_frames(feed, after.frames) if wish.frames else Missed([], gap=False)
        loop = asyncio.get_running_loop()
        reply: asyncio.Future[Subscribed] = loop.create_future()
        answered = asyncio.Event()
        self._reply = reply
        self._task = asyncio.create_task(
            self._run(feed, missed, latest=latest, is_foreign=is_foreign, reply=reply, answered=answered)
        )
        subscribed = await reply
        loop.call_soon(answered.set)
        return subscribed

    def stop(self) -> None:
        """End the subscription: nothing more is sent."""
        task, reply = self._task, self._reply
        self._feed = self._task = self._reply = None
        if task is not None:
            task.cancel()
        if reply is not None and not reply.done():
            reply.set_exception(Problem(HTTPStatus.CONFLICT, "Another subscription has replaced this one."))

    def leave(self) -> None:
        """The connection is over; there will be no other subscription."""
        self._is_gone = True
        self.stop()

    def _missed_frames(self, feed: Feed, position: FramePosition | None) -> Missed:
        if position is not None:
            return self._frames.after(position.seq, feed.stations, epoch=position.epoch)
        if feed.stations is not None and len(feed.stations) == 1:
            return Missed(self._frames.after(0, feed.stations).frames, gap=False)
        return Missed([], gap=False)

    async def _run(
        self,
        feed: Feed,
        missed: Missed,
        *,
        latest: int,
        is_foreign: bool,
        reply: asyncio.Future[Subscribed],
        answered: asyncio.Event,
    ) -> None:
        """Catch up, let the answer out, then follow."""
        try:
            frames = FramePosition(self._frames.epoch, self._frames.latest)
            for start in range(0, len(missed.frames), PAGE):
                await self._send_frames(missed.frames[start : start + PAGE])
                await self._transport.drained()
            while feed.is_behind:
                await self._send_page(feed)
                await self._transport.drained()
            if not reply.done():  # the one who waits for it may have been cancelled
                reply.set_result(Subscribed(max(feed.cursor, latest), frames, gap=missed.gap or is_foreign))
            await answered.wait()
            while True:
                while feed.has_work:
                    await self._send_waiting(feed)
                    await self._transport.drained()
                self._wake.clear()
                await self._wake.wait()
        except Exception as exc:  # noqa: BLE001 - whatever it was, the browser has to come back
            _log.exception("live stream failed")
            if reply.done():
                await self._transport.drop()
            else:
                reply.set_exception(exc)

    async def _send_waiting(self, feed: Feed) -> None:
        if feed.is_behind:
            await self._send_page(feed)
        else:
            await self._send_events(feed.take_events(PAGE))
        if feed.has_gap:
            await self._transport.send("gap", {"epoch": self._frames.epoch, "after": feed.frame_seq})
        await self._send_frames(feed.take_frames(PAGE))

    async def _send_page(self, feed: Feed) -> None:
        page = await self._events.after(feed.cursor, limit=PAGE, stations=feed.stations)
        await self._send_events(feed.replay(page, is_last=len(page) < PAGE))

    async def _send_events(self, events: Sequence[OutboxEvent]) -> None:
        for event in events:
            message = {
                "cursor": event.cursor,
                "at": iso(event.at),
                "station": event.station,
                "type": event.type,
                "data": event.data,
            }
            await self._transport.send("event", message)

    async def _send_frames(self, frames: Sequence[Frame]) -> None:
        for frame in frames:
            message = {
                "epoch": self._frames.epoch,
                "seq": frame.seq,
                "at": iso(frame.at),
                "station": frame.station,
                "direction": frame.direction,
                "text": frame.data.decode("utf-8", "replace"),
            }
            await self._transport.send("frame", message)

"""What one browser still has to be sent: what it missed joined with what happens, in order, none twice, none lost.

Pure: the shell in ``live.py`` reads pages from the store and sends; nothing here waits or knows a socket.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Sequence

from chargewire.backoffice.api.frame_log import BoundedFrames, Frame
from chargewire.backoffice.domain import OutboxEvent

MAX_WAITING_EVENTS = 1000
MAX_WAITING_FRAMES = 1000
MAX_WAITING_BYTES = 4 * 1024 * 1024


class Feed:
    """The position of one browser in events and frames.

    Events: while :attr:`is_behind`, the store has what is missing and :meth:`replay` takes its pages; afterwards
    :meth:`offer` keeps what is committed. A browser that reads too slowly falls behind again, and loses nothing.

    Frames: nobody but the memory has them; a browser that reads too slowly loses the oldest, and :attr:`has_gap` tells.

    Attributes:
        stations: whose events and frames are wanted; ``None`` means all.
        wants_frames: frames are wanted as well.
        cursor: of the last event taken.
        frame_seq: of the last frame taken.
    """

    def __init__(
        self, *, stations: Collection[str] | None, wants_frames: bool, cursor: int, max_events: int = MAX_WAITING_EVENTS
    ) -> None:
        self.stations = None if stations is None else frozenset(stations)
        self.wants_frames = wants_frames
        self.cursor = cursor
        self.frame_seq = 0
        self._is_behind = True
        self._newest = cursor
        self._max_events = max_events
        self._events: deque[OutboxEvent] = deque()
        self._frames = BoundedFrames(max_frames=MAX_WAITING_FRAMES, max_bytes=MAX_WAITING_BYTES)

    @property
    def is_behind(self) -> bool:
        """Events that are wanted may lie in the store only: read a page after :attr:`cursor` and :meth:`replay` it."""
        return self._is_behind

    @property
    def has_gap(self) -> bool:
        """Frames had to be dropped since the last :meth:`take_frames`."""
        return self._frames.dropped > self.frame_seq

    @property
    def has_work(self) -> bool:
        """There is something to read or to send."""
        return self._is_behind or bool(self._events) or bool(len(self._frames))

    def wants(self, station: str) -> bool:
        """Whether events of ``station`` belong here."""
        return self.stations is None or station in self.stations

    def offer(self, events: Sequence[OutboxEvent]) -> bool:
        """Hear of events that were committed; return whether any of them is wanted here."""
        wanted = [event for event in events if event.cursor > self._newest and self.wants(event.station)]
        if not wanted:
            return False
        self._newest = wanted[-1].cursor
        if self._is_behind:
            return True  # the store has them, and `replay` will ask for them
        if len(self._events) + len(wanted) > self._max_events:
            self._events.clear()
            self._is_behind = True
            return True
        self._events.extend(wanted)
        return True

    def replay(self, page: Sequence[OutboxEvent], *, is_last: bool) -> list[OutboxEvent]:
        """Take a page that the store gave for :attr:`cursor`; return what is to be sent of it.

        Args:
            page: ascending, events of the wanted stations only.
            is_last: the store had no more when it was asked.
        """
        fresh = [event for event in page if event.cursor > self.cursor]
        if fresh:
            self.cursor = fresh[-1].cursor
        # An event committed after the page was read has been offered since: it is newer than the page, so read again.
        if is_last and self._newest <= self.cursor:
            self._is_behind = False
        self._newest = max(self._newest, self.cursor)
        return fresh

    def take_events(self, limit: int) -> list[OutboxEvent]:
        """Remove and return the next events to send."""
        taken: list[OutboxEvent] = []
        while self._events and len(taken) < limit:
            event = self._events.popleft()
            if event.cursor > self.cursor:
                self.cursor = event.cursor
                taken.append(event)
        return taken

    def wants_frame(self, frame: Frame) -> bool:
        """Whether ``frame`` belongs here."""
        return self.wants_frames and self.wants(frame.station)

    def offer_frame(self, frame: Frame) -> None:
        """Hear of a wanted frame."""
        self._frames.append(frame)

    def take_frames(self, limit: int) -> list[Frame]:
        """Remove and return the next frames to send."""
        taken = self._frames.take(limit)
        if taken:
            self.frame_seq = taken[-1].seq
        return taken

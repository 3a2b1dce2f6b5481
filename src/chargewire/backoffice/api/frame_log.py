"""The last frames of every station, in memory, for browsers that come late or come back. Knows no loop and no clock.

Frames are numbered over all stations, in the order in which they passed, so that one number says where a browser
stopped reading whatever it watches. The numbers are worth nothing after a restart, so they come with an epoch.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

FRAMES_PER_STATION = 100
BYTES_PER_STATION = 256 * 1024
BYTES_IN_ALL = 64 * 1024 * 1024
_OVERHEAD = 200  # bytes that a kept frame costs beside its text

Direction = Literal["in", "out"]


class Frame(NamedTuple):
    """One message as it passed. ``in`` is from the station."""

    seq: int
    at: datetime
    station: str
    direction: Direction
    data: bytes


class Missed(NamedTuple):
    """Frames after a position, and whether some between are gone."""

    frames: list[Frame]
    gap: bool


class BoundedFrames:
    """Frames in order, the oldest dropped when there are too many or they are too big together."""

    __slots__ = ("_frames", "_max_bytes", "_max_frames", "dropped", "size")

    def __init__(self, *, max_frames: int, max_bytes: int, dropped: int = 0) -> None:
        self._frames: deque[Frame] = deque()
        self._max_frames = max_frames
        self._max_bytes = max_bytes
        self.dropped = dropped
        self.size = 0

    def append(self, frame: Frame) -> None:
        """Keep ``frame``, dropping older ones for it; ``dropped`` is the number of the last one that had to go."""
        self._frames.append(frame)
        self.size += len(frame.data) + _OVERHEAD
        while len(self._frames) > self._max_frames or self.size > self._max_bytes:
            self.drop_oldest()

    def drop_oldest(self) -> None:
        """Forget the oldest frame."""
        oldest = self._frames.popleft()
        self.size -= len(oldest.data) + _OVERHEAD
        self.dropped = oldest.seq

    def after(self, seq: int) -> list[Frame]:
        """Return the kept frames with a higher number."""
        return [frame for frame in self._frames if frame.seq > seq]

    def take(self, limit: int) -> list[Frame]:
        """Remove and return up to ``limit`` frames, oldest first; they do not count as dropped."""
        taken = [self._frames.popleft() for _ in range(min(limit, len(self._frames)))]
        self.size -= sum(len(frame.data) + _OVERHEAD for frame in taken)
        return taken

    def __len__(self) -> int:
        return len(self._frames)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a frame log keeps."""

    frames_per_station: int = FRAMES_PER_STATION
    bytes_per_station: int = BYTES_PER_STATION
    bytes_in_all: int = BYTES_IN_ALL


class FrameLog:
    """Rings of frames, one for each station; the longest silent stations lose theirs first when memory runs out.

    Attributes:
        epoch: tells the numbers of this log from those of an earlier process.
        latest: number of the newest frame; 0 before the first.
    """

    def __init__(self, epoch: str, limits: Limits | None = None) -> None:
        self.epoch = epoch
        self.latest = 0
        self._limits = limits or Limits()
        self._rings: OrderedDict[str, BoundedFrames] = OrderedDict()
        self._size = 0
        self._floor = 0  # newest frame of any ring that was given up

    def append(self, station: str, direction: Direction, data: bytes, *, at: datetime) -> Frame:
        """Number and keep a frame."""
        self.latest += 1
        frame = Frame(self.latest, at, station, direction, data)
        ring = self._rings.get(station)
        if ring is None:
            ring = self._rings[station] = BoundedFrames(
                max_frames=self._limits.frames_per_station,
                max_bytes=self._limits.bytes_per_station,
                dropped=self._floor,
            )
        else:
            self._rings.move_to_end(station)
        before = ring.size
        ring.append(frame)
        self._size += ring.size - before
        if self._size > self._limits.bytes_in_all:
            self._give_up_oldest()
        return frame

    def after(self, seq: int, stations: Collection[str] | None, *, epoch: str | None = None) -> Missed:
        """Return the frames of ``stations`` (``None``: all) that follow number ``seq``.

        Of another ``epoch`` than this one, everything kept follows, and how much is gone cannot be known: a gap.
        """
        if epoch is not None and epoch != self.epoch:
            return Missed(self._collect(0, stations), gap=True)
        names = self._rings if stations is None else stations
        dropped = [self._rings[name].dropped if name in self._rings else self._floor for name in names]
        if stations is None:
            dropped.append(self._floor)
        return Missed(self._collect(seq, stations), gap=seq > self.latest or any(last > seq for last in dropped))

    def _collect(self, seq: int, stations: Collection[str] | None) -> list[Frame]:
        names = self._rings if stations is None else {name for name in stations if name in self._rings}
        return sorted(frame for name in names for frame in self._rings[name].after(seq))

    def _give_up_oldest(self) -> None:
        while self._size > self._limits.bytes_in_all:
            _, ring = self._rings.popitem(last=False)
            self._size -= ring.size
            newest = ring.after(0)
            self._floor = max(self._floor, ring.dropped, newest[-1].seq if newest else 0)

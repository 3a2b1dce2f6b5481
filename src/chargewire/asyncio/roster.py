"""Who is connected: one place for each identity, held by its newest connection. Knows nothing about what they say."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from itertools import islice
from types import MappingProxyType
from typing import Generic, Protocol, TypeVar

from chargewire.asyncio.hub import EventHub
from chargewire.asyncio.websocket import PROTOCOL_ERROR, Channel
from chargewire.duplicates import Duplicates, OnDuplicate
from chargewire.events import Replaced
from chargewire.handshake import Reject

REPLACED = 4001  # our close code: a newer connection of the same identity took over

_LOOK = 0.05  # seconds between looks at who is busy while draining


class Member(Protocol):
    """An open connection of a station."""

    identity: str

    @property
    def is_busy(self) -> bool:
        """Something is under way that should not be cut off."""
        ...

    def supersede(self, code: int, reason: str) -> None:
        """Give way to a newer connection, without waiting."""

    async def close(self, code: int, reason: str) -> None:
        """Close, and wait until the socket is gone."""

    async def wait_closed(self) -> None:
        """Wait until the socket is gone."""


M = TypeVar("M", bound=Member)


class Roster(Generic[M]):
    """The open connections of a server.

    Attributes:
        by_identity: the newest of each identity, live.
    """

    def __init__(self, hub: EventHub, on_duplicate: OnDuplicate = "replace") -> None:
        self._hub = hub
        self._duplicates = Duplicates(on_duplicate)
        self._older: dict[str, list[M]] = {}  # where several of an identity may stay
        self._newest: dict[str, M] = {}
        self._open: set[M] = set()
        self.by_identity: Mapping[str, M] = MappingProxyType(self._newest)

    def __len__(self) -> int:
        return len(self._open)

    def check(self, identity: str, now: float) -> Reject | None:
        """Refuse a newcomer that has proved its identity but may not :meth:`join` now."""
        return self._duplicates.check(identity, now) if identity in self._newest else None

    def join(self, member: M) -> None:
        """Make ``member`` the one of its identity; an older connection of it is dead or about to be (CON-031)."""
        older = self._newest.get(member.identity)
        self._newest[member.identity] = member
        self._open.add(member)
        if older is None:
            return
        if self._duplicates.policy == "keep_both":
            self._older.setdefault(member.identity, []).append(older)
        else:
            self._hub.emit(Replaced(older))
            older.supersede(REPLACED, "a newer connection of this station took over")

    def part(self, member: M) -> None:
        """Forget a connection that is over."""
        self._open.discard(member)
        older = self._older.get(member.identity, [])
        if member in older:
            older.remove(member)
        elif self._newest.get(member.identity) is member:
            if older:
                self._newest[member.identity] = older.pop()
            else:
                del self._newest[member.identity]
        if not older:
            self._older.pop(member.identity, None)

    async def drain(self, code: int, reason: str, *, seconds: float) -> None:
        """Close all of them, a few at a time, each as soon as it is not busy; when time is up, the rest at once.

        Ends when all sockets are gone: peers that do not let go have until their close timeout.
        """
        loop = asyncio.get_running_loop()
        due = loop.time() + seconds
        # Stations that are told to go at once come back at once, to the next server. Half of the time is for spreading
        # them, the other half for those that are busy. Looking now and then costs nothing to those who do not drain.
        share = math.ceil(len(self._open) / max(1.0, seconds / 2 / _LOOK))
        told: set[M] = set()
        while (rest := self._open - told) and loop.time() < due:
            for member in islice((each for each in rest if not each.is_busy), share):
                told.add(member)
                member.supersede(code, reason)
            await asyncio.sleep(_LOOK)
        for member in self._open - told:
            member.supersede(code, reason)
        await asyncio.gather(*(member.wait_closed() for member in tuple(self._open)))

    async def close(self, code: int, reason: str) -> None:
        """Close all of them."""
        await asyncio.gather(*(member.close(code, reason) for member in tuple(self._open)))


class Unspoken:
    """Owner of a connection without a subprotocol: closed as soon as it is open (CON-011)."""

    def opened(self, websocket: Channel) -> None:
        """Close it."""
        websocket.close(PROTOCOL_ERROR, "no subprotocol in common")

    def receive(self, data: bytes, now: float) -> None:
        """Ignore what still comes."""

    def blocked(self) -> None:
        """Nothing is sent but the close frame."""

    def unblocked(self) -> None:
        """Nothing was."""

    def closed(self, code: int, reason: str, by: str) -> None:
        """Nothing depends on it."""

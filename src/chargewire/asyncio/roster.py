"""Who is connected: one place for each identity, held by its newest connection. Knows nothing about what they say."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Generic, Protocol, TypeVar

from chargewire.asyncio.hub import EventHub
from chargewire.asyncio.websocket import PROTOCOL_ERROR, Channel
from chargewire.duplicates import Duplicates, OnDuplicate
from chargewire.events import Replaced
from chargewire.handshake import Reject

REPLACED = 4001  # our close code: a newer connection of the same identity took over


class Member(Protocol):
    """An open connection of a station."""

    identity: str

    def supersede(self, code: int, reason: str) -> None:
        """Give way to a newer connection, without waiting."""

    async def close(self, code: int, reason: str) -> None:
        """Close, and wait until the socket is gone."""


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

    def closed(self, code: int, reason: str, by: str) -> None:
        """Nothing depends on it."""

"""Who is connected: one place for each identity, held by its newest connection. Knows nothing about what they say."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Generic, Protocol, TypeVar

from chargewire.asyncio.hub import EventHub
from chargewire.asyncio.websocket import PROTOCOL_ERROR, Channel
from chargewire.events import Replaced

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

    def __init__(self, hub: EventHub) -> None:
        self._hub = hub
        self._newest: dict[str, M] = {}
        self._open: set[M] = set()
        self.by_identity: Mapping[str, M] = MappingProxyType(self._newest)

    def __len__(self) -> int:
        return len(self._open)

    def join(self, member: M) -> None:
        """Make ``member`` the one of its identity; an older connection of it is dead or about to be (CON-031)."""
        older = self._newest.get(member.identity)
        self._newest[member.identity] = member
        self._open.add(member)
        if older is not None:
            self._hub.emit(Replaced(older))
            older.supersede(REPLACED, "a newer connection of this station took over")

    def part(self, member: M) -> None:
        """Forget a connection that is over."""
        self._open.discard(member)
        if self._newest.get(member.identity) is member:
            del self._newest[member.identity]

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

"""A small CSMS of the library, and a recorder of what happens to it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any, TypeVar

from chargewire import CSMS, Accept, ChargePoint, Event, Handshake, Station, v16, v21, v201
from chargewire.compat.ocpp import Server

E = TypeVar("E")

NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def anyone(handshake: Handshake) -> Accept[str]:
    return Accept(handshake.identity)


def new_csms(**options: Any) -> CSMS[str]:
    """A CSMS that lets everybody in and answers 1.6 Heartbeats."""
    csms: CSMS[str] = CSMS(v16, v201, v21, **{"authenticate": anyone, **options})

    @csms.on(v16.Heartbeat)
    async def heartbeat(station: Station[str], request: v16.Heartbeat) -> v16.HeartbeatResponse:
        return v16.HeartbeatResponse(current_time=NOW)

    return csms


def new_charge_point(port: int, identity: str = "CP001", **options: Any) -> ChargePoint:
    """A charge point that accepts a soft reset."""
    charge_point = ChargePoint(f"ws://127.0.0.1:{port}/ocpp", v16, identity=identity, **options)

    @charge_point.on(v16.Reset)
    async def reset(csms: object, request: v16.Reset) -> v16.ResetResponse:
        return v16.ResetResponse(status=v16.ResetStatus.ACCEPTED)

    return charge_point


class Recorder:
    """Keeps events and lets a test wait for one of a kind."""

    def __init__(self, source: CSMS[Any] | ChargePoint | Server[Any], *types: type[Event]) -> None:
        self.events: list[Event] = []
        self._arrived = asyncio.Event()
        source.subscribe(self._take, *types)

    def of(self, kind: type[E]) -> list[E]:
        return [event for event in self.events if isinstance(event, kind)]

    async def wait_for(self, kind: type[E], *, count: int = 1) -> E:
        """Return the ``count``-th event of a kind, as soon as there is one."""
        async with asyncio.timeout(10):
            while len(found := self.of(kind)) < count:
                self._arrived.clear()
                await self._arrived.wait()
        return found[count - 1]

    def _take(self, event: Event) -> None:
        self.events.append(event)
        self._arrived.set()

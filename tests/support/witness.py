"""A well-behaved station beside a misbehaving one: its connection must outlive whatever the other one does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from support.rawpeer import RawPeer

BOOT = {"chargePointVendor": "Acme", "chargePointModel": "Witness"}


class Witness:
    """One station on one connection."""

    def __init__(self, peer: RawPeer) -> None:
        self._peer = peer
        self._beats = 0

    async def beats(self) -> None:
        """Send a Heartbeat; an assertion fails unless this very connection answers it."""
        self._beats += 1
        answer = await self._peer.call(f"beat-{self._beats}", "Heartbeat")
        assert answer[:2] == [3, f"beat-{self._beats}"], answer
        assert "currentTime" in answer[2]


@asynccontextmanager
async def witness(port: int, identity: str = "WITNESS") -> AsyncIterator[Witness]:
    """Connect a station; its heart beats before the block and after it, on one connection."""
    async with await RawPeer.connect(port, f"/ocpp/{identity}") as peer:
        answer = await peer.call("boot", "BootNotification", BOOT)
        assert answer[0] == 3, answer
        station = Witness(peer)
        await station.beats()
        yield station
        await station.beats()

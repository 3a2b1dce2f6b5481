"""Many simulated stations in one process, switched on one after the other."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .states import Status
from .station import SimulatedStation


@dataclass(frozen=True, slots=True)
class FleetStatus:
    """How a fleet is doing.

    Attributes:
        stations: How many there are.
        online: How many are connected.
        accepted: How many of these the CSMS accepted.
        charging: How many connectors deliver energy.
        power_w: What they deliver together.
        transactions: How many began so far.
        messages: How many left so far, answers included.
        queued: How many transaction messages wait for an answer.
        problem: Why a station is not connected or not accepted, the first that knows.
    """

    stations: int
    online: int
    accepted: int
    charging: int
    power_w: float
    transactions: int
    messages: int
    queued: int
    problem: str | None


class Fleet:
    """Stations that live together.

    Attributes:
        stations: All of them, in the order in which they are switched on.
    """

    def __init__(self, stations: Sequence[SimulatedStation], *, per_second: float = 50.0) -> None:
        """Set up a fleet that is switched off.

        Args:
            stations: Each with an identity of its own.
            per_second: How many are switched on in a second.

        Raises:
            ValueError: The rate is not above 0.
        """
        if per_second <= 0:
            raise ValueError(f"per_second: expected more than 0, got {per_second}")
        self.stations = stations
        self._per_second = per_second

    async def run(self) -> None:
        """Switch them on, and all off when cancelled."""
        async with asyncio.TaskGroup() as group:
            for number, station in enumerate(self.stations):
                group.create_task(self._run_one(station, number / self._per_second))

    def status(self) -> FleetStatus:
        """Look at all of them."""
        online = [station for station in self.stations if station.is_online]
        connectors = [connector for station in self.stations for connector in station.model.connectors]
        charging = [it for it in connectors if it.reported.status is Status.CHARGING]
        return FleetStatus(
            stations=len(self.stations),
            online=len(online),
            accepted=sum(station.is_accepted for station in online),
            charging=len(charging),
            power_w=sum(it.outlet.sample().power_w for it in charging),
            transactions=sum(station.counters.transactions for station in self.stations),
            messages=sum(station.counters.messages for station in self.stations),
            queued=sum(station.queued for station in self.stations),
            problem=next(self._problems(), None),
        )

    async def _run_one(self, station: SimulatedStation, delay: float) -> None:
        await asyncio.sleep(delay)
        await station.run()

    def _problems(self) -> Iterator[str]:
        for station in self.stations:
            name = station.config.identity
            if station.error is not None:
                yield f"{name}: {station.error}"
            elif station.is_online and not station.is_accepted and station.registration is not None:
                yield f"{name}: registration {station.registration}"


def identities(first: str, count: int) -> list[str]:
    """Number identities from the first one on: CP001, CP002 and so on; a name without a number gets one.

    Raises:
        ValueError: The count is below 1.
    """
    if count < 1:
        raise ValueError(f"count: expected at least 1, got {count}")
    if count == 1:
        return [first]
    stem = re.sub(r"[0-9]+$", "", first)
    digits = first[len(stem) :]
    if not digits:
        stem, digits = f"{first}-", "001"
    return [f"{stem}{number:0{len(digits)}d}" for number in range(int(digits), int(digits) + count)]

"""A CSMS without sockets: services over a store, with a fixed clock, and stations that are only a name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any, TypeVar, cast

from chargewire import v16, v201
from chargewire.backoffice.domain import Clock, OutboxEvent, Transaction, UnknownStations, UnknownTokens
from chargewire.backoffice.handlers import handlers
from chargewire.backoffice.services import Services, StationSession
from chargewire.backoffice.store import MemoryStore, Store
from chargewire.messages import Request
from chargewire.routing import merge

R = TypeVar("R")

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


class FixedClock:
    """Stands still until it is moved."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class FakeStation:
    """What handlers see of a connection."""

    def __init__(self, identity: str, version: ModuleType) -> None:
        self.identity = identity
        self.version = version
        self.subprotocol: str = version.SUBPROTOCOL
        self.session = StationSession(identity)


class Depot:
    """Answers requests as the CSMS does, and remembers the events of its store."""

    def __init__(
        self,
        store: Store,
        *,
        clock: FixedClock,
        unknown_stations: UnknownStations = UnknownStations.AUTO,
        unknown_tokens: UnknownTokens = UnknownTokens.ACCEPT,
    ) -> None:
        self.store = store
        self.clock = clock
        self.services = Services(store, clock=clock, unknown_stations=unknown_stations, unknown_tokens=unknown_tokens)
        self.events: list[OutboxEvent] = []
        self._table = merge(handlers(self.services))
        store.events.subscribe(self.events.extend)

    async def connect(self, identity: str = "CP1", version: ModuleType = v16) -> FakeStation:
        """Open a connection, without a boot."""
        station = FakeStation(identity, version)
        await self.services.connected(station)
        return station

    async def boot(self, identity: str = "CP1", version: ModuleType = v16) -> FakeStation:
        """Open a connection and send a BootNotification on it."""
        station = await self.connect(identity, version)
        await self.send(station, boot_notification(version))
        return station

    async def send(self, station: FakeStation, request: Request[Any, R]) -> R:
        """Have a request answered."""
        return cast("R", await self._table[type(request)](station, request))

    async def only_transaction(self) -> Transaction:
        """Load the one transaction on record."""
        (transaction,) = (await self.store.transactions.list(limit=10)).items
        return transaction

    def types(self) -> list[str]:
        """The types of all events, in their order."""
        return [event.type for event in self.events]

    def last(self, type: str) -> dict[str, Any]:
        """The data of the newest event of a type."""
        return next(event.data for event in reversed(self.events) if event.type == type)


def memory_depot(**policy: Any) -> Depot:
    """A depot over a store in memory."""
    clock = FixedClock()
    return Depot(MemoryStore(clock=clock), clock=clock, **policy)


@asynccontextmanager
async def depot_over(open_store: Callable[[Clock], Any], **policy: Any) -> AsyncIterator[Depot]:
    """A depot over a store that has to be closed."""
    clock = FixedClock()
    store = await open_store(clock)
    try:
        yield Depot(store, clock=clock, **policy)
    finally:
        async with asyncio.timeout(30):
            await store.close()


def boot_notification(version: ModuleType) -> Request[Any, Any]:
    """A BootNotification as every station sends it."""
    if version is v16:
        return v16.BootNotification(charge_point_vendor="Volt & Co", charge_point_model="One")
    return v201.BootNotification(
        charging_station=v201.ChargingStationType(model="Two", vendor_name="Volt & Co"),
        reason=v201.BootReasonEnumType.POWER_UP,
    )

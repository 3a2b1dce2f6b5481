"""The management system in the test's own process: real sockets on free ports, a database that keeps nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import socketio

from chargewire import ChargePoint, v16, v201
from chargewire.backoffice.app import Backoffice
from chargewire.backoffice.config import Address, Config
from chargewire.backoffice.domain import OutboxEvent, UnknownStations, UnknownTokens

TOKEN = "the-token-of-this-test"
PATIENCE = 10.0

BOOT_16 = v16.BootNotification(charge_point_vendor="Acme", charge_point_model="One")
BOOT_201 = v201.BootNotification(
    reason=v201.BootReasonEnumType.POWER_UP,
    charging_station=v201.ChargingStationType(vendor_name="Acme", model="Two"),
)


@dataclass
class Service:
    """A running management system."""

    backoffice: Backoffice

    @property
    def url(self) -> str:
        return f"http://{self.backoffice.http}"

    def rest(self, token: str | None = TOKEN) -> httpx.AsyncClient:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return httpx.AsyncClient(base_url=f"{self.url}/api/v1", headers=headers, timeout=PATIENCE)

    def charge_point(self, identity: str = "CP001", version: Any = v16, **options: Any) -> ChargePoint:
        return ChargePoint(f"ws://{self.backoffice.ocpp}/ocpp", version, identity=identity, **options)

    @asynccontextmanager
    async def until(self, type: str) -> AsyncIterator[None]:
        """Leave the block only when an event of this type has been committed since it began."""
        committed = asyncio.Event()

        def look(events: Sequence[OutboxEvent]) -> None:
            if any(event.type == type for event in events):
                committed.set()

        unsubscribe = self.backoffice.store.events.subscribe(look)
        try:
            yield
            async with asyncio.timeout(PATIENCE):
                await committed.wait()
        finally:
            unsubscribe()


class Browser:
    """A Socket.IO client that keeps what it is sent."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.client: Any = socketio.AsyncClient(reconnection=False)
        self.events: list[dict[str, Any]] = []
        self.frames: list[dict[str, Any]] = []
        self.gaps: list[dict[str, Any]] = []
        self._arrived = asyncio.Event()
        self.client.on("event", self._keep(self.events))
        self.client.on("frame", self._keep(self.frames))
        self.client.on("gap", self._keep(self.gaps))

    async def connect(self, token: Any = TOKEN) -> None:
        await self.client.connect(self._service.url, auth={"token": token}, transports=["websocket"])

    async def call(self, name: str, message: Any = None) -> Any:
        return await self.client.call(name, message, timeout=PATIENCE)

    async def subscribe(self, stations: Any = "*", **wish: Any) -> Any:
        return await self.call("subscribe", {"stations": stations, **wish})

    async def until_events(self, *types: str) -> list[dict[str, Any]]:
        """Wait until events of these types have come, in this order; others may lie between. Returns them."""
        return await self._until(lambda: _in_order(self.events, types), f"{types}")

    async def until_frames(self, count: int) -> list[dict[str, Any]]:
        found = await self._until(lambda: self.frames if len(self.frames) >= count else None, f"{count} frames")
        return list(found)

    def _types(self) -> list[str]:
        return [event["type"] for event in self.events]

    async def _until(self, look: Any, what: str) -> Any:
        try:
            async with asyncio.timeout(PATIENCE):
                while (found := look()) is None:
                    self._arrived.clear()
                    await self._arrived.wait()
                return found
        except TimeoutError:
            raise AssertionError(f"waited in vain for {what}; came: {self._types()}, {self.frames}") from None

    def _keep(self, messages: list[dict[str, Any]]) -> Any:
        def keep(message: dict[str, Any]) -> None:
            messages.append(message)
            self._arrived.set()

        return keep


@asynccontextmanager
async def running_service(**settings: Any) -> AsyncIterator[Service]:
    """Run a management system that lets every station in."""
    loopback = Address("127.0.0.1", 0)
    defaults: dict[str, Any] = {
        "http": loopback,
        "ocpp": loopback,
        "database": "memory://",
        "unknown_stations": UnknownStations.AUTO,
        "unknown_tokens": UnknownTokens.REFUSE,
        "admin_token": TOKEN,
    }
    async with Backoffice(Config(**{**defaults, **settings})) as backoffice:
        yield Service(backoffice)


@asynccontextmanager
async def open_browser(service: Service, *, token: Any = TOKEN) -> AsyncIterator[Browser]:
    """Connect a browser for the time of the block."""
    browser = Browser(service)
    await browser.connect(token)
    try:
        yield browser
    finally:
        await browser.client.disconnect()


def _in_order(events: list[dict[str, Any]], types: tuple[str, ...]) -> list[dict[str, Any]] | None:
    found: list[dict[str, Any]] = []
    for event in events:
        if len(found) < len(types) and event["type"] == types[len(found)]:
            found.append(event)
    return found if len(found) == len(types) else None

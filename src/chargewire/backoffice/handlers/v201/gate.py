"""What a station may send before its boot is accepted, OCPP 2.0.1."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from chargewire import CallRejected, ErrorCode, Handlers, v201
from chargewire.backoffice.handlers.station import ChargingStation
from chargewire.backoffice.services import Services
from chargewire.routing import Table


class GatedHandlers(Handlers):
    """Handlers that a station reaches only while it is accepted, or when the CSMS asked for the message.

    Everything else before acceptance is answered with a SecurityError, except the BootNotification itself
    (B01.FR.10, B02.FR.09, B03.FR.07).
    """

    def __init__(self, services: Services) -> None:
        self._services = services

    def table(self) -> Table:
        """Collect the marked methods, each behind the gate."""
        return {
            key: method if key is v201.BootNotification else self._gated(method)
            for key, method in super().table().items()
        }

    def _gated(
        self, method: Callable[[ChargingStation, Any], Awaitable[Any]]
    ) -> Callable[[ChargingStation, Any], Awaitable[Any]]:
        async def handle(station: ChargingStation, request: Any) -> Any:
            action = type(request).__name__
            if not await self._services.connections.is_admitted(station, action):
                raise CallRejected(ErrorCode.SECURITY_ERROR, f"{action}: the station is not accepted yet")
            return await method(station, request)

        return handle

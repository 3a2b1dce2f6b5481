"""Boot, heartbeat, status and what else a station tells about itself. Knows no message of any version."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from chargewire.backoffice.domain import BootReport, Clock, Registration, StatusReport
from chargewire.backoffice.domain.events import (
    connector_status,
    station_booted,
    station_heartbeat,
    station_notification,
)
from chargewire.backoffice.domain.stations import status_time
from chargewire.backoffice.services.connections import Connections, Scope
from chargewire.backoffice.services.sessions import Peer
from chargewire.backoffice.store import StoreError

HEARTBEAT_INTERVAL = 300
"""Seconds between heartbeats. WebSocket pings find dead connections; heartbeats only set clocks."""

BOOT_RETRY_INTERVAL = 30
"""Seconds until a station that is not accepted asks again: as long as an operator will wait after admitting it."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BootAnswer:
    """What a BootNotification is answered with (BOOT-002)."""

    registration: Registration
    current_time: datetime
    interval: int


class Provisioning:
    """What stations tell about themselves."""

    def __init__(self, connections: Connections, *, clock: Clock) -> None:
        self._connections = connections
        self._clock = clock

    async def boot(self, station: Peer, report: BootReport) -> BootAnswer:
        """Take note of a boot. Transactions stay as they are: their end, if any, is told by the station."""

        def boot(scope: Scope) -> Registration:
            registration = scope.unit.stations.boot(scope.claim, report, at=scope.now)
            scope.unit.emit(
                station_booted(scope.claim.identity, at=scope.now, report=report, registration=registration)
            )
            return registration

        registration = await self._connections.write(station, boot)
        interval = HEARTBEAT_INTERVAL if registration is Registration.ACCEPTED else BOOT_RETRY_INTERVAL
        return BootAnswer(registration, self._clock(), interval)

    async def heartbeat(self, station: Peer) -> datetime:
        """Take note of a heartbeat. It is answered without a database, too: the station wants to know the time."""

        def beat(scope: Scope) -> None:
            scope.unit.stations.see(scope.claim, at=scope.now)
            scope.unit.emit(station_heartbeat(scope.claim.identity, at=scope.now))

        try:
            await self._connections.write(station, beat)
        except StoreError as error:
            _log.warning("Heartbeat of %s could not be stored: %s", station.identity, error)
        return self._clock()

    async def status(self, station: Peer, report: StatusReport) -> None:
        """Take note of a connector's status. One older than what is known changes nothing but the history."""

        def change(scope: Scope) -> None:
            if scope.unit.stations.status(
                scope.claim, report, status_at=status_time(report.at, now=scope.now), at=scope.now
            ):
                scope.unit.emit(connector_status(scope.claim.identity, at=scope.now, report=report))

        await self._connections.write(station, change)

    async def notification(self, station: Peer, action: str) -> None:
        """Take note of a message that changes nothing on record."""

        def tell(scope: Scope) -> None:
            scope.unit.emit(station_notification(scope.claim.identity, at=scope.now, action=action))

        await self._connections.write(station, tell)

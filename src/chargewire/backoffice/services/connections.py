"""Who is connected, and what they may say before their boot is accepted. Knows no message of any version."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, TypeVar

from chargewire import Accept, Handshake, Reject
from chargewire.backoffice.domain import Clock, OutboxEvent, Registration, UnknownStations
from chargewire.backoffice.domain.events import station_connected, station_disconnected
from chargewire.backoffice.domain.stations import is_admitted, triggered_by
from chargewire.backoffice.services.sessions import Peer, StationSession
from chargewire.backoffice.store import Claim, Store, Unit

T = TypeVar("T")

SEEN_INTERVAL = timedelta(seconds=10)
"""Any message is a sign of life (HB-002); more often than this they are not worth a write."""


@dataclass(frozen=True, slots=True)
class Scope:
    """A unit of work in the name of a station.

    Attributes:
        unit: what the work may do.
        claim: the connection that the message came on.
        now: the present, by the CSMS's clock.
    """

    unit: Unit
    claim: Claim
    now: datetime


class Connections:
    """Claims stations for their connections, and runs units of work in their name.

    A claim is made once for each connection, by whoever needs it first: the notice that the connection is open, or its
    first message. Its epoch fences every later write of connection state, so that the late end of an old connection
    cannot take a station offline that has a new one.
    """

    def __init__(self, store: Store, *, clock: Clock, unknown_stations: UnknownStations) -> None:
        self._store = store
        self._clock = clock
        self._unknown_stations = unknown_stations
        # What changed since the claims were made. A station's row decides, not its socket, and reading the row for
        # every message would cost more than the message.
        self._registrations: dict[str, Registration] = {}
        self._boot_answers: dict[str, Registration] = {}
        store.events.subscribe(self._follow)

    async def authenticate(self, handshake: Handshake) -> Accept[StationSession] | Reject:
        """Decide about an upgrade request."""
        if self._unknown_stations is UnknownStations.REFUSE and not await self._store.stations.load(handshake.identity):
            return Reject(HTTPStatus.NOT_FOUND, "unknown station")
        return Accept(StationSession(handshake.identity))

    async def connected(self, station: Peer) -> None:
        """Take over a station for a new connection."""
        await self.claim(station)

    async def disconnected(self, station: Peer, code: int, reason: str) -> None:
        """Write that a connection is over, unless a newer one has the station already."""
        claim, now = await self.claim(station), self._clock()

        def release(unit: Unit) -> None:
            if unit.stations.release(claim, at=now):
                unit.emit(station_disconnected(claim.identity, at=now, code=code, reason=reason))

        await self._store.write(release)

    async def claim(self, station: Peer) -> Claim:
        """Return the claim of this connection, made now if nobody did yet."""
        task = station.session.claim
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = station.session.claim = asyncio.create_task(self._claim(station))
        return task.result() if task.done() else await asyncio.shield(task)

    async def write(self, station: Peer, work: Callable[[Scope], T]) -> T:
        """Run a unit of work in the name of a station, and return what it returns once it is committed."""
        claim, now, session = await self.claim(station), self._clock(), station.session
        is_due = session.seen_at is None or now - session.seen_at >= SEEN_INTERVAL
        if is_due:
            session.seen_at = now

        def run(unit: Unit) -> T:
            if is_due:
                unit.stations.see(claim, at=now)
            return work(Scope(unit, claim, now))

        return await self._store.write(run)

    def registration(self, claim: Claim) -> Registration:
        """Tell what the operator decided about a station, as of now."""
        return self._registrations.get(claim.identity, claim.registration)

    async def is_admitted(self, station: Peer, action: str) -> bool:
        """Tell whether an OCPP 2.x station may send ``action`` now (BOOT-010)."""
        claim = await self.claim(station)
        return is_admitted(
            registration=self.registration(claim),
            boot_answer=self._boot_answers.get(claim.identity, claim.boot_answer),
            is_triggered=action in station.session.triggered,
        )

    def note_triggered(self, station: Peer, action: str) -> None:
        """Remember that the CSMS asked the station to send ``action``."""
        station.session.triggered.add(action)

    def note_command(self, station: Peer, action: str, payload: Mapping[str, Any]) -> None:
        """Remember what the station will send because of a command; to be called before the command is sent."""
        triggered = triggered_by(action, payload)
        if triggered is not None:
            self.note_triggered(station, triggered)

    async def _claim(self, station: Peer) -> Claim:
        now = self._clock()
        station.session.seen_at = now

        def claim(unit: Unit) -> Claim:
            made = unit.stations.claim(
                station.identity,
                protocol=station.subprotocol,
                registration=self._unknown_stations.registration,
                at=now,
            )
            unit.emit(station_connected(station.identity, at=now, protocol=station.subprotocol))
            return made

        return await self._store.write(claim)

    def _follow(self, events: Sequence[OutboxEvent]) -> None:
        """Keep up with decisions about stations that are connected meanwhile."""
        for event in events:
            match event.type:
                case "station.registered":
                    self._registrations[event.station] = Registration(event.data["registration"])
                case "station.booted":
                    self._boot_answers[event.station] = Registration(event.data["registration"])
                case _:
                    pass

"""What handlers of all OCPP versions call. Every method that changes something returns after the commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chargewire import Accept, Handshake, Reject
from chargewire.backoffice.domain import Clock, UnknownStations, UnknownTokens
from chargewire.backoffice.services.authorization import Authorization
from chargewire.backoffice.services.connections import Connections
from chargewire.backoffice.services.provisioning import BootAnswer, Provisioning
from chargewire.backoffice.services.sessions import Peer, StationSession
from chargewire.backoffice.services.transactions import MeterReport, Started, Transactions
from chargewire.backoffice.store import Store

__all__ = ["BootAnswer", "MeterReport", "Peer", "Services", "Started", "StationSession"]


class Services:
    """The services of a CSMS over one store.

    Args:
        store: where everything is kept.
        clock: tells the present.
        unknown_stations: what becomes of a station that is not on record.
        unknown_tokens: what becomes of a token that is not on record.

    Attributes:
        connections: who is connected, and what they may say.
        provisioning: boot, heartbeat, status, notifications.
        authorization: who may charge.
        transactions: starts, stops, events and meter values.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock,
        unknown_stations: UnknownStations = UnknownStations.PENDING,
        unknown_tokens: UnknownTokens = UnknownTokens.REFUSE,
    ) -> None:
        self.connections = Connections(store, clock=clock, unknown_stations=unknown_stations)
        self.provisioning = Provisioning(self.connections, clock=clock)
        self.authorization = Authorization(self.connections, unknown_tokens=unknown_tokens)
        self.transactions = Transactions(self.connections, self.authorization)

    async def authenticate(self, handshake: Handshake) -> Accept[StationSession] | Reject:
        """Decide about an upgrade request."""
        return await self.connections.authenticate(handshake)

    async def connected(self, station: Peer) -> None:
        """Take over a station for a new connection."""
        await self.connections.connected(station)

    async def disconnected(self, station: Peer, code: int, reason: str) -> None:
        """Write that a connection is over, unless a newer one has the station already."""
        await self.connections.disconnected(station, code, reason)

    def note_triggered(self, station: Peer, action: str) -> None:
        """Remember that the CSMS asked the station to send ``action``."""
        self.connections.note_triggered(station, action)

    def note_command(self, station: Peer, action: str, payload: Mapping[str, Any]) -> None:
        """Remember what the station will send because of a command; to be called before the command is sent."""
        self.connections.note_command(station, action, payload)

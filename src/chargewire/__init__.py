"""OCPP over WebSockets, typed: server, client, management system and simulator.

The versions :mod:`chargewire.v16`, :mod:`chargewire.v201` and :mod:`chargewire.v21` are imported when first used.
"""

from chargewire.asyncio.client import ChargePoint
from chargewire.asyncio.connection import Connection
from chargewire.asyncio.courses import Route
from chargewire.asyncio.options import Limits, Timeouts
from chargewire.asyncio.outbox_store import SqliteOutboxStore
from chargewire.asyncio.run import run
from chargewire.asyncio.server import CSMS, Server, Station
from chargewire.asyncio.stations import Stations
from chargewire.asyncio.tls import KeyPair, ServerTls, client_context
from chargewire.backoff import Backoff
from chargewire.door import Door
from chargewire.errors import (
    CallRejected,
    CallTimeout,
    ConnectionLost,
    ErrorCode,
    InvalidPayload,
    NotConnected,
    OcppError,
    UpgradeRefused,
)
from chargewire.events import (
    Backpressure,
    BadMessage,
    CallTimedOut,
    Connected,
    Disconnected,
    Event,
    FrameReceived,
    FrameSent,
    GaveUp,
    RateLimited,
    Reconnecting,
    Replaced,
    UpgradeAborted,
    UpgradeError,
)
from chargewire.handshake import Accept, Handshake, Reject, check_profile, verify_password
from chargewire.messages import NO_REPLY, CustomData, NoReply
from chargewire.middleware import Exchange, Middleware, Proceed
from chargewire.outbox import Outbox, OutboxStore
from chargewire.rates import CallRates, Rate
from chargewire.routing import ANY_ACTION, Handlers, on, on_action, on_send
from chargewire.security import Certificate, SecurityProfile, canonical_password
from chargewire.vendor import extended

__all__ = [
    "ANY_ACTION",
    "CSMS",
    "NO_REPLY",
    "Accept",
    "Backoff",
    "Backpressure",
    "BadMessage",
    "CallRates",
    "CallRejected",
    "CallTimedOut",
    "CallTimeout",
    "Certificate",
    "ChargePoint",
    "Connected",
    "Connection",
    "ConnectionLost",
    "CustomData",
    "Disconnected",
    "Door",
    "ErrorCode",
    "Event",
    "Exchange",
    "FrameReceived",
    "FrameSent",
    "GaveUp",
    "Handlers",
    "Handshake",
    "InvalidPayload",
    "KeyPair",
    "Limits",
    "Middleware",
    "NoReply",
    "NotConnected",
    "OcppError",
    "Outbox",
    "OutboxStore",
    "Proceed",
    "Rate",
    "RateLimited",
    "Reconnecting",
    "Reject",
    "Replaced",
    "Route",
    "SecurityProfile",
    "Server",
    "ServerTls",
    "SqliteOutboxStore",
    "Station",
    "Stations",
    "Timeouts",
    "UpgradeAborted",
    "UpgradeError",
    "UpgradeRefused",
    "canonical_password",
    "check_profile",
    "client_context",
    "extended",
    "on",
    "on_action",
    "on_send",
    "run",
    "verify_password",
]

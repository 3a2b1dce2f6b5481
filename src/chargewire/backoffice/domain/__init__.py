"""What a CSMS knows and decides: plain values and functions. No I/O, no clock, no OCPP version."""

from chargewire.backoffice.domain.authorization import (
    DEFAULT_TOKEN_TYPE,
    Decision,
    IdToken,
    PresentedToken,
    TokenStatus,
    UnknownTokens,
    decide,
)
from chargewire.backoffice.domain.clock import Clock, iso, utc
from chargewire.backoffice.domain.events import Event, OutboxEvent, transaction_data
from chargewire.backoffice.domain.meter import MeterPoint, Reading, SampledValue, curve, read_samples
from chargewire.backoffice.domain.paging import InvalidCursorError, Page
from chargewire.backoffice.domain.stations import (
    BootReport,
    Connector,
    Registration,
    Station,
    StatusReport,
    UnknownStations,
)
from chargewire.backoffice.domain.transactions import (
    EventType,
    Flag,
    Orphan,
    Start,
    Stop,
    Transaction,
    TransactionEvent,
    TransactionRecord,
    TransactionState,
)

__all__ = [
    "DEFAULT_TOKEN_TYPE",
    "BootReport",
    "Clock",
    "Connector",
    "Decision",
    "Event",
    "EventType",
    "Flag",
    "IdToken",
    "InvalidCursorError",
    "MeterPoint",
    "Orphan",
    "OutboxEvent",
    "Page",
    "PresentedToken",
    "Reading",
    "Registration",
    "SampledValue",
    "Start",
    "Station",
    "StatusReport",
    "Stop",
    "TokenStatus",
    "Transaction",
    "TransactionEvent",
    "TransactionRecord",
    "TransactionState",
    "UnknownStations",
    "UnknownTokens",
    "curve",
    "decide",
    "iso",
    "read_samples",
    "transaction_data",
    "utc",
]

"""The JSON of the API: camelCase, times in UTC, units in the names. Knows the domain, and no route."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import Meta, Struct

from chargewire.backoffice.domain import (
    DEFAULT_TOKEN_TYPE,
    Connector,
    IdToken,
    MeterPoint,
    Page,
    Registration,
    Station,
    TokenStatus,
    Transaction,
    TransactionState,
    iso,
    transaction_data,
)

# Not `datetime`: Litestar reads bodies leniently, and would take a number for seconds since 1970.
DateTimeText = Annotated[
    str,
    Meta(
        pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)$",
        extra_json_schema={"format": "date-time"},
    ),
]

T = TypeVar("T")
V = TypeVar("V")


class View(Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of what the API sends."""


class Edit(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Base of what the API takes: a field that nobody knows is refused."""


class Items(View, Generic[V], frozen=True, kw_only=True):
    """A page of a list; ``next`` is the ``cursor`` of the following one."""

    items: list[V]
    next: str | None


class ConnectorView(View, frozen=True, kw_only=True):
    """A plug of a station."""

    evse_id: int
    connector_id: int
    status: str
    error_code: str | None
    status_at: str | None
    transaction_id: int | None


class StationView(View, frozen=True, kw_only=True):
    """A station and its connectors."""

    identity: str
    connected: bool
    registration: Registration
    protocol: str | None
    vendor: str | None
    model: str | None
    serial_number: str | None
    firmware_version: str | None
    last_seen_at: str | None
    connected_at: str | None
    connectors: list[ConnectorView]


class StationEdit(Edit, frozen=True, kw_only=True):
    """What an operator decides about a station."""

    registration: Registration


class TransactionView(View, frozen=True, kw_only=True):
    """A transaction; ``id`` is ours, ``transactionId`` the one that station and CSMS use between them."""

    id: int
    station: str
    evse_id: int | None
    connector_id: int | None
    transaction_id: str
    id_token: str | None
    state: TransactionState
    charging_state: str | None
    started_at: str | None
    ended_at: str | None
    stop_reason: str | None
    meter_start_wh: float | None
    meter_stop_wh: float | None
    energy_wh: float | None
    power_w: float | None
    soc_percent: float | None
    flags: list[str]


class MeterPointView(View, frozen=True, kw_only=True):
    """One point of a transaction's curve."""

    at: str
    energy_wh: float | None
    power_w: float | None
    soc_percent: float | None


class TransactionDetailView(TransactionView, frozen=True, kw_only=True):
    """A transaction with its curve."""

    meter: list[MeterPointView]


class IdTokenView(View, frozen=True, kw_only=True):
    """A token on record."""

    token: str
    type: str
    status: TokenStatus
    expires_at: str | None
    note: str | None


class IdTokenEdit(Edit, frozen=True, kw_only=True):
    """What is kept about a token."""

    status: TokenStatus
    type: Annotated[str, Meta(max_length=20, pattern=r"^[!-~]+$")] = DEFAULT_TOKEN_TYPE
    expires_at: DateTimeText | None = None
    note: Annotated[str, Meta(max_length=500, pattern=r"^[^\x00]*$")] | None = None


def items(page: Page[T], view: Callable[[T], V]) -> Items[V]:
    """Show a page."""
    return Items(items=[view(item) for item in page.items], next=page.next)


def station_view(station: Station) -> StationView:
    """Show a station."""
    return StationView(
        identity=station.identity,
        connected=station.connected,
        registration=station.registration,
        protocol=station.protocol,
        vendor=station.vendor,
        model=station.model,
        serial_number=station.serial_number,
        firmware_version=station.firmware_version,
        last_seen_at=iso(station.last_seen_at),
        connected_at=iso(station.connected_at),
        connectors=[_connector_view(connector) for connector in station.connectors],
    )


def id_token_view(token: IdToken) -> IdTokenView:
    """Show a token."""
    return IdTokenView(
        token=token.token,
        type=token.type,
        status=token.status,
        expires_at=iso(token.expires_at),
        note=token.note,
    )


def transaction_view(transaction: Transaction) -> TransactionView:
    """Show a transaction exactly as its events do."""
    return msgspec.convert(transaction_data(transaction), TransactionView)


def transaction_detail_view(transaction: Transaction, meter: Iterable[MeterPoint]) -> TransactionDetailView:
    """Show a transaction with its curve."""
    curve = [
        {"at": iso(point.at), "energyWh": point.energy_wh, "powerW": point.power_w, "socPercent": point.soc_percent}
        for point in meter
    ]
    return msgspec.convert({**transaction_data(transaction), "meter": curve}, TransactionDetailView)


def _connector_view(connector: Connector) -> ConnectorView:
    return ConnectorView(
        evse_id=connector.evse_id,
        connector_id=connector.connector_id,
        status=connector.status,
        error_code=connector.error_code,
        status_at=iso(connector.status_at),
        transaction_id=connector.transaction_id,
    )

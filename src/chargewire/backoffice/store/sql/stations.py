"""Stations and connectors in SQL. Knows no rules: who is the newest is decided by the statements' conditions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, Row, bindparam, false, func, insert, or_, select, true, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from chargewire.backoffice.domain import BootReport, Clock, Connector, Page, Registration, Station, StatusReport
from chargewire.backoffice.domain.events import station_registered
from chargewire.backoffice.domain.paging import decode_cursor, encode_cursor
from chargewire.backoffice.domain.stations import STATION_EVSE, UNKNOWN_STATUS
from chargewire.backoffice.store.base import Claim, Unit
from chargewire.backoffice.store.sql.bulk import BulkStatement
from chargewire.backoffice.store.sql.writer import Writer
from chargewire.backoffice.store.tables import connector, connector_status_log, station, transaction

_claim = upsert(station).values(
    identity=bindparam("identity"),
    registration=bindparam("registration"),
    protocol=bindparam("protocol"),
    connection_epoch=1,
    connected=True,
    connected_at=bindparam("at"),
    last_seen_at=bindparam("at"),
)
CLAIM = _claim.on_conflict_do_update(
    index_elements=[station.c.identity],
    set_={
        "connection_epoch": station.c.connection_epoch + 1,
        "connected": true(),
        "protocol": _claim.excluded.protocol,
        "connected_at": _claim.excluded.connected_at,
        "last_seen_at": _claim.excluded.last_seen_at,
    },
).returning(station.c.station_pk, station.c.connection_epoch, station.c.registration, station.c.boot_answer)

_IS_NEWEST = (station.c.station_pk == bindparam("key"), station.c.connection_epoch == bindparam("epoch"))
RELEASE = (
    update(station)
    .where(*_IS_NEWEST)
    .values(connected=false(), disconnected_at=bindparam("at"), last_seen_at=bindparam("at"))
)
SEE = update(station).where(*_IS_NEWEST).values(last_seen_at=bindparam("at"))
RELEASE_ALL = (
    update(station)
    .where(station.c.connected)
    .values(connected=false(), disconnected_at=bindparam("at"))
    .returning(station.c.identity)
)

BOOT = (
    update(station)
    .where(station.c.station_pk == bindparam("key"))
    .values(
        vendor=bindparam("vendor"),
        model=bindparam("model"),
        serial_number=bindparam("serial_number"),
        firmware_version=bindparam("firmware_version"),
        boot_reason=bindparam("reason"),
        boot_at=bindparam("at"),
        boot_answer=station.c.registration,
    )
    .returning(station.c.registration)
)
REGISTER = (
    update(station)
    .where(station.c.identity == bindparam("of"))
    .values(registration=bindparam("registration"))
    .returning(station.c.station_pk)
)

_status = upsert(connector).values(
    station_pk=bindparam("station_pk"),
    evse_id=bindparam("evse_id"),
    connector_id=bindparam("connector_id"),
    status=bindparam("status"),
    error_code=bindparam("error_code"),
    info=bindparam("info"),
    vendor_error_code=bindparam("vendor_error_code"),
    status_at=bindparam("at"),
    received_at=bindparam("received_at"),
)
STATUS = _status.on_conflict_do_update(
    index_elements=[connector.c.station_pk, connector.c.evse_id, connector.c.connector_id],
    set_={
        name: getattr(_status.excluded, name)
        for name in ("status", "error_code", "info", "vendor_error_code", "status_at", "received_at")
    },
    where=or_(connector.c.status_at.is_(None), connector.c.status_at <= _status.excluded.status_at),
).returning(connector.c.connector_pk)
LOG_STATUS = BulkStatement(
    insert(connector_status_log),
    [column.name for column in connector_status_log.c if not column.primary_key],
)
SIGHT = (
    upsert(connector)
    .values(
        station_pk=bindparam("station_pk"),
        evse_id=bindparam("evse_id"),
        connector_id=bindparam("connector_id"),
        status=UNKNOWN_STATUS,
    )
    .on_conflict_do_nothing()
)


class SqlStationUnit:
    """See :class:`chargewire.backoffice.store.base.StationUnit`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.statuses: list[Mapping[str, Any]] = []
        """Rows of the status log, written at the end of the batch."""

    def claim(self, identity: str, *, protocol: str, registration: Registration, at: datetime) -> Claim:
        values = {"identity": identity, "protocol": protocol, "registration": registration.value, "at": at}
        row = self._connection.execute(CLAIM, values).one()
        boot_answer = None if row.boot_answer is None else Registration(row.boot_answer)
        return Claim(row.station_pk, identity, row.connection_epoch, Registration(row.registration), boot_answer)

    def release(self, claim: Claim, *, at: datetime) -> bool:
        return self._connection.execute(RELEASE, {"key": claim.key, "epoch": claim.epoch, "at": at}).rowcount == 1

    def see(self, claim: Claim, *, at: datetime) -> bool:
        return self._connection.execute(SEE, {"key": claim.key, "epoch": claim.epoch, "at": at}).rowcount == 1

    def boot(self, claim: Claim, report: BootReport, *, at: datetime) -> Registration:
        values = {
            "key": claim.key,
            "vendor": report.vendor,
            "model": report.model,
            "serial_number": report.serial_number,
            "firmware_version": report.firmware_version,
            "reason": report.reason,
            "at": at,
        }
        return Registration(self._connection.execute(BOOT, values).scalar_one())

    def status(self, claim: Claim, report: StatusReport, *, status_at: datetime, at: datetime) -> bool:
        values = {
            "station_pk": claim.key,
            "evse_id": report.evse_id,
            "connector_id": report.connector_id,
            "status": report.status,
            "error_code": report.error_code,
            "info": report.info,
            "vendor_error_code": report.vendor_error_code,
            "at": status_at,
            "received_at": at,
        }
        self.statuses.append(values)
        return self._connection.execute(STATUS, values).first() is not None

    def sight(self, claim: Claim, *, evse_id: int, connector_id: int) -> None:
        values = {"station_pk": claim.key, "evse_id": evse_id, "connector_id": connector_id}
        self._connection.execute(SIGHT, values)

    def register(self, identity: str, registration: Registration) -> bool:
        values = {"of": identity, "registration": registration.value}
        return self._connection.execute(REGISTER, values).first() is not None


_STATION = select(station)
_STATIONS = (
    select(station)
    .where(station.c.identity > bindparam("after"))
    .order_by(station.c.identity)
    .limit(bindparam("count"))
)
_CONNECTORS = (
    select(connector)
    .where(connector.c.station_pk.in_(bindparam("keys", expanding=True)), connector.c.evse_id != STATION_EVSE)
    .order_by(connector.c.evse_id, connector.c.connector_id)
)
_OPEN = (
    select(
        transaction.c.station_pk,
        transaction.c.evse_id,
        transaction.c.connector_id,
        func.max(transaction.c.transaction_pk).label("id"),
    )
    .where(transaction.c.station_pk.in_(bindparam("keys", expanding=True)), transaction.c.state == "open")
    .group_by(transaction.c.station_pk, transaction.c.evse_id, transaction.c.connector_id)
)


class SqlStations:
    """See :class:`chargewire.backoffice.store.base.Stations`."""

    def __init__(self, reader: AsyncEngine, writer: Writer, *, clock: Clock) -> None:
        self._reader = reader
        self._writer = writer
        self._clock = clock

    async def load(self, identity: str) -> Station | None:
        async with self._reader.connect() as connection:
            rows = (await connection.execute(_STATION.where(station.c.identity == identity))).all()
            found = await _with_connectors(connection, rows)
        return found[0] if found else None

    async def list(self, *, limit: int, cursor: str | None = None) -> Page[Station]:
        after = "" if cursor is None else decode_cursor(cursor, str)[0]
        async with self._reader.connect() as connection:
            rows = (await connection.execute(_STATIONS, {"after": after, "count": limit + 1})).all()
            found = await _with_connectors(connection, rows[:limit])
        return Page(found, encode_cursor(found[-1].identity) if len(rows) > limit else None)

    async def set_registration(self, identity: str, registration: Registration) -> Station | None:
        def register(unit: Unit) -> None:
            if unit.stations.register(identity, registration):
                unit.emit(station_registered(identity, at=self._clock(), registration=registration))

        await self._writer.write(register)
        return await self.load(identity)


async def _with_connectors(connection: AsyncConnection, rows: Iterable[Row[Any]]) -> tuple[Station, ...]:
    """Make stations of rows, with their connectors and what goes on there."""
    stations = {row.station_pk: _station(row) for row in rows}
    if not stations:
        return ()
    keys = {"keys": list(stations)}
    transactions: dict[tuple[int, int | None, int | None], int] = {
        (row.station_pk, row.evse_id, row.connector_id): row.id for row in await connection.execute(_OPEN, keys)
    }
    connectors: dict[int, list[Connector]] = {key: [] for key in stations}
    for row in await connection.execute(_CONNECTORS, keys):
        place = (row.station_pk, row.evse_id, row.connector_id)
        # A station of OCPP 2.x need not say which connector of the EVSE it is.
        running = transactions.get(place, transactions.get((row.station_pk, row.evse_id, None)))
        connectors[row.station_pk].append(
            Connector(row.evse_id, row.connector_id, row.status, row.error_code, row.status_at, running)
        )
    return tuple(replace(found, connectors=tuple(connectors[key])) for key, found in stations.items())


def _station(row: Row[Any]) -> Station:
    return Station(
        identity=row.identity,
        registration=Registration(row.registration),
        vendor=row.vendor,
        model=row.model,
        serial_number=row.serial_number,
        firmware_version=row.firmware_version,
        protocol=row.protocol,
        connected=cast("bool", row.connected),
        connection_epoch=row.connection_epoch,
        connected_at=row.connected_at,
        last_seen_at=row.last_seen_at,
        boot_answer=None if row.boot_answer is None else Registration(row.boot_answer),
    )

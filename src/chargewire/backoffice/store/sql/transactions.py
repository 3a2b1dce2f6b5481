"""Transactions, their events and samples in SQL. Knows no rules; the keys of its tables make a retry harmless."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncEngine

from chargewire.backoffice.domain import (
    Flag,
    MeterPoint,
    Orphan,
    Page,
    Reading,
    Transaction,
    TransactionEvent,
    TransactionRecord,
    TransactionState,
    curve,
)
from chargewire.backoffice.domain.paging import decode_cursor, encode_cursor
from chargewire.backoffice.store.base import Claim, Novelty, Sample
from chargewire.backoffice.store.sql.bulk import BulkStatement
from chargewire.backoffice.store.sql.records import PendingRecords, RecordCache
from chargewire.backoffice.store.tables import meter_sample, orphan_message, transaction, transaction_event
from chargewire.backoffice.store.tables import station as station_table

_FIELDS = tuple(name for name in TransactionRecord.__struct_fields__ if name not in ("id", "station"))
_RECORD = (transaction.c.transaction_pk.label("id"), *(transaction.c[name] for name in _FIELDS))

# ON CONFLICT DO NOTHING followed by a SELECT would find no row when another writer's insert is committed after this
# statement's snapshot was taken (measured on PostgreSQL: more than half of eight racing retries); an update always
# returns the row.
_start = upsert(transaction).values(
    station_pk=bindparam("station_pk"),
    start_key=bindparam("start_key"),
    start_count=1,
    first_received_at=bindparam("received_at"),
    last_received_at=bindparam("received_at"),
    **{name: bindparam(name) for name in _FIELDS if name != "station_transaction_id"},
)
_START = _start.on_conflict_do_update(
    index_elements=[transaction.c.station_pk, transaction.c.start_key],
    set_={
        "start_count": transaction.c.start_count + 1,
        "last_received_at": _start.excluded.last_received_at,
    },
).returning(transaction.c.start_count, *_RECORD)

_adopt = upsert(transaction).values(
    station_pk=bindparam("station_pk"),
    station_transaction_id=bindparam("station_transaction_id"),
    start_count=0,
    state=TransactionState.OPEN.value,
    seq_count=0,
    marks=[],
    first_received_at=bindparam("received_at"),
    last_received_at=bindparam("received_at"),
)
_ADOPT = _adopt.on_conflict_do_update(
    index_elements=[transaction.c.station_pk, transaction.c.station_transaction_id],
    set_={"last_received_at": _adopt.excluded.last_received_at},
).returning(*_RECORD)

_OF_STATION = select(*_RECORD).where(transaction.c.station_pk == bindparam("station_pk"))
_FIND = _OF_STATION.where(
    transaction.c.transaction_pk == bindparam("id"),
    transaction.c.station_transaction_id.is_(None),
)
_OPEN_AT = _OF_STATION.where(
    transaction.c.evse_id == bindparam("evse_id"),
    transaction.c.state == "open",
).order_by(transaction.c.transaction_pk)
_CHANGING = tuple(name for name in _FIELDS if name != "station_transaction_id")
_SAVE = BulkStatement(
    update(transaction)
    .where(transaction.c.transaction_pk == bindparam("key"))
    .values(last_received_at=bindparam("received_at"), **{name: bindparam(name) for name in _CHANGING}),
    names=(),
)

_EVENT_HASHES = select(transaction_event.c.body_hash).where(
    transaction_event.c.transaction_pk == bindparam("transaction_pk"),
    transaction_event.c.seq_no == bindparam("seq_no"),
)
_ADD_EVENTS = BulkStatement(insert(transaction_event), transaction_event.c.keys())
ADD_SAMPLES = BulkStatement(upsert(meter_sample).on_conflict_do_nothing(), meter_sample.c.keys())

_CONTEXTS = (
    "Other",
    "Sample.Periodic",
    "Sample.Clock",
    "Transaction.Begin",
    "Transaction.End",
    "Interruption.Begin",
    "Interruption.End",
    "Trigger",
)
_CONTEXT_CODES = {context: code for code, context in enumerate(_CONTEXTS)}
_VALUES = tuple(name for name in Reading.__struct_fields__ if name not in ("at", "context", "extra"))


class SqlTransactionUnit:
    """See :class:`chargewire.backoffice.store.base.TransactionUnit`.

    Changed transactions and new events wait for the end of the batch; reading takes them into account.
    """

    def __init__(self, connection: Connection, cache: RecordCache) -> None:
        self._connection = connection
        self._pending = PendingRecords(cache)
        self._saved_at: datetime | None = None
        self._events: list[Mapping[str, Any]] = []

    def start(
        self, claim: Claim, record: TransactionRecord, *, key: bytes, at: datetime
    ) -> tuple[TransactionRecord, bool]:
        values = {"station_pk": claim.key, "start_key": key, "received_at": at, **_values(record)}
        row = self._connection.execute(_START, values).one()
        return self._pending.get(row.id) or _record(row, claim.identity), row.start_count == 1

    def adopt(self, claim: Claim, station_transaction_id: str, *, at: datetime) -> tuple[TransactionRecord, bool]:
        record = self._pending.named(claim.identity, station_transaction_id)
        if record is None:
            values = {"station_pk": claim.key, "station_transaction_id": station_transaction_id, "received_at": at}
            record = _record(self._connection.execute(_ADOPT, values).one(), claim.identity)
        return record, record.seq_count == 0

    def find(self, claim: Claim, id: int) -> TransactionRecord | None:
        record = self._pending.get(id)
        if record is not None:
            return record if record.station == claim.identity and record.station_transaction_id is None else None
        row = self._connection.execute(_FIND, {"station_pk": claim.key, "id": id}).first()
        return None if row is None else _record(row, claim.identity)

    def open_at(self, claim: Claim, evse_id: int) -> tuple[TransactionRecord, ...]:
        rows = self._connection.execute(_OPEN_AT, {"station_pk": claim.key, "evse_id": evse_id})
        found = {row.id: _record(row, claim.identity) for row in rows} | self._pending.of(claim.identity)
        return tuple(record for _, record in sorted(found.items()) if record.is_open and record.evse_id == evse_id)

    def save(self, record: TransactionRecord, *, at: datetime) -> None:
        self._pending.save(record)
        self._saved_at = at

    def add_event(self, record: TransactionRecord, event: TransactionEvent, *, at: datetime) -> Novelty:
        key = event.key
        novelty = self._novelty(record, event, key=key)
        if novelty is not Novelty.REPEATED:
            self._events.append(
                {
                    "transaction_pk": record.id,
                    "seq_no": event.seq_no,
                    "body_hash": key,
                    "event_type": event.type.value,
                    "trigger_reason": event.trigger_reason,
                    "at": event.at,
                    "received_at": at,
                    "offline": event.offline,
                    "body": event.body.decode(),
                }
            )
        return novelty

    def mark(self) -> tuple[int, int]:
        """Remember what is still to be written."""
        return len(self._pending), len(self._events)

    def forget(self, saved: int, events: int) -> None:
        """Drop what was added since :meth:`mark`."""
        if len(self._pending) > saved:
            self._pending.forget(saved)
        del self._events[events:]

    def flush(self) -> None:
        """Write what was kept back."""
        newest = self._pending.newest()
        at = self._saved_at
        _SAVE.execute(self._connection, [{"key": record.id, "received_at": at, **_values(record)} for record in newest])
        _ADD_EVENTS.execute(self._connection, self._events)

    def commit(self) -> None:
        """Keep at hand what has been committed."""
        self._pending.commit()

    def _novelty(self, record: TransactionRecord, event: TransactionEvent, *, key: bytes) -> Novelty:
        if record.seq_last is None or event.seq_no > record.seq_last:
            return Novelty.NEW
        place = {"transaction_pk": record.id, "seq_no": event.seq_no}
        hashes = set(self._connection.execute(_EVENT_HASHES, place).scalars())
        hashes.update(row["body_hash"] for row in self._events if place.items() <= row.items())
        if key in hashes:
            return Novelty.REPEATED
        return Novelty.OTHER_BODY if hashes else Novelty.NEW


_RECORDS = select(station_table.c.identity.label("station"), *_RECORD).join_from(transaction, station_table)
_ONE = _RECORDS.where(transaction.c.transaction_pk == bindparam("id"))
_NEWEST = _RECORDS.order_by(transaction.c.transaction_pk.desc())
_METER = (
    select(
        meter_sample.c.at,
        meter_sample.c.energy_import_wh,
        meter_sample.c.power_import_w,
        meter_sample.c.soc_percent,
    )
    .where(meter_sample.c.transaction_pk == bindparam("id"))
    .order_by(meter_sample.c.at)
)
_ORPHANS = (
    select(station_table.c.identity.label("station"), orphan_message)
    .join_from(orphan_message, station_table)
    .order_by(orphan_message.c.orphan_message_pk.desc())
)


class SqlTransactions:
    """See :class:`chargewire.backoffice.store.base.Transactions`."""

    def __init__(self, reader: AsyncEngine) -> None:
        self._reader = reader

    async def load(self, id: int) -> Transaction | None:
        async with self._reader.connect() as connection:
            row = (await connection.execute(_ONE, {"id": id})).first()
        return None if row is None else _record(row, row.station).view()

    async def list(
        self,
        *,
        limit: int,
        cursor: str | None = None,
        station: str | None = None,
        state: TransactionState | None = None,
    ) -> Page[Transaction]:
        query = _NEWEST.limit(limit + 1)
        if cursor is not None:
            query = query.where(transaction.c.transaction_pk < decode_cursor(cursor, int)[0])
        if station is not None:
            query = query.where(station_table.c.identity == station)
        match state:
            case None:
                pass
            case TransactionState.ENDED:
                query = query.where(transaction.c.state != TransactionState.OPEN.value)
            case TransactionState.OPEN | TransactionState.INFERRED_ENDED:
                query = query.where(transaction.c.state == state.value)
        async with self._reader.connect() as connection:
            rows = (await connection.execute(query)).all()
        found = tuple(_record(row, row.station).view() for row in rows[:limit])
        return Page(found, encode_cursor(found[-1].id) if len(rows) > limit else None)

    async def meter(self, id: int) -> tuple[MeterPoint, ...]:
        async with self._reader.connect() as connection:
            rows = (await connection.execute(_METER, {"id": id})).all()
        return curve(
            Reading(
                at=row.at,
                energy_import_wh=row.energy_import_wh,
                power_import_w=row.power_import_w,
                soc_percent=row.soc_percent,
            )
            for row in rows
        )

    async def orphans(self, *, limit: int, cursor: str | None = None) -> Page[Orphan]:
        query = _ORPHANS.limit(limit + 1)
        if cursor is not None:
            query = query.where(orphan_message.c.orphan_message_pk < decode_cursor(cursor, int)[0])
        async with self._reader.connect() as connection:
            rows = (await connection.execute(query)).all()
        found = tuple(
            Orphan(row.orphan_message_pk, row.station, row.received_at, row.action, row.reason, row.body)
            for row in rows[:limit]
        )
        return Page(found, encode_cursor(found[-1].id) if len(rows) > limit else None)


def sample_row(claim: Claim, sample: Sample, *, at: datetime) -> Mapping[str, Any]:
    """Write a sample as a row."""
    reading = sample.reading
    values = {name: getattr(reading, name) for name in _VALUES}
    extra = [msgspec.to_builtins(value) for value in reading.extra] or None
    return {
        "station_pk": claim.key,
        "evse_id": sample.evse_id,
        "at": reading.at,
        "context": _CONTEXT_CODES.get(reading.context, 0),
        "content": int.from_bytes(hashlib.blake2b(reading.content, digest_size=8).digest(), signed=True),
        "transaction_pk": sample.transaction,
        "received_at": at,
        **values,
        "extra": extra,
    }


def _values(record: TransactionRecord) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(record, name) for name in _FIELDS}
    values["state"] = record.state.value
    return values


def _record(row: Row[Any], identity: str) -> TransactionRecord:
    values: dict[str, Any] = dict(zip(_FIELDS, row[-len(_FIELDS) :], strict=True))
    values["state"] = TransactionState(values["state"])
    values["marks"] = tuple(Flag(mark) for mark in values["marks"])
    return TransactionRecord(id=row.id, station=identity, **values)

"""A store that keeps nothing beyond the process: for tests and trials. Knows no rules, like every store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, MutableMapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import TypeVar

from msgspec.structs import replace as replace_struct

from chargewire.backoffice.domain import (
    BootReport,
    Clock,
    Connector,
    Event,
    IdToken,
    MeterPoint,
    Orphan,
    OutboxEvent,
    Page,
    Registration,
    Station,
    StatusReport,
    Transaction,
    TransactionEvent,
    TransactionRecord,
    TransactionState,
    curve,
)
from chargewire.backoffice.domain.events import station_registered
from chargewire.backoffice.domain.paging import decode_cursor, encode_cursor
from chargewire.backoffice.domain.stations import STATION_EVSE
from chargewire.backoffice.store.base import (
    Claim,
    Novelty,
    Sample,
    StoreClosedError,
    Subscriber,
    T,
    Unit,
    Work,
)
from chargewire.backoffice.store.subscribers import Subscribers

K = TypeVar("K")
V = TypeVar("V")

_TOKEN_HASH = "admin_token_hash"  # noqa: S105 - the name of a setting


@dataclass(slots=True)
class _Tables:
    """Everything on record, and how to take back what the present unit of work did."""

    stations: dict[str, Station] = field(default_factory=dict[str, Station])
    keys: dict[str, int] = field(default_factory=dict[str, int])
    connectors: dict[tuple[int, int, int], Connector] = field(default_factory=dict[tuple[int, int, int], Connector])
    statuses: dict[int, tuple[str, StatusReport]] = field(default_factory=dict[int, tuple[str, StatusReport]])
    id_tokens: dict[tuple[str, str], IdToken] = field(default_factory=dict[tuple[str, str], IdToken])
    records: dict[int, TransactionRecord] = field(default_factory=dict[int, TransactionRecord])
    starts: dict[tuple[int, bytes | str], int] = field(default_factory=dict[tuple[int, bytes | str], int])
    hashes: dict[tuple[int, int], frozenset[bytes]] = field(default_factory=dict[tuple[int, int], frozenset[bytes]])
    samples: dict[tuple[int, int, bytes], Sample] = field(default_factory=dict[tuple[int, int, bytes], Sample])
    orphans: dict[int, Orphan] = field(default_factory=dict[int, Orphan])
    settings: dict[str, str] = field(default_factory=dict[str, str])
    outbox: list[OutboxEvent] = field(default_factory=list[OutboxEvent])
    undo: list[Callable[[], object]] = field(default_factory=list[Callable[[], object]])

    def put(self, table: MutableMapping[K, V], key: K, value: V) -> None:
        """Write a row."""
        if key in table:
            self.undo.append(partial(table.__setitem__, key, table[key]))
        else:
            self.undo.append(partial(table.pop, key))
        table[key] = value

    def drop(self, table: MutableMapping[K, V], key: K) -> None:
        """Delete a row."""
        self.undo.append(partial(table.__setitem__, key, table.pop(key)))


class MemoryStationUnit:
    """See :class:`chargewire.backoffice.store.base.StationUnit`."""

    def __init__(self, tables: _Tables) -> None:
        self._tables = tables

    def claim(self, identity: str, *, protocol: str, registration: Registration, at: datetime) -> Claim:
        tables = self._tables
        if identity not in tables.stations:
            tables.put(tables.keys, identity, len(tables.keys) + 1)
            tables.put(tables.stations, identity, Station(identity, registration))
        found = tables.stations[identity]
        station = replace(
            found,
            protocol=protocol,
            connected=True,
            connection_epoch=found.connection_epoch + 1,
            connected_at=at,
            last_seen_at=at,
        )
        tables.put(tables.stations, identity, station)
        key = tables.keys[identity]
        return Claim(key, identity, station.connection_epoch, station.registration, station.boot_answer)

    def release(self, claim: Claim, *, at: datetime) -> bool:
        station = self._tables.stations[claim.identity]
        if station.connection_epoch != claim.epoch:
            return False
        self._tables.put(self._tables.stations, claim.identity, replace(station, connected=False, last_seen_at=at))
        return True

    def see(self, claim: Claim, *, at: datetime) -> bool:
        station = self._tables.stations[claim.identity]
        if station.connection_epoch != claim.epoch:
            return False
        self._tables.put(self._tables.stations, claim.identity, replace(station, last_seen_at=at))
        return True

    def boot(self, claim: Claim, report: BootReport, *, at: datetime) -> Registration:  # noqa: ARG002 - a column in SQL
        found = self._tables.stations[claim.identity]
        station = replace(
            found,
            vendor=report.vendor,
            model=report.model,
            serial_number=report.serial_number,
            firmware_version=report.firmware_version,
            boot_answer=found.registration,
        )
        self._tables.put(self._tables.stations, claim.identity, station)
        return found.registration

    def status(self, claim: Claim, report: StatusReport, *, status_at: datetime, at: datetime) -> bool:  # noqa: ARG002
        tables = self._tables
        tables.put(tables.statuses, len(tables.statuses), (claim.identity, report))
        place = (claim.key, report.evse_id, report.connector_id)
        known = tables.connectors.get(place)
        if known is not None and known.status_at is not None and known.status_at > status_at:
            return False
        connector = Connector(report.evse_id, report.connector_id, report.status, report.error_code, status_at)
        tables.put(tables.connectors, place, connector)
        return True

    def sight(self, claim: Claim, *, evse_id: int, connector_id: int) -> None:
        place = (claim.key, evse_id, connector_id)
        if place not in self._tables.connectors:
            self._tables.put(self._tables.connectors, place, Connector(evse_id, connector_id))

    def register(self, identity: str, registration: Registration) -> bool:
        found = self._tables.stations.get(identity)
        if found is None:
            return False
        self._tables.put(self._tables.stations, identity, replace(found, registration=registration))
        return True


class MemoryIdTokenUnit:
    """See :class:`chargewire.backoffice.store.base.IdTokenUnit`."""

    def __init__(self, tables: _Tables) -> None:
        self._tables = tables

    def find(self, token: str, *, type: str | None) -> IdToken | None:
        return next((self._tables.id_tokens[key] for key in self._keys(token, type)), None)

    def save(self, token: IdToken) -> bool:
        key = (token.token.casefold(), token.type)
        is_new = key not in self._tables.id_tokens
        self._tables.put(self._tables.id_tokens, key, token)
        return is_new

    def delete(self, token: str, *, type: str | None) -> bool:
        keys = self._keys(token, type)
        for key in keys:
            self._tables.drop(self._tables.id_tokens, key)
        return bool(keys)

    def _keys(self, token: str, type: str | None) -> list[tuple[str, str]]:
        return [key for key in self._tables.id_tokens if key[0] == token.casefold() and type in (None, key[1])]


class MemoryTransactionUnit:
    """See :class:`chargewire.backoffice.store.base.TransactionUnit`."""

    def __init__(self, tables: _Tables) -> None:
        self._tables = tables

    def start(
        self,
        claim: Claim,
        record: TransactionRecord,
        *,
        key: bytes,
        at: datetime,  # noqa: ARG002 - a column in SQL
    ) -> tuple[TransactionRecord, bool]:
        return self._open(claim, key, record)

    def adopt(
        self,
        claim: Claim,
        station_transaction_id: str,
        *,
        at: datetime,  # noqa: ARG002 - a column in SQL
    ) -> tuple[TransactionRecord, bool]:
        empty = TransactionRecord(id=0, station=claim.identity, station_transaction_id=station_transaction_id)
        record, _ = self._open(claim, station_transaction_id, empty)
        return record, record.seq_count == 0

    def find(self, claim: Claim, id: int) -> TransactionRecord | None:
        record = self._tables.records.get(id)
        is_found = record and record.station == claim.identity and record.station_transaction_id is None
        return record if is_found else None

    def open_at(self, claim: Claim, evse_id: int) -> tuple[TransactionRecord, ...]:
        return tuple(
            record
            for record in self._tables.records.values()
            if record.station == claim.identity and record.evse_id == evse_id and record.is_open
        )

    def save(self, record: TransactionRecord, *, at: datetime) -> None:  # noqa: ARG002 - a column in SQL
        self._tables.put(self._tables.records, record.id, record)

    def add_event(
        self,
        record: TransactionRecord,
        event: TransactionEvent,
        *,
        at: datetime,  # noqa: ARG002 - a column in SQL
    ) -> Novelty:
        place = (record.id, event.seq_no)
        hashes = self._tables.hashes.get(place, frozenset())
        if event.key in hashes:
            return Novelty.REPEATED
        self._tables.put(self._tables.hashes, place, hashes | {event.key})
        return Novelty.OTHER_BODY if hashes else Novelty.NEW

    def _open(self, claim: Claim, key: bytes | str, record: TransactionRecord) -> tuple[TransactionRecord, bool]:
        tables = self._tables
        known = tables.starts.get((claim.key, key))
        if known is not None:
            return tables.records[known], False
        opened = replace_struct(record, id=len(tables.records) + 1)
        tables.put(tables.starts, (claim.key, key), opened.id)
        tables.put(tables.records, opened.id, opened)
        return opened, True


class MemoryUnit:
    """See :class:`chargewire.backoffice.store.base.Unit`."""

    def __init__(self, tables: _Tables) -> None:
        self._tables = tables
        self.stations = MemoryStationUnit(tables)
        self.id_tokens = MemoryIdTokenUnit(tables)
        self.transactions = MemoryTransactionUnit(tables)
        self.events: list[Event] = []

    def add_samples(self, claim: Claim, samples: Iterable[Sample], *, at: datetime) -> None:  # noqa: ARG002
        for sample in samples:
            key = (claim.key, sample.evse_id, sample.reading.content)
            if key not in self._tables.samples:
                self._tables.put(self._tables.samples, key, sample)

    def add_orphan(self, claim: Claim, *, action: str, reason: str, body: bytes, at: datetime) -> None:
        orphan = Orphan(len(self._tables.orphans) + 1, claim.identity, at, action, reason, body.decode())
        self._tables.put(self._tables.orphans, orphan.id, orphan)

    def save_setting(self, name: str, value: str) -> None:
        self._tables.put(self._tables.settings, name, value)

    def emit(self, event: Event) -> None:
        self.events.append(event)


class MemoryStations:
    """See :class:`chargewire.backoffice.store.base.Stations`."""

    def __init__(self, store: MemoryStore, tables: _Tables, *, clock: Clock) -> None:
        self._store = store
        self._tables = tables
        self._clock = clock

    async def load(self, identity: str) -> Station | None:
        station = self._tables.stations.get(identity)
        return None if station is None else self._with_connectors(station)

    async def list(self, *, limit: int, cursor: str | None = None) -> Page[Station]:
        after = "" if cursor is None else str(decode_cursor(cursor, str)[0])
        found = sorted(identity for identity in self._tables.stations if identity > after)
        stations = tuple(self._with_connectors(self._tables.stations[identity]) for identity in found[:limit])
        return Page(stations, encode_cursor(stations[-1].identity) if len(found) > limit else None)

    async def set_registration(self, identity: str, registration: Registration) -> Station | None:
        def register(unit: Unit) -> None:
            if unit.stations.register(identity, registration):
                unit.emit(station_registered(identity, at=self._clock(), registration=registration))

        await self._store.write(register)
        return await self.load(identity)

    def _with_connectors(self, station: Station) -> Station:
        key = self._tables.keys[station.identity]
        connectors = (
            replace(connector, transaction_id=self._running(station, connector))
            for (owner, evse_id, _), connector in sorted(self._tables.connectors.items())
            if owner == key and evse_id != STATION_EVSE
        )
        return replace(station, connectors=tuple(connectors))

    def _running(self, station: Station, connector: Connector) -> int | None:
        running = [
            record
            for record in self._tables.records.values()
            if record.station == station.identity and record.is_open and record.evse_id == connector.evse_id
        ]
        here = [record.id for record in running if record.connector_id == connector.connector_id]
        return max(here or [record.id for record in running if record.connector_id is None], default=None)


class MemoryIdTokens:
    """See :class:`chargewire.backoffice.store.base.IdTokens`."""

    def __init__(self, store: MemoryStore, tables: _Tables) -> None:
        self._store = store
        self._tables = tables

    async def load(self, token: str, *, type: str | None = None) -> IdToken | None:
        return MemoryIdTokenUnit(self._tables).find(token, type=type)

    async def list(self, *, limit: int, cursor: str | None = None) -> Page[IdToken]:
        after = ("", "") if cursor is None else decode_cursor(cursor, str, str)
        found = sorted(key for key in self._tables.id_tokens if key > after)
        tokens = tuple(self._tables.id_tokens[key] for key in found[:limit])
        return Page(tokens, encode_cursor(*found[limit - 1]) if len(found) > limit else None)

    async def save(self, token: IdToken) -> bool:
        return await self._store.write(lambda unit: unit.id_tokens.save(token))

    async def delete(self, token: str, *, type: str | None = None) -> bool:
        return await self._store.write(lambda unit: unit.id_tokens.delete(token, type=type))


class MemoryTransactions:
    """See :class:`chargewire.backoffice.store.base.Transactions`."""

    def __init__(self, tables: _Tables) -> None:
        self._tables = tables

    async def load(self, id: int) -> Transaction | None:
        record = self._tables.records.get(id)
        return None if record is None else record.view()

    async def list(
        self,
        *,
        limit: int,
        cursor: str | None = None,
        station: str | None = None,
        state: TransactionState | None = None,
    ) -> Page[Transaction]:
        before = None if cursor is None else int(decode_cursor(cursor, int)[0])
        found = [
            record
            for id, record in sorted(self._tables.records.items(), reverse=True)
            if (before is None or id < before) and station in (None, record.station) and _is_in(record, state)
        ]
        transactions = tuple(record.view() for record in found[:limit])
        return Page(transactions, encode_cursor(transactions[-1].id) if len(found) > limit else None)

    async def meter(self, id: int) -> tuple[MeterPoint, ...]:
        return curve(sample.reading for sample in self._tables.samples.values() if sample.transaction == id)

    async def orphans(self, *, limit: int, cursor: str | None = None) -> Page[Orphan]:
        before = None if cursor is None else int(decode_cursor(cursor, int)[0])
        found = [id for id in sorted(self._tables.orphans, reverse=True) if before is None or id < before]
        orphans = tuple(self._tables.orphans[id] for id in found[:limit])
        return Page(orphans, encode_cursor(orphans[-1].id) if len(found) > limit else None)


class MemoryEvents:
    """See :class:`chargewire.backoffice.store.base.Events`."""

    def __init__(self, tables: _Tables, subscribers: Subscribers) -> None:
        self._tables = tables
        self._subscribers = subscribers

    async def latest(self) -> int:
        return len(self._tables.outbox)

    async def after(
        self, cursor: int, *, limit: int, stations: Collection[str] | None = None
    ) -> tuple[OutboxEvent, ...]:
        later = self._tables.outbox[max(cursor, 0) :]
        return tuple(event for event in later if stations is None or event.station in stations)[:limit]

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        return self._subscribers.subscribe(callback)


class MemoryAdmin:
    """See :class:`chargewire.backoffice.store.base.Admin`."""

    def __init__(self, store: MemoryStore, tables: _Tables) -> None:
        self._store = store
        self._tables = tables

    async def load_token_hash(self) -> str | None:
        return self._tables.settings.get(_TOKEN_HASH)

    async def save_token_hash(self, token_hash: str) -> None:
        await self._store.write(lambda unit: unit.save_setting(_TOKEN_HASH, token_hash))


class MemoryStore:
    """See :class:`chargewire.backoffice.store.base.Store`."""

    def __init__(self, *, clock: Clock) -> None:
        self._tables = _Tables()
        self._subscribers = Subscribers()
        self._is_closed = False
        self.stations = MemoryStations(self, self._tables, clock=clock)
        self.id_tokens = MemoryIdTokens(self, self._tables)
        self.transactions = MemoryTransactions(self._tables)
        self.events = MemoryEvents(self._tables, self._subscribers)
        self.admin = MemoryAdmin(self, self._tables)

    async def write(self, work: Work[T]) -> T:
        if self._is_closed:
            raise StoreClosedError("the store is closed")
        unit = MemoryUnit(self._tables)
        self._tables.undo.clear()
        try:
            result = work(unit)
        except Exception:
            for undo in reversed(self._tables.undo):
                undo()
            raise
        first = len(self._tables.outbox) + 1
        committed = [
            OutboxEvent(cursor, event.at, event.station, event.type, event.data)
            for cursor, event in enumerate(unit.events, first)
        ]
        if committed:
            self._tables.outbox.extend(committed)
            self._subscribers.publish(committed)
        return result

    async def close(self) -> None:
        self._is_closed = True


def _is_in(record: TransactionRecord, state: TransactionState | None) -> bool:
    """Tell whether a list of transactions in ``state`` has this one."""
    match state:
        case None:
            return True
        case TransactionState.ENDED:
            return not record.is_open
        case TransactionState.OPEN | TransactionState.INFERRED_ENDED:
            return record.state is state

"""A store in SQLite. Puts the parts together; each aggregate has a module of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, bindparam, insert, select
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncEngine

from chargewire.backoffice.domain import Clock, Event, OutboxEvent
from chargewire.backoffice.domain.events import station_disconnected
from chargewire.backoffice.store.base import Claim, Sample, T, Unit, Work
from chargewire.backoffice.store.sql.engine import create_reader, create_writer, foreign_changes, migrate, parse_url
from chargewire.backoffice.store.sql.events import SqlEvents, append
from chargewire.backoffice.store.sql.id_tokens import SqlIdTokens, SqlIdTokenUnit
from chargewire.backoffice.store.sql.records import RecordCache
from chargewire.backoffice.store.sql.stations import LOG_STATUS, RELEASE_ALL, SqlStations, SqlStationUnit
from chargewire.backoffice.store.sql.transactions import ADD_SAMPLES, SqlTransactions, SqlTransactionUnit, sample_row
from chargewire.backoffice.store.sql.writer import Writer
from chargewire.backoffice.store.subscribers import Subscribers
from chargewire.backoffice.store.tables import orphan_message, setting

_ABNORMAL_CLOSURE = 1006  # RFC 6455, 7.1.5: there was no close frame
_TOKEN_HASH = "admin_token_hash"  # noqa: S105 - the name of a setting

_ADD_ORPHAN = insert(orphan_message)
_save_setting = upsert(setting).values(name=bindparam("of"), value=bindparam("to"))
_SAVE_SETTING = _save_setting.on_conflict_do_update(
    index_elements=[setting.c.name], set_={"value": _save_setting.excluded.value}
)
_SETTING = select(setting.c.value).where(setting.c.name == bindparam("of"))


class SqlUnit:
    """See :class:`chargewire.backoffice.store.base.Unit`.

    Rows that nobody reads back in the same unit of work wait for the end of the batch, to be written at once.
    """

    def __init__(self, connection: Connection, cache: RecordCache) -> None:
        self._connection = connection
        self._events: list[Event] = []
        self._samples: list[Mapping[str, Any]] = []
        self.stations = SqlStationUnit(connection)
        self.id_tokens = SqlIdTokenUnit(connection)
        self.transactions = SqlTransactionUnit(connection, cache)

    def add_samples(self, claim: Claim, samples: Iterable[Sample], *, at: datetime) -> None:
        self._samples.extend(sample_row(claim, sample, at=at) for sample in samples)

    def add_orphan(self, claim: Claim, *, action: str, reason: str, body: bytes, at: datetime) -> None:
        values = {
            "station_pk": claim.key,
            "received_at": at,
            "action": action,
            "reason": reason,
            "body": body.decode(),
        }
        self._connection.execute(_ADD_ORPHAN, values)

    def save_setting(self, name: str, value: str) -> None:
        self._connection.execute(_SAVE_SETTING, {"of": name, "to": value})

    def emit(self, event: Event) -> None:
        self._events.append(event)

    def mark(self) -> tuple[int, ...]:
        """Remember what is still to be written."""
        return len(self._events), len(self._samples), len(self.stations.statuses), *self.transactions.mark()

    def forget(self, mark: tuple[int, ...]) -> None:
        """Drop what was added since ``mark``."""
        events, samples, statuses, *transactions = mark
        del self._events[events:]
        del self._samples[samples:]
        del self.stations.statuses[statuses:]
        self.transactions.forget(*transactions)

    def flush(self) -> Sequence[OutboxEvent]:
        """Write what was kept back. Returns the events of the batch."""
        self.transactions.flush()
        ADD_SAMPLES.execute(self._connection, self._samples)
        LOG_STATUS.execute(self._connection, self.stations.statuses)
        return append(self._connection, self._events)

    def commit(self) -> None:
        """Keep at hand what has been committed."""
        self.transactions.commit()


class SqlAdmin:
    """See :class:`chargewire.backoffice.store.base.Admin`."""

    def __init__(self, reader: AsyncEngine, writer: Writer) -> None:
        self._reader = reader
        self._writer = writer

    async def load_token_hash(self) -> str | None:
        async with self._reader.connect() as connection:
            return (await connection.execute(_SETTING, {"of": _TOKEN_HASH})).scalar_one_or_none()

    async def save_token_hash(self, token_hash: str) -> None:
        def save(unit: Unit) -> None:
            unit.save_setting(_TOKEN_HASH, token_hash)

        await self._writer.write(save)


class SqlStore:
    """See :class:`chargewire.backoffice.store.base.Store`. Made by :func:`open_sql_store`."""

    def __init__(self, reader: AsyncEngine, engine: Engine, *, clock: Clock) -> None:
        subscribers = Subscribers()
        self._reader = reader
        self._engine = engine
        self._cache = RecordCache()
        self._writer = Writer(engine, unit=self._unit, publish=subscribers.publish)
        self.stations = SqlStations(reader, self._writer, clock=clock)
        self.id_tokens = SqlIdTokens(reader, self._writer)
        self.transactions = SqlTransactions(reader)
        self.events = SqlEvents(reader, subscribers)
        self.admin = SqlAdmin(reader, self._writer)

    async def write(self, work: Work[T]) -> T:
        """Run a unit of work; see :meth:`chargewire.backoffice.store.base.Store.write`."""
        return await self._writer.write(work)

    def _unit(self, connection: Connection) -> SqlUnit:
        """Make what units of work of one batch write through; called by the writer's thread."""
        self._cache.check(foreign_changes(connection))
        return SqlUnit(connection, self._cache)

    async def close(self) -> None:
        """Finish what was asked for, then let go of the database."""
        await self._writer.close()
        await self._reader.dispose()
        await asyncio.to_thread(self._engine.dispose)


async def open_sql_store(url: str, *, clock: Clock, lock_timeout: float = 5.0) -> SqlStore:
    """Open an SQLite database, creating or migrating it.

    Args:
        url: such as ``sqlite:///chargewire.db``.
        clock: tells the present.
        lock_timeout: seconds to wait for another process that writes to the file.

    Raises:
        OpenError: it cannot be opened; the message says why.
    """
    parsed = parse_url(url)
    engine = create_writer(parsed, lock_timeout=lock_timeout)
    try:
        await asyncio.to_thread(_prepare, engine, clock())
    except BaseException:
        await asyncio.to_thread(engine.dispose)
        raise
    return SqlStore(create_reader(parsed), engine, clock=clock)


def _prepare(engine: Engine, now: datetime) -> None:
    """Bring the schema up to date, and write that nobody is connected: this process has no sockets yet."""
    migrate(engine)
    with engine.begin() as connection:
        dropped = connection.execute(RELEASE_ALL, {"at": now}).scalars().all()
        append(
            connection,
            [
                station_disconnected(identity, at=now, code=_ABNORMAL_CLOSURE, reason="the CSMS ended")
                for identity in dropped
            ],
        )

"""The two engines of an SQLite database, and its schema brought up to date. Knows no tables.

Reading goes through aiosqlite and several connections. Writing has one connection, in a thread of its own: aiosqlite
crosses to its thread three or four times for each statement, which costs ten times the statement, while here a whole
batch of units of work costs one crossing. An engine with a real asynchronous driver would run batches by `run_sync`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from chargewire.backoffice.store.base import OpenError

MIGRATIONS = Path(__file__).parent.parent / "migrations"

# WAL lets readers go on while a batch is written. FULL makes each commit reach the disk, so that what a station was
# told survives a power cut, not only the end of the process; NORMAL would lose the last commits. Its price is one fsync
# a commit, and a commit serves a whole batch.
_PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON")


def parse_url(url: str) -> URL:
    """Read a database URL.

    Raises:
        OpenError: it is none, or of an engine or place that does not keep anything.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise OpenError(f"database: {url!r} is no URL; expected sqlite:///path/to/file.db") from error
    if parsed.drivername != "sqlite":
        raise OpenError(f"database: {parsed.drivername!r} is not supported; expected sqlite:///path/to/file.db")
    if not parsed.database or parsed.database == ":memory:":
        raise OpenError("database: SQLite needs a file, as in sqlite:///path/to/file.db; memory:// keeps nothing")
    return parsed


def create_writer(url: URL, *, lock_timeout: float) -> Engine:
    """Create the engine that writes, waiting up to ``lock_timeout`` seconds for another process that does."""
    engine = create_engine(
        url.set(drivername="sqlite+pysqlite"),
        connect_args={"timeout": lock_timeout},
        pool_size=1,
        max_overflow=0,
        json_serializer=_write_json,
        json_deserializer=msgspec.json.decode,
    )
    _configure(engine, begin="BEGIN IMMEDIATE", pragmas=_PRAGMAS)
    return engine


def create_reader(url: URL) -> AsyncEngine:
    """Create the engine that reads; each of its transactions sees one state of the database."""
    engine = create_async_engine(
        url.set(drivername="sqlite+aiosqlite"),
        json_serializer=_write_json,
        json_deserializer=msgspec.json.decode,
    )
    _configure(engine.sync_engine, begin="BEGIN", pragmas=("query_only = ON",))
    return engine


def migrate(engine: Engine) -> None:
    """Bring the schema up to date.

    Raises:
        OpenError: the database cannot be reached, or a newer chargewire has used it.
    """
    try:
        with engine.begin() as connection:
            _check_revision(connection)
            command.upgrade(alembic_config(connection), "head")
    except DBAPIError as error:
        raise OpenError(f"database: {engine.url.database} cannot be opened: {error.orig}") from error


def foreign_changes(connection: Connection) -> object:
    """Return a mark that differs from the last one when somebody else has changed the database meanwhile."""
    driver_connection = connection.connection.driver_connection
    cursor = connection.connection.cursor()
    cursor.execute("PRAGMA data_version")  # per connection; its own commits do not count
    (version,) = cursor.fetchone() or (None,)
    cursor.close()
    return id(driver_connection), version


def alembic_config(connection: Connection) -> Config:
    """Configure Alembic to run the packaged migrations on a connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _check_revision(connection: Connection) -> None:
    """Refuse a schema that this version does not know."""
    known = {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
    found = MigrationContext.configure(connection).get_current_revision()
    if found is not None and found not in known:
        raise OpenError(f"database: its schema {found!r} is of a newer chargewire; upgrade, or restore a backup")


def _configure(engine: Engine, *, begin: str, pragmas: tuple[str, ...]) -> None:
    """Take transactions out of the driver's hands: it would begin them late and break savepoints."""

    def connect(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", connect)
    event.listen(engine, "begin", start)


def _write_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()

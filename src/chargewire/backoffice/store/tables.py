"""The database schema, for SQLAlchemy Core. Knows no statements and no engine.

One set of tables for every engine: SQLite keeps times as integer microseconds in UTC, PostgreSQL in its own type.
Migrations change databases; a test compares them with these tables.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import TypeEngine

from chargewire.backoffice.domain import utc

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time. SQLite has no type for one that sorts, compares and keeps microseconds: there it is an integer."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the type of the column."""
        return dialect.type_descriptor(BigInteger() if dialect.name == "sqlite" else DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Write a time."""
        if value is None or dialect.name != "sqlite":
            return value
        return (utc(value) - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """Read a time."""
        if value is None or dialect.name != "sqlite":
            return value
        return _EPOCH + timedelta(microseconds=value)


# Only an INTEGER PRIMARY KEY is the rowid of SQLite; elsewhere keys need 64 bits.
Key = BigInteger().with_variant(Integer, "sqlite")
Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

_NAMES = {
    "pk": "pk_%(table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}

metadata = MetaData(naming_convention=_NAMES)

station = Table(
    "station",
    metadata,
    Column("station_pk", Key, primary_key=True),
    Column("identity", Text, nullable=False, unique=True),
    Column("registration", Text, nullable=False),
    Column("vendor", Text),
    Column("model", Text),
    Column("serial_number", Text),
    Column("firmware_version", Text),
    Column("protocol", Text),
    Column("boot_answer", Text),  # per station, not per socket: a reconnect without a boot keeps it
    Column("boot_reason", Text),
    Column("boot_at", UtcDateTime),
    Column("connection_epoch", BigInteger, nullable=False),  # fencing token of every write of connection state
    Column("connected", Boolean, nullable=False),
    Column("connected_at", UtcDateTime),
    Column("disconnected_at", UtcDateTime),
    Column("last_seen_at", UtcDateTime),
    CheckConstraint("registration IN ('Accepted', 'Pending', 'Rejected')", name="registration"),
    CheckConstraint("boot_answer IN ('Accepted', 'Pending', 'Rejected')", name="boot_answer"),
    sqlite_autoincrement=True,
)

connector = Table(
    "connector",
    metadata,
    Column("connector_pk", Key, primary_key=True),
    Column("station_pk", Key, ForeignKey("station.station_pk", ondelete="CASCADE"), nullable=False),
    Column("evse_id", BigInteger, nullable=False),
    Column("connector_id", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("error_code", Text),
    Column("info", Text),
    Column("vendor_error_code", Text),
    Column("status_at", UtcDateTime),
    Column("received_at", UtcDateTime),
    UniqueConstraint("station_pk", "evse_id", "connector_id"),
)

connector_status_log = Table(
    "connector_status_log",
    metadata,
    Column("connector_status_pk", Key, primary_key=True),
    Column("station_pk", Key, ForeignKey("station.station_pk", ondelete="CASCADE"), nullable=False),
    Column("evse_id", BigInteger, nullable=False),
    Column("connector_id", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("error_code", Text),
    Column("info", Text),
    Column("vendor_error_code", Text),
    Column("at", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Index(None, "station_pk", "evse_id", "at"),
)

id_token = Table(
    "id_token",
    metadata,
    Column("id_token_pk", Key, primary_key=True),
    Column("token", Text, nullable=False),
    Column("token_folded", Text, nullable=False),  # tokens compare without regard to case
    Column("type", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("note", Text),
    UniqueConstraint("token_folded", "type"),
)

transaction = Table(
    "transaction",
    metadata,
    Column("transaction_pk", Key, primary_key=True),  # also the transaction id of OCPP 1.6: positive, never used again
    Column("station_pk", Key, ForeignKey("station.station_pk"), nullable=False),
    Column("station_transaction_id", Text),  # OCPP 2.x
    Column("start_key", LargeBinary),  # OCPP 1.6: hash of connector, idTag, timestamp, meterStart
    Column("start_count", Integer, nullable=False),  # OCPP 1.6: how often its start was told
    Column("evse_id", BigInteger),
    Column("connector_id", BigInteger),
    Column("id_token", Text),
    Column("id_token_at", UtcDateTime),
    Column("id_token_seq", BigInteger),
    Column("stop_id_token", Text),
    Column("state", Text, nullable=False),
    Column("charging_state", Text),
    Column("charging_state_at", UtcDateTime),
    Column("charging_state_seq", BigInteger),
    Column("started_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("stop_reason", Text),
    Column("meter_start_wh", Float),
    Column("meter_stop_wh", Float),
    Column("first_register_wh", Float),
    Column("first_register_at", UtcDateTime),
    Column("last_register_wh", Float),
    Column("last_register_at", UtcDateTime),
    Column("power_w", Float),
    Column("power_at", UtcDateTime),
    Column("soc_percent", Float),
    Column("soc_at", UtcDateTime),
    Column("seq_started", BigInteger),
    Column("seq_ended", BigInteger),
    Column("seq_first", BigInteger),
    Column("seq_last", BigInteger),
    Column("seq_count", Integer, nullable=False),
    Column("remote_start_id", BigInteger),
    Column("reservation_id", BigInteger),
    Column("marks", Json, nullable=False),
    Column("first_received_at", UtcDateTime, nullable=False),
    Column("last_received_at", UtcDateTime, nullable=False),
    UniqueConstraint("station_pk", "station_transaction_id"),
    UniqueConstraint("station_pk", "start_key"),
    CheckConstraint("state IN ('open', 'ended', 'inferredEnded')", name="state"),
    CheckConstraint("station_transaction_id IS NOT NULL OR start_key IS NOT NULL", name="version"),
    # Not unique: two may overlap legally after the station was offline.
    Index(
        "ix_transaction_open",
        "station_pk",
        "evse_id",
        sqlite_where=text("state = 'open'"),
        postgresql_where=text("state = 'open'"),
    ),
    sqlite_autoincrement=True,
)

transaction_event = Table(
    "transaction_event",
    metadata,
    Column("transaction_pk", Key, ForeignKey("transaction.transaction_pk"), primary_key=True),
    Column("seq_no", BigInteger, primary_key=True),
    Column("body_hash", LargeBinary, primary_key=True),  # same seq_no and same hash: a retry; other hash: both are kept
    Column("event_type", Text, nullable=False),
    Column("trigger_reason", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("offline", Boolean, nullable=False),
    Column("body", Text, nullable=False),
)

orphan_message = Table(
    "orphan_message",
    metadata,
    Column("orphan_message_pk", Key, primary_key=True),
    Column("station_pk", Key, ForeignKey("station.station_pk"), nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("action", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("body", Text, nullable=False),
)

# One wide row per time and context of a meter. `content` is a hash of the values: several readings may carry one time
# legally (E04.FR.09, E12.FR.06), so a row is a repetition only when it says the same.
meter_sample = Table(
    "meter_sample",
    metadata,
    Column("station_pk", Key, ForeignKey("station.station_pk"), primary_key=True),
    Column("evse_id", BigInteger, primary_key=True),
    Column("at", UtcDateTime, primary_key=True),
    Column("context", SmallInteger, primary_key=True),
    Column("content", BigInteger, primary_key=True),
    Column("transaction_pk", Key, ForeignKey("transaction.transaction_pk")),
    Column("received_at", UtcDateTime, nullable=False),
    Column("energy_import_wh", Float),
    Column("energy_export_wh", Float),
    Column("power_import_w", Float),
    Column("power_export_w", Float),
    Column("power_offered_w", Float),
    Column("current_a", Float),
    Column("current_l1_a", Float),
    Column("current_l2_a", Float),
    Column("current_l3_a", Float),
    Column("voltage_v", Float),
    Column("voltage_l1_v", Float),
    Column("voltage_l2_v", Float),
    Column("voltage_l3_v", Float),
    Column("soc_percent", Float),
    Column("frequency_hz", Float),
    Column("temperature_c", Float),
    Column("extra", Json),  # what has no column
    Index(
        "ix_meter_sample_transaction",
        "transaction_pk",
        "at",
        sqlite_where=text("transaction_pk IS NOT NULL"),
        postgresql_where=text("transaction_pk IS NOT NULL"),
    ),
    sqlite_with_rowid=False,
)

outbox_event = Table(
    "outbox_event",
    metadata,
    Column("event_pk", Key, primary_key=True),  # the cursor
    Column("at", UtcDateTime, nullable=False),
    Column("station", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("data", Json, nullable=False),
    sqlite_autoincrement=True,
)

setting = Table(
    "setting",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

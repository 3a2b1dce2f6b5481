"""The first tables.

Revision ID: 0001
Revises: nothing
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from chargewire.backoffice.store.tables import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
TABLES = (
    "station",
    "connector",
    "connector_status_log",
    "id_token",
    "transaction",
    "transaction_event",
    "orphan_message",
    "meter_sample",
    "outbox_event",
    "setting",
)


def upgrade() -> None:
    """Apply the revision."""
    _create_stations()
    _create_id_tokens()
    _create_transactions()
    _create_meter()
    _create_outbox()


def downgrade() -> None:
    """Take the revision back."""
    for table in reversed(TABLES):
        op.drop_table(table)


def _create_stations() -> None:
    """Stations, their connectors and the history of those."""
    op.create_table(
        "station",
        sa.Column("station_pk", KEY, nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("registration", sa.Text(), nullable=False),
        sa.Column("vendor", sa.Text()),
        sa.Column("model", sa.Text()),
        sa.Column("serial_number", sa.Text()),
        sa.Column("firmware_version", sa.Text()),
        sa.Column("protocol", sa.Text()),
        sa.Column("boot_answer", sa.Text()),
        sa.Column("boot_reason", sa.Text()),
        sa.Column("boot_at", UtcDateTime()),
        sa.Column("connection_epoch", sa.BigInteger(), nullable=False),
        sa.Column("connected", sa.Boolean(), nullable=False),
        sa.Column("connected_at", UtcDateTime()),
        sa.Column("disconnected_at", UtcDateTime()),
        sa.Column("last_seen_at", UtcDateTime()),
        sa.CheckConstraint("boot_answer IN ('Accepted', 'Pending', 'Rejected')", name="ck_station_boot_answer"),
        sa.CheckConstraint("registration IN ('Accepted', 'Pending', 'Rejected')", name="ck_station_registration"),
        sa.PrimaryKeyConstraint("station_pk", name="pk_station"),
        sa.UniqueConstraint("identity", name="uq_station_identity"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "connector",
        sa.Column("connector_pk", KEY, nullable=False),
        sa.Column("station_pk", KEY, nullable=False),
        sa.Column("evse_id", sa.BigInteger(), nullable=False),
        sa.Column("connector_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("error_code", sa.Text()),
        sa.Column("info", sa.Text()),
        sa.Column("vendor_error_code", sa.Text()),
        sa.Column("status_at", UtcDateTime()),
        sa.Column("received_at", UtcDateTime()),
        sa.ForeignKeyConstraint(
            ["station_pk"], ["station.station_pk"], name="fk_connector_station_pk", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("connector_pk", name="pk_connector"),
        sa.UniqueConstraint(
            "station_pk", "evse_id", "connector_id", name="uq_connector_station_pk_evse_id_connector_id"
        ),
    )
    op.create_table(
        "connector_status_log",
        sa.Column("connector_status_pk", KEY, nullable=False),
        sa.Column("station_pk", KEY, nullable=False),
        sa.Column("evse_id", sa.BigInteger(), nullable=False),
        sa.Column("connector_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("error_code", sa.Text()),
        sa.Column("info", sa.Text()),
        sa.Column("vendor_error_code", sa.Text()),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["station_pk"], ["station.station_pk"], name="fk_connector_status_log_station_pk", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("connector_status_pk", name="pk_connector_status_log"),
    )
    op.create_index(
        "ix_connector_status_log_station_pk_evse_id_at", "connector_status_log", ["station_pk", "evse_id", "at"]
    )


def _create_id_tokens() -> None:
    """Who may charge."""
    op.create_table(
        "id_token",
        sa.Column("id_token_pk", KEY, nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("token_folded", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("expires_at", UtcDateTime()),
        sa.Column("note", sa.Text()),
        sa.PrimaryKeyConstraint("id_token_pk", name="pk_id_token"),
        sa.UniqueConstraint("token_folded", "type", name="uq_id_token_token_folded_type"),
    )


def _create_transactions() -> None:
    """Transactions, the events that tell of them, and messages that belong to none."""
    op.create_table(
        "transaction",
        sa.Column("transaction_pk", KEY, nullable=False),
        sa.Column("station_pk", KEY, nullable=False),
        sa.Column("station_transaction_id", sa.Text()),
        sa.Column("start_key", sa.LargeBinary()),
        sa.Column("start_count", sa.Integer(), nullable=False),
        sa.Column("evse_id", sa.BigInteger()),
        sa.Column("connector_id", sa.BigInteger()),
        sa.Column("id_token", sa.Text()),
        sa.Column("id_token_at", UtcDateTime()),
        sa.Column("id_token_seq", sa.BigInteger()),
        sa.Column("stop_id_token", sa.Text()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("charging_state", sa.Text()),
        sa.Column("charging_state_at", UtcDateTime()),
        sa.Column("charging_state_seq", sa.BigInteger()),
        sa.Column("started_at", UtcDateTime()),
        sa.Column("ended_at", UtcDateTime()),
        sa.Column("stop_reason", sa.Text()),
        sa.Column("meter_start_wh", sa.Float()),
        sa.Column("meter_stop_wh", sa.Float()),
        sa.Column("first_register_wh", sa.Float()),
        sa.Column("first_register_at", UtcDateTime()),
        sa.Column("last_register_wh", sa.Float()),
        sa.Column("last_register_at", UtcDateTime()),
        sa.Column("power_w", sa.Float()),
        sa.Column("power_at", UtcDateTime()),
        sa.Column("soc_percent", sa.Float()),
        sa.Column("soc_at", UtcDateTime()),
        sa.Column("seq_started", sa.BigInteger()),
        sa.Column("seq_ended", sa.BigInteger()),
        sa.Column("seq_first", sa.BigInteger()),
        sa.Column("seq_last", sa.BigInteger()),
        sa.Column("seq_count", sa.Integer(), nullable=False),
        sa.Column("remote_start_id", sa.BigInteger()),
        sa.Column("reservation_id", sa.BigInteger()),
        sa.Column("marks", JSON, nullable=False),
        sa.Column("first_received_at", UtcDateTime(), nullable=False),
        sa.Column("last_received_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'ended', 'inferredEnded')", name="ck_transaction_state"),
        sa.CheckConstraint(
            "station_transaction_id IS NOT NULL OR start_key IS NOT NULL", name="ck_transaction_version"
        ),
        sa.ForeignKeyConstraint(["station_pk"], ["station.station_pk"], name="fk_transaction_station_pk"),
        sa.PrimaryKeyConstraint("transaction_pk", name="pk_transaction"),
        sa.UniqueConstraint("station_pk", "start_key", name="uq_transaction_station_pk_start_key"),
        sa.UniqueConstraint(
            "station_pk", "station_transaction_id", name="uq_transaction_station_pk_station_transaction_id"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_transaction_open",
        "transaction",
        ["station_pk", "evse_id"],
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "transaction_event",
        sa.Column("transaction_pk", KEY, nullable=False),
        sa.Column("seq_no", sa.BigInteger(), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("trigger_reason", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("offline", sa.Boolean(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["transaction_pk"], ["transaction.transaction_pk"], name="fk_transaction_event_transaction_pk"
        ),
        sa.PrimaryKeyConstraint("transaction_pk", "seq_no", "body_hash", name="pk_transaction_event"),
    )
    op.create_table(
        "orphan_message",
        sa.Column("orphan_message_pk", KEY, nullable=False),
        sa.Column("station_pk", KEY, nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["station_pk"], ["station.station_pk"], name="fk_orphan_message_station_pk"),
        sa.PrimaryKeyConstraint("orphan_message_pk", name="pk_orphan_message"),
    )


def _create_meter() -> None:
    """One wide row per time and context of a meter."""
    op.create_table(
        "meter_sample",
        sa.Column("station_pk", KEY, nullable=False),
        sa.Column("evse_id", sa.BigInteger(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("context", sa.SmallInteger(), nullable=False),
        sa.Column("content", sa.BigInteger(), nullable=False),
        sa.Column("transaction_pk", KEY),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("energy_import_wh", sa.Float()),
        sa.Column("energy_export_wh", sa.Float()),
        sa.Column("power_import_w", sa.Float()),
        sa.Column("power_export_w", sa.Float()),
        sa.Column("power_offered_w", sa.Float()),
        sa.Column("current_a", sa.Float()),
        sa.Column("current_l1_a", sa.Float()),
        sa.Column("current_l2_a", sa.Float()),
        sa.Column("current_l3_a", sa.Float()),
        sa.Column("voltage_v", sa.Float()),
        sa.Column("voltage_l1_v", sa.Float()),
        sa.Column("voltage_l2_v", sa.Float()),
        sa.Column("voltage_l3_v", sa.Float()),
        sa.Column("soc_percent", sa.Float()),
        sa.Column("frequency_hz", sa.Float()),
        sa.Column("temperature_c", sa.Float()),
        sa.Column("extra", JSON),
        sa.ForeignKeyConstraint(["station_pk"], ["station.station_pk"], name="fk_meter_sample_station_pk"),
        sa.ForeignKeyConstraint(
            ["transaction_pk"], ["transaction.transaction_pk"], name="fk_meter_sample_transaction_pk"
        ),
        sa.PrimaryKeyConstraint("station_pk", "evse_id", "at", "context", "content", name="pk_meter_sample"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_meter_sample_transaction",
        "meter_sample",
        ["transaction_pk", "at"],
        sqlite_where=sa.text("transaction_pk IS NOT NULL"),
        postgresql_where=sa.text("transaction_pk IS NOT NULL"),
    )


def _create_outbox() -> None:
    """The order of all changes, and the settings of the CSMS itself."""
    op.create_table(
        "outbox_event",
        sa.Column("event_pk", KEY, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("station", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.PrimaryKeyConstraint("event_pk", name="pk_outbox_event"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "setting",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_setting"),
    )

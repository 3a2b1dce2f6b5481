"""What Alembic runs to migrate: always on the connection it is handed, in the transaction that is open there."""

from __future__ import annotations

from alembic import context

from chargewire.backoffice.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
    compare_type=True,
)
context.run_migrations()

"""The store in SQL: SQLAlchemy Core, group commit, migrations."""

from chargewire.backoffice.store.sql.store import open_sql_store

__all__ = ["open_sql_store"]

"""Many rows for one statement, without what SQLAlchemy does for each of them. Knows no tables.

SQLAlchemy works out the parameters of each row anew, which costs more than writing the row. Here the statement is
compiled once, with what converts each column's values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Insert, Update

_Convert = Callable[[Any], Any] | None


class BulkStatement:
    """An INSERT or UPDATE for many rows at once.

    Args:
        statement: without values of its own; its parameters are named like the keys of the rows.
        names: the keys of every row.
    """

    def __init__(self, statement: Insert | Update, names: Sequence[str]) -> None:
        self._statement = statement
        self._names = names
        self._compiled: tuple[str, Sequence[tuple[str, _Convert]]] | None = None

    def execute(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write the rows; none is nothing to do."""
        if not rows:
            return
        if self._compiled is None:
            self._compiled = self._compile(connection.dialect)
        sql, columns = self._compiled
        values = [
            tuple(row[name] if convert is None else convert(row[name]) for name, convert in columns) for row in rows
        ]
        connection.exec_driver_sql(sql, values)

    def _compile(self, dialect: Dialect) -> tuple[str, Sequence[tuple[str, _Convert]]]:
        compiled = self._statement.compile(dialect=dialect, column_keys=list(self._names))
        if compiled.positiontup is None:
            raise TypeError(f"{dialect.name}: its driver does not take parameters by position")
        columns = [
            (name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
            for name in compiled.positiontup
        ]
        return str(compiled), columns

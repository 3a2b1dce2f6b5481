"""The outbox in SQL. Knows nothing about what the events mean."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine

from chargewire.backoffice.domain import Event, OutboxEvent
from chargewire.backoffice.store.base import Subscriber
from chargewire.backoffice.store.subscribers import Subscribers
from chargewire.backoffice.store.tables import outbox_event

_APPEND = insert(outbox_event).returning(outbox_event.c.event_pk, sort_by_parameter_order=True)
_LATEST = select(func.coalesce(func.max(outbox_event.c.event_pk), 0))
_AFTER = (
    select(outbox_event)
    .where(outbox_event.c.event_pk > bindparam("cursor"))
    .order_by(outbox_event.c.event_pk)
    .limit(bindparam("count"))
)
_AFTER_OF = _AFTER.where(outbox_event.c.station.in_(bindparam("stations", expanding=True)))


class SqlEvents:
    """See :class:`chargewire.backoffice.store.base.Events`."""

    def __init__(self, reader: AsyncEngine, subscribers: Subscribers) -> None:
        self._reader = reader
        self._subscribers = subscribers

    async def latest(self) -> int:
        async with self._reader.connect() as connection:
            return int((await connection.execute(_LATEST)).scalar_one())

    async def after(
        self, cursor: int, *, limit: int, stations: Collection[str] | None = None
    ) -> tuple[OutboxEvent, ...]:
        values: dict[str, Any] = {"cursor": cursor, "count": limit}
        if stations is not None:
            values["stations"] = list(stations)
        async with self._reader.connect() as connection:
            rows = (await connection.execute(_AFTER if stations is None else _AFTER_OF, values)).all()
        return tuple(OutboxEvent(row.event_pk, row.at, row.station, row.type, row.data) for row in rows)

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        return self._subscribers.subscribe(callback)


def append(connection: Connection, events: Sequence[Event]) -> tuple[OutboxEvent, ...]:
    """Write events in their order. The only writer of the table commits them in the order of their cursors."""
    rows = [{"at": event.at, "station": event.station, "type": event.type, "data": event.data} for event in events]
    if not rows:
        return ()
    cursors = connection.execute(_APPEND, rows).scalars().all()
    return tuple(
        OutboxEvent(cursor, event.at, event.station, event.type, event.data)
        for cursor, event in zip(cursors, events, strict=True)
    )

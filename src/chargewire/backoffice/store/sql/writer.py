"""One writer with group commit: what came in while a commit was under way shares the next one. Knows no tables.

A unit of work hears of its success after the commit, so that an answer to a station is never ahead of the disk. Each
has a savepoint: one that fails is undone alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from chargewire.backoffice.domain import OutboxEvent
from chargewire.backoffice.store.base import StoreClosedError, StoreError

T = TypeVar("T")

MAX_BATCH = 200  # more would keep the first of them waiting longer than they save

_log = logging.getLogger(__name__)


class BatchUnit(Protocol):
    """What units of work of one batch write through."""

    def mark(self) -> tuple[int, ...]:
        """Remember what is still to be written."""
        ...

    def forget(self, mark: tuple[int, ...]) -> None:
        """Drop what was added since ``mark``."""
        ...

    def flush(self) -> Sequence[OutboxEvent]:
        """Write what was kept back to be written at once. Returns the events of the batch."""
        ...

    def commit(self) -> None:
        """Hear that everything has been committed."""
        ...


@dataclass(frozen=True, slots=True)
class _Order:
    """A unit of work and who waits for it."""

    work: Callable[[Any], Any]
    done: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of a unit of work."""

    value: Any = None
    error: Exception | None = None


class Writer:
    """Runs units of work in order of arrival, many to a commit.

    Args:
        engine: what writes; used by the writer's thread only.
        unit: makes what units of work write through, for one transaction.
        publish: called on the loop after each commit, with its events.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        unit: Callable[[Connection], BatchUnit],
        publish: Callable[[Sequence[OutboxEvent]], None],
    ) -> None:
        self._engine = engine
        self._unit = unit
        self._publish = publish
        self._orders: deque[_Order] = deque()
        self._arrived = asyncio.Event()
        self._is_closing = False
        self._thread = ThreadPoolExecutor(1, "chargewire-store")
        self._loop = asyncio.get_running_loop()
        self._task = self._loop.create_task(self._run(), name="chargewire-store-writer")

    async def write(self, work: Callable[[Any], T]) -> T:
        """Run a unit of work; see :meth:`Store.write`."""
        if self._is_closing:
            raise StoreClosedError("the store is closed")
        done: asyncio.Future[T] = self._loop.create_future()
        self._orders.append(_Order(work, done))
        self._arrived.set()
        return await done

    async def close(self) -> None:
        """Finish what was ordered."""
        self._is_closing = True
        self._arrived.set()
        await self._task
        self._thread.shutdown()

    async def _run(self) -> None:
        while self._orders or not self._is_closing:
            await self._arrived.wait()
            self._arrived.clear()
            while self._orders:
                # One turn of the loop lets the messages that arrived together join the batch.
                await asyncio.sleep(0)
                batch = [self._orders.popleft() for _ in range(min(len(self._orders), MAX_BATCH))]
                await self._commit(batch)

    async def _commit(self, batch: Sequence[_Order]) -> None:
        """Commit a batch, tell about it, then let those who wait go on."""
        try:
            outcomes, events = await self._loop.run_in_executor(self._thread, self._write, batch)
        except Exception as error:  # noqa: BLE001 - whatever it was, those who wait must hear of it
            if len(batch) > 1 and not isinstance(error, OperationalError):
                # The database works, so one of them cannot be written: it must not take the others with it.
                for order in batch:
                    await self._commit([order])
                return
            _log.error("%d units of work could not be committed: %s", len(batch), error)
            outcomes, events = [_Outcome(error=_store_error(error)) for _ in batch], ()
        if events:
            self._publish(events)
        for order, outcome in zip(batch, outcomes, strict=True):
            if order.done.done():
                continue  # whoever asked was cancelled; the work counts all the same
            if outcome.error is None:
                order.done.set_result(outcome.value)
            else:
                order.done.set_exception(outcome.error)

    def _write(self, batch: Sequence[_Order]) -> tuple[list[_Outcome], Sequence[OutboxEvent]]:
        """Run in the thread: all of a batch in one transaction."""
        with self._engine.begin() as connection:
            unit = self._unit(connection)
            cursor = connection.connection.cursor()
            outcomes = [_attempt(order.work, unit, cursor) for order in batch]
            cursor.close()
            events = unit.flush()
        unit.commit()
        return outcomes, events


def _attempt(work: Callable[[Any], Any], unit: BatchUnit, cursor: Any) -> _Outcome:
    """Run one unit of work inside a savepoint."""
    mark = unit.mark()
    # SQLAlchemy's own savepoints cost more than what is written inside them.
    cursor.execute("SAVEPOINT unit_of_work")
    try:
        outcome = _Outcome(work(unit))
    except Exception as error:  # noqa: BLE001 - it belongs to whoever asked for the work
        cursor.execute("ROLLBACK TO SAVEPOINT unit_of_work")
        unit.forget(mark)
        outcome = _Outcome(error=_store_error(error) if isinstance(error, SQLAlchemyError) else error)
    cursor.execute("RELEASE SAVEPOINT unit_of_work")
    return outcome


def _store_error(error: Exception) -> StoreError:
    """Keep the engine's exceptions inside the store."""
    wrapped = StoreError(str(getattr(error, "orig", None) or error))
    wrapped.__cause__ = error
    return wrapped

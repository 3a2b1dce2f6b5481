"""Where the CSMS keeps what it knows. What a store can do is in :mod:`chargewire.backoffice.store.base`."""

from __future__ import annotations

from chargewire.backoffice.domain import Clock
from chargewire.backoffice.store.base import (
    Claim,
    Novelty,
    OpenError,
    Sample,
    Store,
    StoreClosedError,
    StoreError,
    Unit,
)
from chargewire.backoffice.store.memory import MemoryStore
from chargewire.backoffice.store.sql import open_sql_store

__all__ = [
    "Claim",
    "MemoryStore",
    "Novelty",
    "OpenError",
    "Sample",
    "Store",
    "StoreClosedError",
    "StoreError",
    "Unit",
    "open_store",
]

_MEMORY = "memory://"


async def open_store(url: str, *, clock: Clock) -> Store:
    """Open a database, creating or migrating it.

    Args:
        url: ``sqlite:///path/to/file.db``, or ``memory://`` for one that keeps nothing.
        clock: tells the present.

    Raises:
        OpenError: it cannot be opened; the message says why.
    """
    return MemoryStore(clock=clock) if url == _MEMORY else await open_sql_store(url, clock=clock)

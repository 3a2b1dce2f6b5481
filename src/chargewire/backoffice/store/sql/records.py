"""Transactions that the writer keeps at hand, so that a message about one needs no SELECT and shares its UPDATE.

Only the writer's thread uses it. What it keeps is what the database says, as long as nobody else writes there: each
batch asks the database for that first, see :meth:`RecordCache.check`.
"""

from __future__ import annotations

from collections.abc import Iterable

from chargewire.backoffice.domain import TransactionRecord

MAX_RECORDS = 20_000  # about 15 MB


class RecordCache:
    """Transactions as they were last committed.

    Args:
        limit: how many to keep.
    """

    def __init__(self, *, limit: int = MAX_RECORDS) -> None:
        self._limit = limit
        self._version: object = None
        self._records: dict[int, TransactionRecord] = {}
        self._ids: dict[tuple[str, str], int] = {}

    def check(self, version: object) -> None:
        """Forget everything unless ``version``, the database's mark of foreign changes, is the one seen last."""
        if version != self._version:
            self._version = version
            self._records.clear()
            self._ids.clear()

    def get(self, id: int) -> TransactionRecord | None:
        """Find a transaction by the CSMS's number."""
        return self._records.get(id)

    def named(self, station: str, station_transaction_id: str) -> TransactionRecord | None:
        """Find a transaction by the station's id."""
        id = self._ids.get((station, station_transaction_id))
        return None if id is None else self._records.get(id)

    def keep(self, records: Iterable[TransactionRecord]) -> None:
        """Take over what has been committed. When it is too much, the one taken over first is forgotten."""
        for record in records:
            self._records.pop(record.id, None)
            self._records[record.id] = record
            if record.station_transaction_id is not None:
                self._ids[record.station, record.station_transaction_id] = record.id
        while len(self._records) > self._limit:
            oldest = self._records.pop(next(iter(self._records)))
            if oldest.station_transaction_id is not None:
                self._ids.pop((oldest.station, oldest.station_transaction_id), None)


class PendingRecords:
    """Transactions that the units of work of one batch changed, in front of the cache."""

    def __init__(self, cache: RecordCache) -> None:
        self._cache = cache
        self._saved: list[TransactionRecord] = []
        self._newest: dict[int, TransactionRecord] = {}
        self._ids: dict[tuple[str, str], int] = {}

    def __len__(self) -> int:
        """How many changes there were."""
        return len(self._saved)

    def get(self, id: int) -> TransactionRecord | None:
        """Find a transaction by the CSMS's number."""
        return self._newest.get(id) or self._cache.get(id)

    def named(self, station: str, station_transaction_id: str) -> TransactionRecord | None:
        """Find a transaction by the station's id."""
        id = self._ids.get((station, station_transaction_id))
        return self._cache.named(station, station_transaction_id) if id is None else self._newest[id]

    def of(self, station: str) -> dict[int, TransactionRecord]:
        """Find the changed transactions of a station."""
        return {id: record for id, record in self._newest.items() if record.station == station}

    def save(self, record: TransactionRecord) -> None:
        """Change a transaction."""
        self._saved.append(record)
        self._newest[record.id] = record
        if record.station_transaction_id is not None:
            self._ids[record.station, record.station_transaction_id] = record.id

    def forget(self, length: int) -> None:
        """Take back all but the first ``length`` changes."""
        kept = self._saved[:length]
        self._saved, self._newest, self._ids = [], {}, {}
        for record in kept:
            self.save(record)

    def newest(self) -> list[TransactionRecord]:
        """List each changed transaction as it is in the end."""
        return list(self._newest.values())

    def commit(self) -> None:
        """Hand the changes to the cache, once they are committed."""
        self._cache.keep(self._newest.values())

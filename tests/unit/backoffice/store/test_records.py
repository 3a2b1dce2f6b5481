"""What the writer keeps at hand."""

from __future__ import annotations

from chargewire.backoffice.domain import TransactionRecord
from chargewire.backoffice.store.sql.records import PendingRecords, RecordCache


def record(id: int, *, name: str | None = None, station: str = "CP1", seq_count: int = 0) -> TransactionRecord:
    return TransactionRecord(id=id, station=station, station_transaction_id=name, seq_count=seq_count)


def test_a_committed_transaction_is_found_by_both_its_ids() -> None:
    cache = RecordCache()
    cache.keep([record(1, name="T1")])
    assert cache.get(1) == cache.named("CP1", "T1") == record(1, name="T1")
    assert cache.named("CP2", "T1") is None
    assert cache.get(2) is None


def test_too_many_push_out_the_one_that_was_left_alone_longest() -> None:
    cache = RecordCache(limit=2)
    cache.keep([record(1, name="T1"), record(2, name="T2")])
    cache.keep([record(1, name="T1", seq_count=1)])
    cache.keep([record(3)])
    assert cache.get(2) is None
    assert cache.named("CP1", "T2") is None
    cache.keep([record(4)])
    assert [id for id in range(1, 5) if cache.get(id)] == [3, 4]


def test_a_foreign_change_makes_it_forget_everything() -> None:
    cache = RecordCache()
    cache.check(1)
    cache.keep([record(1, name="T1")])
    cache.check(1)
    assert cache.get(1)
    cache.check(2)
    assert (cache.get(1), cache.named("CP1", "T1")) == (None, None)


def test_changes_stand_before_what_was_committed_until_they_are_taken_back() -> None:
    cache = RecordCache()
    cache.keep([record(1, name="T1")])
    pending = PendingRecords(cache)
    pending.save(record(1, name="T1", seq_count=1))
    length = len(pending)
    pending.save(record(1, name="T1", seq_count=2))
    pending.save(record(2, name="T2"))
    assert pending.named("CP1", "T1") == pending.get(1) == record(1, name="T1", seq_count=2)
    pending.forget(length)
    assert pending.named("CP1", "T1") == pending.get(1) == record(1, name="T1", seq_count=1)
    assert (pending.get(2), pending.named("CP1", "T2")) == (None, None)
    pending.forget(0)
    assert pending.named("CP1", "T1") == pending.get(1) == record(1, name="T1")


def test_each_changed_transaction_is_written_once_and_then_kept() -> None:
    cache = RecordCache()
    pending = PendingRecords(cache)
    for changed in (record(1), record(2, station="CP2"), record(1, seq_count=1)):
        pending.save(changed)
    assert pending.newest() == [record(1, seq_count=1), record(2, station="CP2")]
    assert pending.of("CP1") == {1: record(1, seq_count=1)}
    assert cache.get(1) is None
    pending.commit()
    assert cache.get(1) == record(1, seq_count=1)

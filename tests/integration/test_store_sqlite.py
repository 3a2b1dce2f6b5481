"""What only a store on disk can do, or fail to do."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from support.depot import NOON, Depot, FixedClock

from chargewire import v16, v201
from chargewire.backoffice.domain import IdToken, Reading, Registration, TransactionState, UnknownTokens
from chargewire.backoffice.store import Claim, OpenError, Sample, Store, StoreError, Unit, open_store
from chargewire.backoffice.store.sql import open_sql_store
from chargewire.backoffice.store.sql.engine import alembic_config, create_writer, migrate, parse_url

START = v16.StartTransaction(connector_id=1, id_tag="TAG", meter_start=1000, timestamp=NOON)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "test.db"


@asynccontextmanager
async def opened(path: Path, *, lock_timeout: float = 5.0) -> AsyncIterator[Store]:
    store = await open_sql_store(f"sqlite:///{path}", clock=FixedClock(), lock_timeout=lock_timeout)
    try:
        yield store
    finally:
        await store.close()


class TestOpening:
    @pytest.mark.parametrize(
        ("url", "reason"),
        [
            ("nonsense", "is no URL"),
            ("oracle://host/db", "'oracle' is not supported"),
            ("postgresql://host/db", "'postgresql' is not supported"),
            ("sqlite://", "SQLite needs a file"),
            ("sqlite:///:memory:", "SQLite needs a file"),
            ("sqlite:////nowhere/at/all/test.db", "/nowhere/at/all/test.db cannot be opened"),
        ],
    )
    async def test_what_cannot_be_opened_says_why(self, url: str, reason: str) -> None:
        with pytest.raises(OpenError, match=reason):
            await open_store(url, clock=FixedClock())

    def test_a_file_that_is_no_database_says_so(self, path: Path) -> None:
        path.write_bytes(b"certainly not a database, but long enough to have a header" * 20)
        with pytest.raises(OpenError, match="file is not a database"):
            asyncio.run(open_store(f"sqlite:///{path}", clock=FixedClock()))

    async def test_a_newer_schema_is_refused(self, path: Path) -> None:
        async with opened(path):
            pass
        with sqlite3.connect(path) as database:
            database.execute("UPDATE alembic_version SET version_num = '9999'")
        database.close()
        with pytest.raises(OpenError, match="'9999' is of a newer chargewire"):
            await open_store(f"sqlite:///{path}", clock=FixedClock())

    async def test_a_percent_sign_in_the_path_is_just_a_sign(self, tmp_path: Path) -> None:
        async with opened(tmp_path / "100%(x)s.db") as store:
            assert await store.events.latest() == 0

    def test_migrations_make_the_tables_and_take_them_away(self, path: Path) -> None:
        engine = create_writer(parse_url(f"sqlite:///{path}"), lock_timeout=1)
        migrate(engine)
        migrate(engine)  # nothing is left to do
        with engine.begin() as connection:
            command.check(alembic_config(connection))  # raises when tables.py and the migrations differ
        with engine.begin() as connection:
            command.downgrade(alembic_config(connection), "base")
            tables = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars()
            assert set(tables) == {"alembic_version", "sqlite_sequence"}
        engine.dispose()

    async def test_answers_survive_a_power_cut_and_references_are_checked(self, path: Path) -> None:
        async with opened(path) as store:
            pragmas = {
                name: await store.write(lambda unit, name=name: _pragma(unit, name))
                for name in ("journal_mode", "synchronous", "foreign_keys")
            }
        assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def _pragma(unit: Unit, name: str) -> object:
    return unit._connection.exec_driver_sql(f"PRAGMA {name}").scalar()  # type: ignore[attr-defined]


class TestAfterTheProcessEnded:
    async def test_everything_answered_is_there_again(self, path: Path) -> None:
        async with opened(path) as store:
            depot = Depot(store, clock=FixedClock(NOON + timedelta(hours=1)))
            station = await depot.boot()
            id = (await depot.send(station, START)).transaction_id
            before = (await store.stations.load("CP1"), await store.transactions.load(id))
        async with opened(path) as store:
            depot = Depot(store, clock=FixedClock(NOON + timedelta(hours=2)))
            after = (await store.stations.load("CP1"), await store.transactions.load(id))
            assert after[1] == before[1]
            assert after[0] is not None
            assert after[0].model == "One"
            again = await depot.send(await depot.connect(), START)
            assert again.transaction_id == id
            stop = v16.StopTransaction(transaction_id=id, timestamp=NOON + timedelta(hours=1), meter_stop=2000)
            await depot.send(await depot.connect(), stop)
            assert (await depot.only_transaction()).state is TransactionState.ENDED

    async def test_nobody_is_connected_after_a_start(self, path: Path) -> None:
        async with opened(path) as store:
            await Depot(store, clock=FixedClock()).connect()
        async with opened(path) as store:
            station = await store.stations.load("CP1")
            assert station is not None
            assert not station.connected
            event = (await store.events.after(0, limit=10))[-1]
            assert (event.type, event.data) == (
                "station.disconnected",
                {"code": 1006, "reason": "the CSMS ended"},
            )

    async def test_cursors_and_ids_go_on(self, path: Path) -> None:
        async with opened(path) as store:
            await store.stations.set_registration("nobody", Registration.ACCEPTED)
            depot = Depot(store, clock=FixedClock())
            id = (await depot.send(await depot.connect(), START)).transaction_id
            latest = await store.events.latest()
        with sqlite3.connect(path) as database:
            for table in ("outbox_event", "meter_sample", '"transaction"'):
                database.execute(f"DELETE FROM {table}")
        database.close()
        async with opened(path) as store:
            depot = Depot(store, clock=FixedClock())
            assert (await depot.send(await depot.connect(), START)).transaction_id > id
            assert depot.events[0].cursor > latest

    async def test_a_2x_station_that_was_accepted_stays_so(self, path: Path) -> None:
        """The answer to the last boot belongs to the station, not to the process."""
        async with opened(path) as store:
            await Depot(store, clock=FixedClock()).boot("CP2", v201)
        async with opened(path) as store:
            depot = Depot(store, clock=FixedClock())
            await depot.send(await depot.connect("CP2", v201), v201.Heartbeat())


class TestTrouble:
    async def test_a_start_while_the_database_is_locked_fails_and_succeeds_when_repeated(self, path: Path) -> None:
        async with opened(path, lock_timeout=0.05) as store:
            depot = Depot(store, clock=FixedClock())
            station = await depot.boot()
            blocker = sqlite3.connect(path, isolation_level=None)
            blocker.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError, match="database is locked"):
                await depot.send(station, START)
            assert (await depot.send(station, v16.Heartbeat())).current_time == NOON
            blocker.execute("ROLLBACK")
            blocker.close()
            answer = await depot.send(station, START)
            assert (await depot.only_transaction()).id == answer.transaction_id

    async def test_a_connection_opened_while_the_database_is_locked_is_claimed_by_its_first_message(
        self, path: Path
    ) -> None:
        async with opened(path, lock_timeout=0.05) as store:
            depot = Depot(store, clock=FixedClock())
            station = await depot.boot()
            again = type(station)("CP1", v16)
            blocker = sqlite3.connect(path, isolation_level=None)
            blocker.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreError):
                await depot.services.connected(again)
            blocker.execute("ROLLBACK")
            blocker.close()
            await depot.send(again, START)
            stored = await store.stations.load("CP1")
            assert stored is not None
            assert stored.connection_epoch == 2

    async def test_what_cannot_be_written_takes_nothing_with_it(self, path: Path) -> None:
        """A number too large for a column is found when the batch is written."""
        async with opened(path) as store:
            depot = Depot(store, clock=FixedClock(), unknown_tokens=UnknownTokens.ACCEPT)
            good, bad = await depot.boot("CP1"), await depot.boot("CP2")
            value = v16.MeterValue(timestamp=NOON, sampled_value=[v16.SampledValue(value="1")])
            values = v16.MeterValues(connector_id=10**30, meter_value=[value])
            first, failed, second = await asyncio.gather(
                depot.send(good, START),
                depot.send(bad, values),
                depot.send(good, v16.Heartbeat()),
                return_exceptions=True,
            )
            assert isinstance(failed, Exception)
            assert isinstance(first, v16.StartTransactionResponse)
            assert isinstance(second, v16.HeartbeatResponse)
            assert (await depot.only_transaction()).id == first.transaction_id

    async def test_a_sample_of_no_transaction_on_record_takes_nothing_with_it(self, path: Path) -> None:
        """A broken reference is found when the batch is written."""

        def claim(unit: Unit) -> Claim:
            return unit.stations.claim("CP1", protocol="ocpp1.6", registration=Registration.ACCEPTED, at=NOON)

        async with opened(path) as store:
            owner = await store.write(claim)
            sample = Sample(1, 4711, Reading(at=NOON, energy_import_wh=1.0))
            saved, broken, other = await asyncio.gather(
                store.id_tokens.save(IdToken("A")),
                store.write(lambda unit: unit.add_samples(owner, [sample], at=NOON)),
                store.id_tokens.save(IdToken("B")),
                return_exceptions=True,
            )
            assert (saved, other) == (True, True)
            assert isinstance(broken, StoreError)

    async def test_two_processes_that_get_the_same_start_book_one_transaction(self, path: Path) -> None:
        """T16-008, as on two nodes at once."""
        async with opened(path) as one, opened(path) as other:
            depots = [Depot(store, clock=FixedClock()) for store in (one, other)]
            stations = [(depot, await depot.connect()) for depot in depots for _ in range(4)]
            answers = await asyncio.gather(
                *(depot.send(station, START) for depot, station in stations for _ in range(20))
            )
            assert len({answer.transaction_id for answer in answers}) == 1
            assert len((await one.transactions.list(limit=10)).items) == 1


async def test_what_another_process_changed_is_not_overwritten(path: Path) -> None:
    async with opened(path) as one, opened(path) as other:
        depot = Depot(one, clock=FixedClock(NOON + timedelta(hours=1)))
        elsewhere = Depot(other, clock=FixedClock(NOON + timedelta(hours=1)))
        station = await depot.boot()
        id = (await depot.send(station, START)).transaction_id

        def values(minutes: int, register: int) -> v16.MeterValues:
            at = NOON + timedelta(minutes=minutes)
            value = v16.MeterValue(timestamp=at, sampled_value=[v16.SampledValue(value=str(register))])
            return v16.MeterValues(connector_id=1, transaction_id=id, meter_value=[value])

        await depot.send(station, values(1, 1100))
        stop = v16.StopTransaction(transaction_id=id, timestamp=NOON + timedelta(minutes=10), meter_stop=2000)
        await elsewhere.send(await elsewhere.connect(), stop)
        await depot.send(station, values(2, 1200))
        transaction = await depot.only_transaction()
        assert (transaction.state, transaction.meter_stop_wh) == (TransactionState.ENDED, 2000.0)
        assert [point.energy_wh for point in await one.transactions.meter(id)] == [1000.0, 1100.0, 1200.0, 2000.0]


async def test_messages_that_come_together_share_a_commit(path: Path) -> None:
    async with opened(path) as store:
        depot = Depot(store, clock=FixedClock())
        station = await depot.boot()
        batches: list[int] = []
        store.events.subscribe(lambda events: batches.append(len(events)))
        await asyncio.gather(*(depot.send(station, v16.Heartbeat()) for _ in range(400)))
        assert sum(batches) == 400
        assert len(batches) <= 4

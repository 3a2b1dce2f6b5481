"""What every store of the CSMS does, on each of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace as replace_struct
from support.depot import NOON, FixedClock

from chargewire.backoffice.domain import (
    BootReport,
    Connector,
    EventType,
    IdToken,
    InvalidCursorError,
    MeterPoint,
    Orphan,
    OutboxEvent,
    Reading,
    Registration,
    SampledValue,
    Start,
    StatusReport,
    TokenStatus,
    TransactionEvent,
    TransactionRecord,
    TransactionState,
)
from chargewire.backoffice.domain.events import station_heartbeat
from chargewire.backoffice.domain.transactions import Flag, begin
from chargewire.backoffice.store import Claim, Novelty, Sample, Store, StoreClosedError, StoreError, Unit, open_store


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    url = "memory://" if request.param == "memory" else f"sqlite:///{tmp_path / 'test.db'}"
    opened = await open_store(url, clock=FixedClock())
    yield opened
    await opened.close()


async def claim(store: Store, identity: str = "CP1", *, at: datetime = NOON) -> Claim:
    def work(unit: Unit) -> Claim:
        return unit.stations.claim(identity, protocol="ocpp1.6", registration=Registration.PENDING, at=at)

    return await store.write(work)


async def start(store: Store, owner: Claim, number: int = 1, **told: object) -> TransactionRecord:
    told = {"connector": 1, "id_token": "TAG", "at": NOON, "meter_start_wh": number, **told}
    started = Start(**told)  # type: ignore[arg-type]

    def work(unit: Unit) -> TransactionRecord:
        record = begin(started, station=owner.identity, now=NOON)
        return unit.transactions.start(owner, record, key=started.key, at=NOON)[0]

    return await store.write(work)


def event(seq_no: int, *, type: EventType = EventType.UPDATED, body: bytes = b"{}") -> TransactionEvent:
    return TransactionEvent(
        type=type, at=NOON, seq_no=seq_no, trigger_reason="Trigger", transaction_id="T1", body=body, offline=True
    )


class TestStations:
    async def test_a_station_unknown_is_none(self, store: Store) -> None:
        assert await store.stations.load("CP1") is None

    async def test_a_claim_creates_an_unknown_station_and_keeps_a_known_one(self, store: Store) -> None:
        first = await claim(store)
        await store.stations.set_registration("CP1", Registration.ACCEPTED)
        second = await claim(store, at=NOON + timedelta(hours=1))
        assert (first.epoch, second.epoch, second.key) == (1, 2, first.key)
        assert (first.registration, second.registration) == (Registration.PENDING, Registration.ACCEPTED)
        station = await store.stations.load("CP1")
        assert station is not None
        assert (station.connected, station.connection_epoch, station.protocol) == (True, 2, "ocpp1.6")
        assert station.connected_at == station.last_seen_at == NOON + timedelta(hours=1)

    async def test_only_the_newest_connection_writes_connection_state(self, store: Store) -> None:
        old, new = await claim(store), await claim(store)
        later = NOON + timedelta(minutes=1)
        assert await store.write(lambda unit: unit.stations.release(old, at=later)) is False
        assert await store.write(lambda unit: unit.stations.see(old, at=later)) is False
        station = await store.stations.load("CP1")
        assert station is not None
        assert (station.connected, station.last_seen_at) == (True, NOON)
        assert await store.write(lambda unit: unit.stations.see(new, at=later)) is True
        assert await store.write(lambda unit: unit.stations.release(new, at=later)) is True
        station = await store.stations.load("CP1")
        assert station is not None
        assert (station.connected, station.last_seen_at) == (False, later)

    async def test_every_claim_of_a_race_gets_an_epoch_of_its_own(self, store: Store) -> None:
        claims = await asyncio.gather(*(claim(store) for _ in range(50)))
        assert sorted(one.epoch for one in claims) == list(range(1, 51))
        released = await asyncio.gather(
            *(store.write(lambda unit, one=one: unit.stations.release(one, at=NOON)) for one in claims)
        )
        assert sum(released) == 1

    async def test_a_boot_is_answered_with_the_registration_and_remembered(self, store: Store) -> None:
        owner = await claim(store)
        report = BootReport("Volt", "One", "S1", "1.2.3", "PowerUp")
        assert await store.write(lambda unit: unit.stations.boot(owner, report, at=NOON)) is Registration.PENDING
        station = await store.stations.load("CP1")
        assert station is not None
        assert (station.vendor, station.model, station.serial_number) == ("Volt", "One", "S1")
        assert (station.firmware_version, station.boot_answer) == ("1.2.3", Registration.PENDING)
        assert (await claim(store)).boot_answer is Registration.PENDING

    async def test_the_newest_status_stands_and_the_station_itself_is_no_connector(self, store: Store) -> None:
        owner = await claim(store)

        async def status(evse_id: int, connector_id: int, status: str, minutes: int, error: str | None = None) -> bool:
            report = StatusReport(evse_id, connector_id, status, error_code=error, info="i", vendor_error_code="v")
            at = NOON + timedelta(minutes=minutes)
            return await store.write(lambda unit: unit.stations.status(owner, report, status_at=at, at=NOON))

        assert await status(0, 0, "Available", 0)
        assert await status(2, 1, "Available", 0)
        assert await status(1, 1, "Available", 5)
        assert await status(1, 1, "Faulted", 6, "GroundFailure")
        assert not await status(1, 1, "Charging", 4)
        assert await status(2, 1, "Preparing", 0)
        station = await store.stations.load("CP1")
        assert station is not None
        assert station.connectors == (
            Connector(1, 1, "Faulted", "GroundFailure", NOON + timedelta(minutes=6)),
            Connector(2, 1, "Preparing", None, NOON),
        )

    async def test_a_connector_in_sight_has_a_status_once_it_tells_one(self, store: Store) -> None:
        owner = await claim(store)
        for _ in range(2):
            await store.write(lambda unit: unit.stations.sight(owner, evse_id=1, connector_id=1))
        station = await store.stations.load("CP1")
        assert station is not None
        assert station.connectors == (Connector(1, 1, "Unknown"),)
        report = StatusReport(1, 1, "Available")
        assert await store.write(lambda unit: unit.stations.status(owner, report, status_at=NOON, at=NOON))
        await store.write(lambda unit: unit.stations.sight(owner, evse_id=1, connector_id=1))
        station = await store.stations.load("CP1")
        assert station is not None
        assert station.connectors == (Connector(1, 1, "Available", None, NOON),)

    async def test_a_connector_names_its_open_transaction(self, store: Store) -> None:
        owner = await claim(store)
        for evse_id in (1, 2):
            await store.write(lambda unit, n=evse_id: unit.stations.sight(owner, evse_id=n, connector_id=1))
        first = await start(store, owner, 1)
        second = await start(store, owner, 2)
        elsewhere = await start(store, owner, 3, connector=2)
        adopted = await store.write(lambda unit: unit.transactions.adopt(owner, "T1", at=NOON)[0])

        async def running() -> list[int | None]:
            station = await store.stations.load("CP1")
            assert station is not None
            return [connector.transaction_id for connector in station.connectors]

        assert await running() == [second.id, elsewhere.id]
        for record in (first, second, elsewhere):
            ended = replace_struct(record, state=TransactionState.ENDED)
            await store.write(lambda unit, ended=ended: unit.transactions.save(ended, at=NOON))
        assert await running() == [None, None]
        await store.write(lambda unit: unit.transactions.save(replace_struct(adopted, evse_id=2), at=NOON))
        assert await running() == [None, adopted.id]

    async def test_stations_are_listed_by_identity_page_by_page(self, store: Store) -> None:
        for identity in ("B", "C", "A"):
            await claim(store, identity)
        page = await store.stations.list(limit=2)
        assert [station.identity for station in page.items] == ["A", "B"]
        rest = await store.stations.list(limit=2, cursor=page.next)
        assert ([station.identity for station in rest.items], rest.next) == (["C"], None)
        with pytest.raises(InvalidCursorError):
            await store.stations.list(limit=2, cursor="nonsense")

    async def test_a_registration_is_written_told_and_returned(self, store: Store) -> None:
        await claim(store)
        station = await store.stations.set_registration("CP1", Registration.REJECTED)
        assert station is not None
        assert station.registration is Registration.REJECTED
        assert await store.events.after(0, limit=10) == (
            OutboxEvent(1, NOON, "CP1", "station.registered", {"registration": "Rejected"}),
        )

    async def test_a_registration_of_nobody_changes_nothing(self, store: Store) -> None:
        assert await store.stations.set_registration("CP1", Registration.ACCEPTED) is None
        assert await store.events.latest() == 0


class TestIdTokens:
    async def test_a_token_is_created_replaced_and_forgotten(self, store: Store) -> None:
        token = IdToken("Tag", "ISO14443", TokenStatus.BLOCKED, NOON + timedelta(days=1), "mine")
        assert await store.id_tokens.save(token)
        assert await store.id_tokens.load("Tag") == token
        changed = replace(token, status=TokenStatus.ACCEPTED, expires_at=None, note=None)
        assert not await store.id_tokens.save(changed)
        assert await store.id_tokens.load("Tag") == changed
        assert await store.id_tokens.delete("Tag")
        assert not await store.id_tokens.delete("Tag")
        assert await store.id_tokens.load("Tag") is None

    async def test_tokens_are_found_whatever_their_case(self, store: Store) -> None:
        """AUT-004."""
        await store.id_tokens.save(IdToken("AbCd"))
        assert not await store.id_tokens.save(IdToken("aBcD"))
        found = await store.id_tokens.load("ABCD")
        assert found is not None
        assert found.token == "aBcD"
        assert await store.write(lambda unit: unit.id_tokens.find("abcd", type=None)) == found
        assert await store.id_tokens.delete("abcd")

    async def test_a_type_makes_another_token(self, store: Store) -> None:
        """AUT-004."""
        await store.id_tokens.save(IdToken("TAG", "ISO14443"))
        await store.id_tokens.save(IdToken("TAG", "KeyCode", TokenStatus.BLOCKED))
        card, code = await store.id_tokens.load("tag"), await store.id_tokens.load("tag", type="KeyCode")
        assert card is not None
        assert code is not None
        assert (card.type, code.type) == ("ISO14443", "KeyCode")
        assert await store.id_tokens.load("tag", type="eMAID") is None
        assert await store.id_tokens.delete("TAG", type="ISO14443")
        assert await store.id_tokens.load("TAG") == code

    async def test_tokens_are_listed_in_order_page_by_page(self, store: Store) -> None:
        for token, type in (("b", "ISO14443"), ("A", "KeyCode"), ("a", "ISO14443")):
            await store.id_tokens.save(IdToken(token, type))
        page = await store.id_tokens.list(limit=2)
        assert [(token.token, token.type) for token in page.items] == [("a", "ISO14443"), ("A", "KeyCode")]
        rest = await store.id_tokens.list(limit=2, cursor=page.next)
        assert ([token.token for token in rest.items], rest.next) == (["b"], None)
        with pytest.raises(InvalidCursorError):
            await store.id_tokens.list(limit=2, cursor="nonsense")


class TestTransactions:
    async def test_ids_are_positive_and_never_used_twice(self, store: Store) -> None:
        """T16-002."""
        owner = await claim(store)
        records = [await start(store, owner, number) for number in range(3)]
        assert records[0].id > 0
        assert len({record.id for record in records}) == 3

    async def test_a_repeated_start_finds_the_transaction_as_it_is_now(self, store: Store) -> None:
        """T16-008."""
        owner = await claim(store)
        first = await start(store, owner)
        ended = replace_struct(first, state=TransactionState.ENDED, ended_at=NOON, marks=(Flag.CLOCK,))
        await store.write(lambda unit: unit.transactions.save(ended, at=NOON))
        assert await start(store, owner) == ended

    async def test_a_start_of_another_station_is_another_transaction(self, store: Store) -> None:
        one = await start(store, await claim(store, "CP1"))
        other = await start(store, await claim(store, "CP2"))
        assert one.id != other.id

    async def test_everything_on_record_comes_back(self, store: Store) -> None:
        owner = await claim(store)
        adopted = await store.write(lambda unit: unit.transactions.adopt(owner, "T1", at=NOON)[0])
        values = {
            name: 1.5
            if name.endswith(("_wh", "_w", "_percent"))
            else NOON
            if name.endswith("_at")
            else 3
            if name.startswith("seq_") or name.endswith(("_id", "_seq"))
            else "x"
            for name in TransactionRecord.__struct_fields__
        }
        values |= {"id": adopted.id, "station": "CP1", "station_transaction_id": "T1"}
        full = TransactionRecord(**values | {"state": TransactionState.INFERRED_ENDED, "marks": (Flag.CLOCK, Flag.GAP)})  # type: ignore[arg-type]
        await store.write(lambda unit: unit.transactions.save(full, at=NOON))
        found, is_new = await store.write(lambda unit: unit.transactions.adopt(owner, "T1", at=NOON))
        assert (found, is_new) == (full, False)
        assert await store.transactions.load(adopted.id) == full.view()

    async def test_an_adopted_transaction_is_empty_and_new_until_something_is_told(self, store: Store) -> None:
        owner = await claim(store)

        async def adopt() -> tuple[TransactionRecord, bool]:
            return await store.write(lambda unit: unit.transactions.adopt(owner, "T1", at=NOON))

        record, is_new = await adopt()
        assert record == TransactionRecord(id=record.id, station="CP1", station_transaction_id="T1")
        assert is_new
        assert await adopt() == (record, True)
        told = replace_struct(record, seq_count=1)
        await store.write(lambda unit: unit.transactions.save(told, at=NOON))
        assert await adopt() == (told, False)

    async def test_only_a_station_finds_its_own_transactions_and_only_those_with_allotted_ids(
        self, store: Store
    ) -> None:
        owner, stranger = await claim(store, "CP1"), await claim(store, "CP2")
        record = await start(store, owner)
        adopted = await store.write(lambda unit: unit.transactions.adopt(owner, "T1", at=NOON)[0])

        async def find(by: Claim, id: int) -> TransactionRecord | None:
            return await store.write(lambda unit: unit.transactions.find(by, id))

        assert await find(owner, record.id) == record
        assert await find(stranger, record.id) is None
        assert await find(owner, adopted.id) is None
        for id in (-1, 0, 10**9):
            assert await find(owner, id) is None

    async def test_open_transactions_are_found_by_place(self, store: Store) -> None:
        owner, stranger = await claim(store, "CP1"), await claim(store, "CP2")
        first, second = await start(store, owner, 1), await start(store, owner, 2)
        await start(store, owner, 3, connector=2)
        await start(store, stranger, 4)
        assert await store.write(lambda unit: unit.transactions.open_at(owner, 1)) == (first, second)
        ended = replace_struct(first, state=TransactionState.ENDED)
        await store.write(lambda unit: unit.transactions.save(ended, at=NOON))
        assert await store.write(lambda unit: unit.transactions.open_at(owner, 1)) == (second,)

    async def test_an_event_is_stored_once_and_one_with_its_number_beside_it(self, store: Store) -> None:
        """TX-004."""
        owner = await claim(store)
        record = await store.write(lambda unit: unit.transactions.adopt(owner, "T1", at=NOON)[0])

        async def add(told: TransactionEvent, known: TransactionRecord = record) -> Novelty:
            return await store.write(lambda unit: unit.transactions.add_event(known, told, at=NOON))

        assert await add(event(5)) is Novelty.NEW
        after = replace_struct(record, seq_last=5)
        assert await add(event(5), after) is Novelty.REPEATED
        assert await add(event(5, body=b'{"a":1}'), after) is Novelty.OTHER_BODY
        assert await add(event(5, body=b'{"a":1}'), after) is Novelty.REPEATED
        assert await add(event(4), after) is Novelty.NEW
        assert await add(event(6), after) is Novelty.NEW

    async def test_transactions_are_listed_newest_first_by_station_and_state(self, store: Store) -> None:
        one, other = await claim(store, "CP1"), await claim(store, "CP2")
        ids = [(await start(store, owner, n)).id for n, owner in enumerate((one, one, other, one))]
        states = dict(zip(ids[:2], (TransactionState.ENDED, TransactionState.INFERRED_ENDED), strict=True))
        for id, state in states.items():
            found = await store.write(lambda unit, number=id: unit.transactions.find(one, number))
            assert found is not None
            changed = replace_struct(found, state=state)
            await store.write(lambda unit, changed=changed: unit.transactions.save(changed, at=NOON))

        async def listed(station: str | None = None, state: TransactionState | None = None) -> list[int]:
            page = await store.transactions.list(limit=10, station=station, state=state)
            return [transaction.id for transaction in page.items]

        assert await listed() == ids[::-1]
        assert await listed("CP1") == [ids[3], ids[1], ids[0]]
        assert await listed("CP3") == []
        assert await listed(state=TransactionState.OPEN) == [ids[3], ids[2]]
        assert await listed(state=TransactionState.ENDED) == [ids[1], ids[0]]
        assert await listed(state=TransactionState.INFERRED_ENDED) == [ids[1]]
        page = await store.transactions.list(limit=3)
        rest = await store.transactions.list(limit=3, cursor=page.next)
        assert ([transaction.id for transaction in rest.items], rest.next) == ([ids[0]], None)
        with pytest.raises(InvalidCursorError):
            await store.transactions.list(limit=2, cursor="nonsense")

    async def test_a_transaction_unknown_is_none_and_has_no_curve(self, store: Store) -> None:
        assert await store.transactions.load(1) is None
        assert await store.transactions.meter(1) == ()

    async def test_samples_make_the_curve_of_their_transaction(self, store: Store) -> None:
        owner = await claim(store)
        record = await start(store, owner)
        extra = (SampledValue(value="1", measurand="Current.Offered", signed={"signedMeterData": "AQ=="}),)
        readings = [
            Reading(at=NOON + timedelta(minutes=1), energy_import_wh=20.5, power_import_w=3000.0),
            Reading(at=NOON, energy_import_wh=10.0, soc_percent=5.0, extra=extra),
            Reading(at=NOON, energy_import_wh=99.0, context="Sample.Clock"),
        ]
        samples = [Sample(1, record.id, reading) for reading in readings[:2]]
        samples.append(Sample(1, None, readings[2]))
        for _ in range(2):  # stored once, however often it is told
            await store.write(lambda unit: unit.add_samples(owner, samples, at=NOON))
        assert await store.transactions.meter(record.id) == (
            MeterPoint(NOON, 10.0, None, 5.0),
            MeterPoint(NOON + timedelta(minutes=1), 20.5, 3000.0, None),
        )

    async def test_orphans_are_kept_newest_first(self, store: Store) -> None:
        owner = await claim(store)

        def keep(unit: Unit) -> None:
            for reason in ("one", "two", "three"):
                unit.add_orphan(owner, action="StopTransaction", reason=reason, body=b'{"a":1}', at=NOON)

        await store.write(keep)
        page = await store.transactions.orphans(limit=2)
        assert page.items[0] == Orphan(3, "CP1", NOON, "StopTransaction", "three", '{"a":1}')
        rest = await store.transactions.orphans(limit=2, cursor=page.next)
        assert ([orphan.reason for orphan in rest.items], rest.next) == (["one"], None)

    @pytest.mark.parametrize("at", [datetime(1, 1, 1, tzinfo=UTC), datetime(1969, 12, 31, 23, 59, 59, 7, tzinfo=UTC)])
    async def test_times_come_back_to_the_microsecond(self, store: Store, at: datetime) -> None:
        owner = await claim(store)
        record = await start(store, owner, at=at)
        found = await store.transactions.load(record.id)
        assert found is not None
        assert found.started_at == at


class TestEvents:
    async def test_events_are_read_after_a_cursor_by_station(self, store: Store) -> None:
        assert await store.events.latest() == 0
        for identity in ("A", "B", "A"):
            await store.write(lambda unit, of=identity: unit.emit(station_heartbeat(of, at=NOON)))
        events = await store.events.after(0, limit=10)
        assert [(one.cursor, one.station, one.type, one.data, one.at) for one in events] == [
            (1, "A", "station.heartbeat", {}, NOON),
            (2, "B", "station.heartbeat", {}, NOON),
            (3, "A", "station.heartbeat", {}, NOON),
        ]
        assert await store.events.after(1, limit=1) == events[1:2]
        assert await store.events.after(0, limit=10, stations=["A", "C"]) == (events[0], events[2])
        assert await store.events.after(0, limit=10, stations=[]) == ()
        assert await store.events.latest() == 3

    async def test_subscribers_hear_every_committed_event_once_in_order(self, store: Store) -> None:
        heard: list[OutboxEvent] = []
        unsubscribe = store.events.subscribe(heard.extend)

        def fail(unit: Unit) -> None:
            unit.emit(station_heartbeat("lost", at=NOON))
            raise LookupError("on purpose")

        def work(number: int) -> object:
            return fail if number % 7 == 3 else lambda unit: unit.emit(station_heartbeat(str(number), at=NOON))

        outcomes = await asyncio.gather(
            *(store.write(work(number)) for number in range(300)),  # type: ignore[arg-type]
            return_exceptions=True,
        )
        kept = [str(number) for number in range(300) if number % 7 != 3]
        assert [event.station for event in heard] == kept
        assert [event.cursor for event in heard] == list(range(1, len(kept) + 1))
        assert sum(isinstance(outcome, LookupError) for outcome in outcomes) == 300 - len(kept)
        unsubscribe()
        unsubscribe()
        await store.write(work(0))  # type: ignore[arg-type]
        assert len(heard) == len(kept)
        assert [event.station for event in await store.events.after(0, limit=1000)] == [*kept, "0"]

    async def test_events_are_heard_before_their_cause_is_answered(self, store: Store) -> None:
        order: list[str] = []
        store.events.subscribe(lambda events: order.extend(event.station for event in events))
        await store.write(lambda unit: unit.emit(station_heartbeat("event", at=NOON)))
        order.append("answer")
        assert order == ["event", "answer"]

    async def test_a_subscriber_that_fails_keeps_nobody_from_hearing(
        self, store: Store, caplog: pytest.LogCaptureFixture
    ) -> None:
        heard: list[OutboxEvent] = []

        def fail(_: object) -> None:
            raise LookupError("on purpose")

        store.events.subscribe(fail)
        store.events.subscribe(heard.extend)
        await store.write(lambda unit: unit.emit(station_heartbeat("A", at=NOON)))
        assert len(heard) == 1
        assert "A subscriber to the events of the store failed" in caplog.text


class TestUnitsOfWork:
    async def test_a_unit_that_fails_leaves_nothing_and_fails_alone(self, store: Store) -> None:
        owner = await claim(store)
        token = IdToken("KEPT")
        await store.id_tokens.save(token)
        kept = await start(store, owner)

        def change(unit: Unit) -> None:
            unit.transactions.save(replace_struct(kept, reservation_id=1, evse_id=7), at=NOON)

        def fail(unit: Unit) -> None:
            unit.transactions.save(replace_struct(kept, reservation_id=2, evse_id=8), at=NOON)
            unit.stations.claim("CP9", protocol="ocpp1.6", registration=Registration.ACCEPTED, at=NOON)
            unit.stations.register("CP1", Registration.REJECTED)
            unit.stations.status(owner, StatusReport(1, 1, "Faulted"), status_at=NOON, at=NOON)
            unit.id_tokens.save(replace(token, note="changed"))
            unit.id_tokens.save(IdToken("NEW"))
            unit.id_tokens.delete("KEPT", type=None)
            record, _ = unit.transactions.adopt(owner, "T1", at=NOON)
            unit.transactions.add_event(record, event(0), at=NOON)
            unit.add_samples(owner, [Sample(1, record.id, Reading(at=NOON, energy_import_wh=1.0))], at=NOON)
            unit.add_orphan(owner, action="A", reason="r", body=b"{}", at=NOON)
            unit.save_setting("admin_token_hash", "x")
            unit.emit(station_heartbeat("CP1", at=NOON))
            raise LookupError("on purpose")

        _, failed, other = await asyncio.gather(
            store.write(change), store.write(fail), claim(store, "CP2"), return_exceptions=True
        )
        assert isinstance(failed, LookupError)
        assert isinstance(other, Claim)
        assert [station.identity for station in (await store.stations.list(limit=10)).items] == ["CP1", "CP2"]
        station = await store.stations.load("CP1")
        assert station is not None
        assert (station.registration, station.connectors) == (Registration.PENDING, ())
        assert (await store.id_tokens.list(limit=10)).items == (token,)
        assert [(one.id, one.evse_id) for one in (await store.transactions.list(limit=10)).items] == [(kept.id, 7)]
        assert (await store.transactions.orphans(limit=10)).items == ()
        assert (await store.admin.load_token_hash(), await store.events.latest()) == (None, 0)

    async def test_a_caller_that_is_cancelled_does_not_take_the_work_back(self, store: Store) -> None:
        token = IdToken("TAG")
        task = asyncio.ensure_future(store.id_tokens.save(token))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await claim(store)  # comes after it
        assert await store.id_tokens.load("TAG") == token

    async def test_a_closed_store_refuses_work_and_finishes_what_was_asked(self, store: Store) -> None:
        last = asyncio.ensure_future(store.id_tokens.save(IdToken("TAG")))
        await asyncio.sleep(0)
        await store.close()
        assert await last
        with pytest.raises(StoreClosedError):
            await store.id_tokens.save(IdToken("TAG"))
        with pytest.raises(StoreError):
            await claim(store)


async def test_the_hash_of_the_administrators_token_is_replaced(store: Store) -> None:
    assert await store.admin.load_token_hash() is None
    await store.admin.save_token_hash("one")
    await store.admin.save_token_hash("two")
    assert await store.admin.load_token_hash() == "two"

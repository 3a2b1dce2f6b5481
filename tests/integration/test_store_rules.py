"""What stations do to transactions, from rules and from the field, on every store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from support.depot import NOON, Depot, FakeStation, FixedClock, boot_notification

from chargewire import CallRejected, v16, v201
from chargewire.backoffice.domain import (
    IdToken,
    Registration,
    TokenStatus,
    TransactionState,
    UnknownStations,
    UnknownTokens,
)
from chargewire.backoffice.store import Store, open_store


@pytest.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    url = "memory://" if request.param == "memory" else f"sqlite:///{tmp_path / 'test.db'}"
    opened = await open_store(url, clock=FixedClock())
    yield opened
    await opened.close()


@pytest.fixture
async def depot(store: Store) -> Depot:
    return Depot(store, clock=FixedClock(NOON + timedelta(hours=8)))


def minute(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


def start(connector: int = 1, tag: str = "TAG", at: datetime = NOON, wh: int = 1000) -> v16.StartTransaction:
    return v16.StartTransaction(connector_id=connector, id_tag=tag, meter_start=wh, timestamp=at)


def stop(id: int, *, at: datetime | None = None, wh: int = 5000, tag: str | None = None) -> v16.StopTransaction:
    return v16.StopTransaction(transaction_id=id, timestamp=at or minute(60), meter_stop=wh, id_tag=tag)


def meter(*registers: tuple[float, object], id: int | None = None, connector: int = 1) -> v16.MeterValues:
    return v16.MeterValues(
        connector_id=connector,
        transaction_id=id,
        meter_value=[
            v16.MeterValue(timestamp=minute(number), sampled_value=[v16.SampledValue(value=str(wh))])
            for number, wh in registers
        ],
    )


def event(
    type: str, seq_no: int, *, wh: float | None = None, id: str = "T1", number: float | None = None, **told: Any
) -> v201.TransactionEvent:
    info = {name: told.pop(name) for name in ("charging_state", "stopped_reason") if name in told}
    at = told.pop("timestamp", minute(seq_no if number is None else number))
    readings = [v201.MeterValueType(sampled_value=[v201.SampledValueType(value=wh)], timestamp=at)] if wh else None
    return v201.TransactionEvent(
        event_type=v201.TransactionEventEnumType(type),
        timestamp=at,
        trigger_reason=v201.TriggerReasonEnumType.METER_VALUE_PERIODIC,
        seq_no=seq_no,
        transaction_info=v201.TransactionType(transaction_id=id, **info),
        meter_value=readings,
        **told,
    )


def id_token(token: str = "TAG") -> v201.IdTokenType:
    return v201.IdTokenType(id_token=token, type=v201.IdTokenEnumType.ISO14443)


class TestStartTransaction:
    async def test_a_repeated_start_gets_the_same_id_and_is_one_transaction(self, depot: Depot) -> None:
        """T16-008, real-stations 6: retries have new message ids."""
        station = await depot.boot()
        first = await depot.send(station, start())
        again = await depot.send(await depot.connect(), start())
        assert first.transaction_id == again.transaction_id > 0
        assert (await depot.only_transaction()).id == first.transaction_id
        assert depot.types().count("transaction.started") == 1

    async def test_starts_that_race_get_one_id(self, depot: Depot) -> None:
        """T16-008: as from two connections at once."""
        stations = [await depot.connect() for _ in range(8)]
        answers = await asyncio.gather(*(depot.send(station, start()) for station in stations for _ in range(10)))
        assert len({answer.transaction_id for answer in answers}) == 1

    async def test_a_repeated_start_is_told_what_holds_now(self, depot: Depot) -> None:
        station = await depot.boot()
        await depot.send(station, start())
        await depot.store.id_tokens.save(IdToken("tag", status=TokenStatus.BLOCKED))
        again = await depot.send(station, start())
        assert again.id_tag_info.status is v16.AuthorizationStatus.BLOCKED

    async def test_a_refused_token_gets_an_id_and_its_stop_is_booked(self, store: Store) -> None:
        """T16-002, T16-003."""
        depot = Depot(store, clock=FixedClock(minute(90)), unknown_tokens=UnknownTokens.REFUSE)
        station = await depot.boot()
        answer = await depot.send(station, start())
        assert answer.id_tag_info.status is v16.AuthorizationStatus.INVALID
        assert answer.transaction_id > 0
        await depot.send(station, stop(answer.transaction_id, wh=1001))
        transaction = await depot.only_transaction()
        assert (transaction.state, transaction.energy_wh) == (TransactionState.ENDED, 1.0)
        assert transaction.flags == ("id_token_refused",)

    async def test_a_start_on_another_connector_is_no_overlap(self, depot: Depot) -> None:
        station = await depot.boot()
        await depot.send(station, start(1))
        await depot.send(station, start(2))
        page = await depot.store.transactions.list(limit=10)
        assert [(one.evse_id, one.state, one.flags) for one in page.items] == [
            (2, TransactionState.OPEN, ()),
            (1, TransactionState.OPEN, ()),
        ]

    async def test_a_start_on_a_busy_connector_is_flagged_and_not_refused(self, depot: Depot) -> None:
        """real-stations 11: the stop of the first may still wait in a queue."""
        station = await depot.boot()
        first = await depot.send(station, start(at=minute(0)))
        second = await depot.send(station, start(at=minute(30), wh=3000))
        assert second.id_tag_info.status is v16.AuthorizationStatus.ACCEPTED
        await depot.send(station, stop(first.transaction_id, at=minute(29), wh=3000))
        newer, older = (await depot.store.transactions.list(limit=10)).items
        assert (newer.state, newer.flags) == (TransactionState.OPEN, ("overlapping",))
        assert (older.state, older.flags, older.energy_wh) == (TransactionState.ENDED, (), 2000.0)

    async def test_an_old_start_keeps_its_own_time(self, depot: Depot) -> None:
        """T16-007."""
        station = await depot.boot()
        await depot.send(station, start(at=NOON - timedelta(days=30)))
        assert (await depot.only_transaction()).started_at == NOON - timedelta(days=30)

    @pytest.mark.parametrize(
        "at",
        [
            datetime(2026, 5, 4, 14, 0, tzinfo=timezone(timedelta(hours=2))),
            datetime(2026, 5, 4, 7, 0, 0, 123456, tzinfo=timezone(timedelta(hours=-5))),
        ],
    )
    async def test_offsets_and_fractions_are_kept_exactly(self, depot: Depot, at: datetime) -> None:
        """16E 3.14."""
        station = await depot.boot()
        await depot.send(station, start(at=at))
        transaction = await depot.only_transaction()
        assert (transaction.started_at, transaction.flags) == (at, ())

    @pytest.mark.parametrize(
        "at",
        [datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC), datetime(1, 1, 1, tzinfo=timezone.max)],
    )
    async def test_a_clock_that_cannot_be_right_is_flagged(self, depot: Depot, at: datetime) -> None:
        station = await depot.boot()
        answer = await depot.send(station, start(at=at))
        assert answer.transaction_id > 0
        assert (await depot.only_transaction()).flags == ("clock",)


class TestStopTransaction:
    @pytest.mark.parametrize("id", [-1, 0, 4711, 2**31 - 1])
    async def test_a_stop_of_no_transaction_is_answered_and_kept(self, depot: Depot, id: int) -> None:
        """T16-006."""
        station = await depot.boot()
        answer = await depot.send(station, stop(id, tag="TAG"))
        assert answer.id_tag_info is not None
        assert answer.id_tag_info.status is v16.AuthorizationStatus.ACCEPTED
        (orphan,) = (await depot.store.transactions.orphans(limit=10)).items
        assert (orphan.action, orphan.reason) == ("StopTransaction", f"no transaction {id}")
        assert '"meterStop":5000' in orphan.body
        assert depot.last("message.orphaned")["action"] == "StopTransaction"

    async def test_a_stop_without_tag_is_answered_without_info(self, depot: Depot) -> None:
        station = await depot.boot()
        id = (await depot.send(station, start())).transaction_id
        assert await depot.send(station, stop(id)) == v16.StopTransactionResponse()
        assert (await depot.only_transaction()).stop_reason == "Local"

    async def test_a_stop_of_another_stations_transaction_is_an_orphan(self, depot: Depot) -> None:
        id = (await depot.send(await depot.boot("CP1"), start())).transaction_id
        await depot.send(await depot.boot("CP2"), stop(id))
        assert (await depot.only_transaction()).state is TransactionState.OPEN
        assert len((await depot.store.transactions.orphans(limit=10)).items) == 1

    async def test_the_same_stop_twice_is_one_stop(self, depot: Depot) -> None:
        station = await depot.boot()
        id = (await depot.send(station, start())).transaction_id
        for _ in range(2):
            await depot.send(station, stop(id, tag="TAG"))
        assert (await depot.only_transaction()).flags == ()
        assert (await depot.store.transactions.orphans(limit=10)).items == ()
        assert depot.types().count("transaction.ended") == 1

    async def test_another_stop_is_kept_beside_the_first(self, depot: Depot) -> None:
        """real-stations 5: a second end, and the first one holds."""
        station = await depot.boot()
        id = (await depot.send(station, start())).transaction_id
        await depot.send(station, stop(id))
        await depot.send(station, stop(id, at=minute(61), wh=6000))
        transaction = await depot.only_transaction()
        assert (transaction.meter_stop_wh, transaction.flags) == (5000.0, ("ended_twice",))
        (orphan,) = (await depot.store.transactions.orphans(limit=10)).items
        assert orphan.reason == f"transaction {id} had ended already"

    async def test_a_stop_by_another_tag_is_accepted_and_flagged(self, depot: Depot) -> None:
        """AUT-003."""
        station = await depot.boot()
        id = (await depot.send(station, start())).transaction_id
        answer = await depot.send(station, stop(id, tag="OTHER"))
        assert answer.id_tag_info is not None
        transaction = await depot.only_transaction()
        assert (transaction.state, transaction.id_token) == (TransactionState.ENDED, "TAG")
        assert transaction.flags == ("id_token_differs",)

    async def test_a_register_that_fell_is_kept_and_not_billed(self, depot: Depot) -> None:
        station = await depot.boot()
        id = (await depot.send(station, start())).transaction_id
        await depot.send(station, stop(id, wh=0))
        transaction = await depot.only_transaction()
        assert (transaction.meter_start_wh, transaction.meter_stop_wh, transaction.energy_wh) == (1000.0, 0.0, None)
        assert transaction.flags == ("meter_backwards",)

    async def test_readings_of_a_stop_are_part_of_the_curve(self, depot: Depot) -> None:
        """T16-011."""
        station = await depot.boot()
        id = (await depot.send(station, start())).transaction_id
        values = meter((20, 2000), (40, 3500)).meter_value
        await depot.send(
            station,
            v16.StopTransaction(transaction_id=id, timestamp=minute(60), meter_stop=5000, transaction_data=values),
        )
        curve = await depot.store.transactions.meter(id)
        assert [(point.at, point.energy_wh) for point in curve] == [
            (minute(0), 1000.0),
            (minute(20), 2000.0),
            (minute(40), 3500.0),
            (minute(60), 5000.0),
        ]


class TestMeterValues16:
    async def started(self, depot: Depot, **told: Any) -> tuple[FakeStation, int]:
        station = await depot.boot()
        return station, (await depot.send(station, start(**told))).transaction_id

    async def energy(self, depot: Depot, id: int) -> float | None:
        transaction = await depot.store.transactions.load(id)
        assert transaction is not None
        return transaction.energy_wh

    async def test_readings_move_the_transaction_and_are_told(self, depot: Depot) -> None:
        station, id = await self.started(depot)
        await depot.send(station, meter((1, 1200.5), id=id))
        assert await self.energy(depot, id) == 200.5
        assert depot.last("meter.values") == {
            "evseId": 1,
            "connectorId": 1,
            "transactionId": id,
            "at": "2026-05-04T12:01:00.000Z",
            "energyWh": 1200.5,
            "powerW": None,
            "socPercent": None,
            "currentA": None,
            "voltageV": None,
        }
        assert depot.last("transaction.updated")["transaction"]["energyWh"] == 200.5

    async def test_the_same_readings_twice_are_one_point(self, depot: Depot) -> None:
        station, id = await self.started(depot)
        for _ in range(2):
            await depot.send(station, meter((1, 1200), id=id))
        assert len(await depot.store.transactions.meter(id)) == 2

    async def test_readings_before_the_start_of_anything_are_stored_for_no_transaction(self, depot: Depot) -> None:
        station = await depot.boot()
        await depot.send(station, meter((-5, 900)))
        id = (await depot.send(station, start())).transaction_id
        await depot.send(station, meter((-1, 950)))
        assert await self.energy(depot, id) == 0.0
        assert len(await depot.store.transactions.meter(id)) == 1
        assert depot.last("meter.values")["transactionId"] is None

    async def test_readings_without_id_belong_to_what_was_running(self, depot: Depot) -> None:
        """16E 3.16, real-stations 5."""
        station, id = await self.started(depot)
        await depot.send(station, meter((1, 1200)))
        assert await self.energy(depot, id) == 200.0

    async def test_readings_without_id_belong_to_the_newest_of_two(self, depot: Depot) -> None:
        station, first = await self.started(depot)
        second = (await depot.send(station, start(at=minute(10), wh=2000))).transaction_id
        await depot.send(station, meter((5, 1500), (15, 2500)))
        assert (await self.energy(depot, first), await self.energy(depot, second)) == (500.0, 500.0)

    async def test_readings_of_the_main_meter_belong_to_no_transaction(self, depot: Depot) -> None:
        """MET-004."""
        station, id = await self.started(depot)
        assert await depot.send(station, meter((1, 99999), connector=0)) == v16.MeterValuesResponse()
        assert await self.energy(depot, id) == 0.0
        assert depot.last("meter.values")["evseId"] == 0

    async def test_late_readings_count_when_they_were_taken_before_the_end(self, depot: Depot) -> None:
        station, id = await self.started(depot)
        await depot.send(station, stop(id))
        await depot.send(station, meter((30, 3000), (61, 5001), id=id))
        curve = await depot.store.transactions.meter(id)
        assert [point.energy_wh for point in curve] == [1000.0, 3000.0, 5000.0]
        assert (await depot.only_transaction()).flags == ()

    @pytest.mark.parametrize("id", [-1, 0, 4711])
    async def test_readings_of_an_unknown_transaction_are_kept_with_their_message(self, depot: Depot, id: int) -> None:
        """T16-006, MET-006."""
        station = await depot.boot()
        assert await depot.send(station, meter((1, 1200), id=id)) == v16.MeterValuesResponse()
        (orphan,) = (await depot.store.transactions.orphans(limit=10)).items
        assert (orphan.action, orphan.reason) == ("MeterValues", f"no transaction {id}")

    async def test_a_message_without_register_leaves_the_energy_alone(self, depot: Depot) -> None:
        station, id = await self.started(depot)
        await depot.send(station, meter((1, 1200), id=id))
        power = v16.SampledValue(value="7.2", measurand=v16.Measurand.POWER_ACTIVE_IMPORT, unit=v16.UnitOfMeasure.KW)
        values = [v16.MeterValue(timestamp=minute(2), sampled_value=[power])]
        await depot.send(station, v16.MeterValues(connector_id=1, transaction_id=id, meter_value=values))
        transaction = await depot.only_transaction()
        assert (transaction.energy_wh, transaction.power_w) == (200.0, 7200.0)


class TestTransactionEvent:
    async def boot(self, depot: Depot, identity: str = "CP2") -> FakeStation:
        return await depot.boot(identity, v201)

    async def test_events_in_any_order_give_the_same_transaction(self, depot: Depot) -> None:
        """TC_E_31_CSMS, TX-003."""
        station = await self.boot(depot)
        views = []
        for n, order in enumerate(permutations(range(4))):
            id = f"T{n}"
            events = [
                event("Started", 0, wh=1000, id=id, evse=v201.EVSEType(id=n + 1, connector_id=1)),
                event("Updated", 1, wh=1500, id=id, charging_state=v201.ChargingStateEnumType.CHARGING),
                event("Updated", 2, wh=1800, id=id, id_token=id_token()),
                event("Ended", 3, wh=2000, id=id, stopped_reason=v201.ReasonEnumType.REMOTE),
            ]
            for one in order:
                await depot.send(station, events[one])
            (view,) = (await depot.store.transactions.list(limit=1)).items
            views.append((view.state, view.started_at, view.ended_at, view.energy_wh, view.id_token, view.flags))
            assert view.charging_state == "Charging"
        assert set(views) == {(TransactionState.ENDED, minute(0), minute(3), 1000.0, "TAG", ())}

    async def test_an_end_told_first_is_told_as_an_end(self, depot: Depot) -> None:
        station = await self.boot(depot)
        await depot.send(station, event("Ended", 2))
        assert (await depot.only_transaction()).flags == ("no_start",)
        await depot.send(station, event("Started", 0))
        await depot.send(station, event("Updated", 1))
        assert (await depot.only_transaction()).flags == ()
        told = [type for type in depot.types() if type.startswith("transaction.")]
        assert told == ["transaction.ended", "transaction.updated", "transaction.updated"]

    async def test_a_repeated_event_is_answered_again_and_stored_once(self, depot: Depot) -> None:
        """TX-004, TX-019: a station marks as offline what it has to send again."""
        station = await self.boot(depot)
        first = await depot.send(station, event("Started", 0, wh=1000, id_token=id_token()))
        again = await depot.send(station, event("Started", 0, wh=1000, id_token=id_token(), offline=True))
        assert first == again
        assert first.id_token_info is not None
        assert (await depot.only_transaction()).flags == ()
        assert depot.types().count("transaction.started") == 1
        assert depot.types().count("meter.values") == 1

    async def test_a_token_is_answered_iff_it_was_asked(self, depot: Depot) -> None:
        """TX-012, AUT-006."""
        station = await self.boot(depot)
        await depot.store.id_tokens.save(IdToken("TAG", status=TokenStatus.BLOCKED))
        assert await depot.send(station, event("Started", 0)) == v201.TransactionEventResponse()
        answer = await depot.send(station, event("Updated", 1, id_token=id_token()))
        assert answer.id_token_info == v201.IdTokenInfoType(status=v201.AuthorizationStatusEnumType.BLOCKED)
        assert (await depot.only_transaction()).flags == ("id_token_refused",)

    async def test_two_updates_of_one_moment_are_both_kept(self, depot: Depot) -> None:
        """E12.FR.06: a time is no key."""
        station = await self.boot(depot)
        await depot.send(station, event("Started", 0, wh=1000))
        await depot.send(station, event("Updated", 1, wh=1500, number=5))
        await depot.send(station, event("Updated", 2, wh=1600, number=5))
        transaction = await depot.only_transaction()
        assert (transaction.energy_wh, transaction.flags) == (600.0, ())

    async def test_one_number_with_two_bodies_keeps_both_and_is_flagged(self, depot: Depot) -> None:
        """TC_E_53_CSMS: no event may be rejected, even if numbers restart."""
        station = await self.boot(depot)
        await depot.send(station, event("Started", 0, wh=1000))
        await depot.send(station, event("Updated", 0, wh=1500, number=1))
        await depot.send(station, event("Ended", 0, wh=2000, number=2))
        transaction = await depot.only_transaction()
        assert (transaction.state, transaction.energy_wh) == (TransactionState.ENDED, 1000.0)
        assert transaction.flags == ("seq_reused",)

    async def test_a_gap_that_is_never_filled_is_only_a_remark(self, depot: Depot) -> None:
        """TX-020: a station may drop updates when memory is short."""
        station = await self.boot(depot)
        for told in (event("Started", 0, wh=1000), event("Updated", 2, wh=1500), event("Ended", 4, wh=2000)):
            await depot.send(station, told)
        transaction = await depot.only_transaction()
        assert (transaction.state, transaction.energy_wh, transaction.flags) == (
            TransactionState.ENDED,
            1000.0,
            ("gap",),
        )

    async def test_numbers_that_go_on_over_transactions_have_no_gap(self, depot: Depot) -> None:
        """TX-002."""
        station = await self.boot(depot)
        for number, (type, id) in enumerate([("Started", "A"), ("Ended", "A"), ("Started", "B"), ("Ended", "B")]):
            await depot.send(station, event(type, number, id=id))
        assert [one.flags for one in (await depot.store.transactions.list(limit=10)).items] == [(), ()]

    async def test_one_id_of_two_stations_is_two_transactions(self, depot: Depot) -> None:
        """TX-001."""
        for identity in ("CP2", "CP3"):
            await depot.send(await self.boot(depot, identity), event("Started", 0))
        assert len((await depot.store.transactions.list(limit=10)).items) == 2

    async def test_an_evse_told_late_places_the_transaction(self, depot: Depot) -> None:
        """TX-010."""
        station = await self.boot(depot)
        await depot.send(station, event("Started", 0, wh=1000))
        await depot.send(station, event("Updated", 1, evse=v201.EVSEType(id=2, connector_id=1)))
        transaction = await depot.only_transaction()
        assert (transaction.evse_id, transaction.connector_id) == (2, 1)
        stored = await depot.store.stations.load("CP2")
        assert stored is not None
        assert [(one.evse_id, one.transaction_id) for one in stored.connectors] == [(2, transaction.id)]

    async def test_a_second_transaction_at_an_evse_is_flagged(self, depot: Depot) -> None:
        """TX-018."""
        station = await self.boot(depot)
        for id in ("A", "B"):
            await depot.send(station, event("Started", 0, id=id, evse=v201.EVSEType(id=1)))
        newer, older = (await depot.store.transactions.list(limit=10)).items
        assert (newer.flags, older.flags) == (("overlapping",), ())

    async def test_a_second_end_is_kept_and_flagged(self, depot: Depot) -> None:
        """real-stations 5."""
        station = await self.boot(depot)
        for told in (event("Started", 0), event("Ended", 1), event("Ended", 2)):
            await depot.send(station, told)
        transaction = await depot.only_transaction()
        assert (transaction.ended_at, transaction.flags) == (minute(1), ("ended_twice",))

    async def test_meter_values_of_an_evse_belong_to_what_was_running(self, depot: Depot) -> None:
        """MET-008, MET-009: clock-aligned values come in MeterValues."""
        station = await self.boot(depot)
        await depot.send(station, event("Started", 0, wh=1000, evse=v201.EVSEType(id=1)))
        for evse_id in (0, 1, 2):
            sample = v201.SampledValueType(value=1.25, unit_of_measure=v201.UnitOfMeasureType(unit="kWh"))
            values = [v201.MeterValueType(sampled_value=[sample], timestamp=minute(1))]
            answer = await depot.send(station, v201.MeterValues(evse_id=evse_id, meter_value=values))
            assert answer == v201.MeterValuesResponse()
        assert (await depot.only_transaction()).energy_wh == 250.0

    @pytest.mark.parametrize("at", [datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, tzinfo=timezone.min)])
    async def test_a_clock_that_cannot_be_right_is_flagged(self, depot: Depot, at: datetime) -> None:
        station = await self.boot(depot)
        await depot.send(station, event("Started", 0, timestamp=at, wh=1000))
        assert (await depot.only_transaction()).flags == ("clock",)


class TestBootAndConnection:
    async def test_a_boot_ends_no_transaction(self, depot: Depot) -> None:
        station = await depot.boot()
        id = (await depot.send(station, start())).transaction_id
        station = await depot.boot()
        assert (await depot.only_transaction()).state is TransactionState.OPEN
        await depot.send(station, stop(id))
        assert (await depot.only_transaction()).state is TransactionState.ENDED

    async def test_a_reconnect_needs_no_boot(self, depot: Depot) -> None:
        """real-stations 4: the answer to the last boot holds."""
        await depot.boot("CP2", v201)
        again = await depot.connect("CP2", v201)
        await depot.send(again, v201.Heartbeat())

    async def test_before_a_boot_a_2x_station_says_nothing_else(self, depot: Depot) -> None:
        """BOOT-010, TC_B_30_CSMS."""
        station = await depot.connect("CP2", v201)
        for request in (v201.Heartbeat(), event("Started", 0), v201.Authorize(id_token=id_token())):
            with pytest.raises(CallRejected, match="SecurityError"):
                await depot.send(station, request)
        assert (await depot.store.transactions.list(limit=10)).items == ()

    async def test_a_16_station_may_talk_before_its_boot(self, depot: Depot) -> None:
        """real-stations 4."""
        station = await depot.connect()
        assert (await depot.send(station, start())).transaction_id > 0
        assert (await depot.only_transaction()).flags == ()

    async def test_a_pending_2x_station_sends_only_what_it_was_asked_for(self, store: Store) -> None:
        """B02.FR.09, TC_B_31_CSMS: also when the command was never answered."""
        depot = Depot(store, clock=FixedClock(), unknown_stations=UnknownStations.PENDING)
        station = await depot.connect("CP2", v201)
        answer = await depot.send(station, boot_notification(v201))
        assert (answer.status, answer.interval) == (v201.RegistrationStatusEnumType.PENDING, 30)
        status = v201.StatusNotification(
            timestamp=NOON, connector_status=v201.ConnectorStatusEnumType.AVAILABLE, evse_id=1, connector_id=1
        )
        with pytest.raises(CallRejected, match="SecurityError"):
            await depot.send(station, status)
        depot.services.note_command(station, "TriggerMessage", {"requestedMessage": "StatusNotification"})
        await depot.send(station, status)
        with pytest.raises(CallRejected, match="SecurityError"):
            await depot.send(station, v201.Heartbeat())
        report = v201.NotifyReport(request_id=1, generated_at=NOON, seq_no=0)
        with pytest.raises(CallRejected, match="SecurityError"):
            await depot.send(station, report)
        depot.services.note_command(station, "GetBaseReport", {"requestId": 1})
        await depot.send(station, report)

    async def test_an_admitted_station_is_accepted_at_its_next_boot(self, store: Store) -> None:
        """BOOT-002, BOOT-005."""
        depot = Depot(store, clock=FixedClock(), unknown_stations=UnknownStations.PENDING)
        station = await depot.boot("CP2", v201)
        await store.stations.set_registration("CP2", Registration.ACCEPTED)
        with pytest.raises(CallRejected, match="SecurityError"):
            await depot.send(station, v201.Heartbeat())
        answer = await depot.send(station, boot_notification(v201))
        assert (answer.status, answer.interval) == (v201.RegistrationStatusEnumType.ACCEPTED, 300)
        await depot.send(station, v201.Heartbeat())

    async def test_a_rejected_station_is_shut_out_at_once(self, depot: Depot) -> None:
        """B03.FR.07."""
        station = await depot.boot("CP2", v201)
        await depot.store.stations.set_registration("CP2", Registration.REJECTED)
        depot.services.note_triggered(station, "Heartbeat")
        with pytest.raises(CallRejected, match="SecurityError"):
            await depot.send(station, v201.Heartbeat())

    async def test_a_pending_16_station_is_heard_and_flagged_and_may_not_charge(self, store: Store) -> None:
        """RPC-097: nothing that can be stored is refused."""
        depot = Depot(store, clock=FixedClock(), unknown_stations=UnknownStations.PENDING)
        station = await depot.boot()
        answer = await depot.send(station, start())
        assert answer.id_tag_info.status is v16.AuthorizationStatus.INVALID
        transaction = await depot.only_transaction()
        assert transaction.flags == ("id_token_refused", "not_accepted")

    async def test_a_late_end_of_an_old_connection_leaves_the_new_one_online(self, depot: Depot) -> None:
        old = await depot.boot()
        new = await depot.boot()
        await depot.services.disconnected(old, 1006, "late")
        station = await depot.store.stations.load("CP1")
        assert station is not None
        assert station.connected
        assert "station.disconnected" not in depot.types()
        await depot.services.disconnected(new, 1000, "bye")
        station = await depot.store.stations.load("CP1")
        assert station is not None
        assert not station.connected
        assert depot.last("station.disconnected") == {"code": 1000, "reason": "bye"}

    async def test_an_old_connection_still_delivers_what_it_said(self, depot: Depot) -> None:
        old = await depot.boot()
        id = (await depot.send(old, start())).transaction_id
        await depot.boot()
        await depot.send(old, stop(id))
        assert (await depot.only_transaction()).state is TransactionState.ENDED

    async def test_a_reconnect_storm_claims_every_station_once(self, depot: Depot) -> None:
        identities = [f"CP{number:04}" for number in range(500)]
        stations = await asyncio.gather(*(depot.connect(identity, v201) for identity in identities))
        await asyncio.gather(*(depot.send(station, boot_notification(v201)) for station in stations))
        page = await depot.store.stations.list(limit=1000)
        assert [station.identity for station in page.items] == identities
        assert {(station.connected, station.connection_epoch) for station in page.items} == {(True, 1)}


class TestQueues:
    async def test_ten_thousand_queued_messages_at_once_are_all_kept(self, depot: Depot) -> None:
        """T16-004, TX-019."""
        station = await depot.boot("CP2", v201)
        messages = [
            event(
                "Started" if number == 0 else "Ended" if number == 9_999 else "Updated",
                number,
                number=number / 60,
                wh=1000 + number,
                offline=True,
            )
            for number in range(10_000)
        ]
        await asyncio.gather(*(depot.send(station, message) for message in reversed(messages)))
        transaction = await depot.only_transaction()
        assert (transaction.state, transaction.energy_wh, transaction.flags) == (TransactionState.ENDED, 9999.0, ())
        assert len(await depot.store.transactions.meter(transaction.id)) == 10_000

    async def test_an_answer_that_never_left_is_given_again(self, depot: Depot) -> None:
        """T16-008: the connection ended between the commit and the answer."""
        station = await depot.boot()
        lost = asyncio.ensure_future(depot.send(station, start()))
        await asyncio.sleep(0)
        lost.cancel()
        await asyncio.gather(lost, return_exceptions=True)
        answer = await depot.send(await depot.connect(), start())
        assert (await depot.only_transaction()).id == answer.transaction_id

"""Transactions, folded from what stations tell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chargewire.backoffice.domain import (
    EventType,
    Flag,
    Reading,
    Start,
    Stop,
    Transaction,
    TransactionEvent,
    TransactionRecord,
    TransactionState,
)
from chargewire.backoffice.domain.transactions import begin, fold, meter, stop

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def minute(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


def started(meter_start_wh: int = 1000, *, at: datetime = NOON) -> TransactionRecord:
    start = Start(connector=1, id_token="TAG", at=at, meter_start_wh=meter_start_wh)
    return replace(begin(start, station="CP1", now=NOON), id=7)


def stopped(
    meter_stop_wh: int = 5000, *, at: datetime | None = None, id_token: str | None = None, reason: str = "Local"
) -> Stop:
    return Stop(7, at or minute(60), meter_stop_wh, reason, id_token)


def register(number: float, wh: float) -> Reading:
    return Reading(at=minute(number), energy_import_wh=wh)


def event(type: EventType, seq_no: int, **told: object) -> TransactionEvent:
    told.setdefault("at", minute(seq_no))
    body = repr(sorted(told.items())).encode()
    return TransactionEvent(
        type=type,
        seq_no=seq_no,
        trigger_reason="MeterValuePeriodic",
        transaction_id="T1",
        body=body,
        **told,  # type: ignore[arg-type]
    )


def fold_all(*events: TransactionEvent) -> Transaction:
    record = TransactionRecord(id=1, station="CP1", station_transaction_id="T1")
    seen: set[int] = set()
    for one in events:
        record = fold(record, one, seq_seen=one.seq_no in seen, now=NOON)
        seen.add(one.seq_no)
    return record.view()


class TestStartAndStop:
    """OCPP 1.6."""

    def test_a_start_opens_a_transaction_whose_id_is_the_allotted_one(self) -> None:
        view = started().view()
        assert (view.state, view.transaction_id, view.evse_id, view.connector_id) == (TransactionState.OPEN, "7", 1, 1)
        assert (view.started_at, view.meter_start_wh, view.energy_wh, view.flags) == (NOON, 1000.0, 0.0, ())

    def test_a_repeated_start_has_the_same_key_and_any_other_has_not(self) -> None:
        """T16-008."""
        start = Start(1, "TAG", NOON, 1000)
        zoned = NOON.astimezone(tz=None)
        assert Start(1, "TAG", zoned, 1000).key == start.key
        others = [
            Start(2, "TAG", NOON, 1000),
            Start(1, "TAH", NOON, 1000),
            Start(1, "TAG", minute(1), 1000),
            Start(1, "TAG", NOON, 1001),
        ]
        assert start.key not in {other.key for other in others}

    def test_a_stop_ends_it_with_the_stations_time_and_register(self) -> None:
        """T16-007."""
        view = stop(started(), stopped(), now=minute(90)).view()
        assert (view.state, view.ended_at, view.stop_reason) == (TransactionState.ENDED, minute(60), "Local")
        assert (view.meter_stop_wh, view.energy_wh, view.power_w) == (5000.0, 4000.0, None)

    def test_the_same_stop_again_changes_nothing(self) -> None:
        ended = stop(started(), stopped(), now=minute(90))
        assert stop(ended, stopped(), now=minute(95)) is ended

    def test_another_stop_of_an_ended_transaction_only_leaves_a_flag(self) -> None:
        ended = stop(started(), stopped(), now=minute(90))
        view = stop(ended, stopped(9999), now=minute(95)).view()
        assert (view.meter_stop_wh, view.flags) == (5000.0, ("ended_twice",))

    def test_a_real_stop_replaces_an_inferred_end(self) -> None:
        inferred = replace(started(), state=TransactionState.INFERRED_ENDED, ended_at=minute(5), meter_stop_wh=1000.0)
        view = stop(inferred, stopped(), now=minute(90)).view()
        assert (view.state, view.meter_stop_wh, view.flags) == (TransactionState.ENDED, 5000.0, ())

    def test_a_register_that_fell_gives_no_energy_but_a_flag(self) -> None:
        view = stop(started(), stopped(0), now=minute(90)).view()
        assert (view.meter_stop_wh, view.energy_wh, view.flags) == (0.0, None, ("meter_backwards",))

    def test_a_stop_below_the_last_reading_is_flagged(self) -> None:
        view = stop(meter(started(), [register(10, 4000)]), stopped(3999), now=minute(90)).view()
        assert view.flags == ("meter_backwards",)

    def test_a_stop_by_another_token_is_flagged(self) -> None:
        assert stop(started(), stopped(id_token="OTHER"), now=minute(90)).view().flags == ("id_token_differs",)

    def test_the_case_of_a_token_makes_no_other_token(self) -> None:
        """AUT-004."""
        assert stop(started(), stopped(id_token="tag"), now=minute(90)).view().flags == ()

    @pytest.mark.parametrize("at", [datetime(1970, 1, 1, tzinfo=UTC), minute(-1), minute(60 * 48)])
    def test_an_end_that_cannot_be_true_is_flagged_and_kept(self, at: datetime) -> None:
        view = stop(started(), stopped(at=at), now=NOON).view()
        assert (view.ended_at, view.flags) == (at, ("clock",))

    def test_a_start_with_a_clock_never_set_is_flagged_and_kept(self) -> None:
        view = started(at=datetime(1970, 1, 1, tzinfo=UTC)).view()
        assert (view.started_at, view.flags) == (datetime(1970, 1, 1, tzinfo=UTC), ("clock",))


class TestMeter:
    """Running totals."""

    def test_registers_move_the_energy(self) -> None:
        view = meter(started(), [register(1, 1200), register(2, 1500)]).view()
        assert view.energy_wh == 500.0

    def test_a_reading_without_register_leaves_the_energy_alone(self) -> None:
        reading = Reading(at=minute(3), power_import_w=7000.0, soc_percent=40.0)
        view = meter(started(), [register(1, 1200), reading]).view()
        assert (view.energy_wh, view.power_w, view.soc_percent) == (200.0, 7000.0, 40.0)

    def test_a_late_reading_does_not_take_the_place_of_a_newer_one(self) -> None:
        late = Reading(at=minute(1), energy_import_wh=1100.0, power_import_w=1.0, soc_percent=1.0)
        newer = Reading(at=minute(2), energy_import_wh=1500.0, power_import_w=2.0, soc_percent=2.0)
        view = meter(started(), [newer, late]).view()
        assert (view.energy_wh, view.power_w, view.soc_percent, view.flags) == (500.0, 2.0, 2.0, ())

    def test_a_falling_register_is_flagged_in_any_order_of_arrival(self) -> None:
        """MET-010."""
        readings = [register(1, 1200), register(2, 1100)]
        for order in permutations(readings):
            assert meter(started(), order).view().flags == ("meter_backwards",)

    def test_a_register_before_the_first_and_above_it_is_flagged(self) -> None:
        record = TransactionRecord(id=1, station="CP1", station_transaction_id="T1", seq_started=0)
        view = meter(record, [register(5, 1000), register(1, 1001)]).view()
        assert view.flags == ("meter_backwards",)

    def test_readings_of_one_moment_make_the_ends_of_the_curve(self) -> None:
        """E12.FR.06: several may carry the same time."""
        record = TransactionRecord(id=1, station="CP1", station_transaction_id="T1", seq_started=0)
        view = meter(record, [register(1, 1005), register(1, 1000), register(1, 1010)]).view()
        assert (view.meter_start_wh, view.energy_wh, view.flags) == (1000.0, 10.0, ())


class TestEvents:
    """OCPP 2.x."""

    def test_started_updated_and_ended_make_a_transaction(self) -> None:
        view = fold_all(
            event(EventType.STARTED, 0, evse_id=1, connector_id=2, id_token="TAG", readings=(register(0, 1000),)),
            event(EventType.UPDATED, 1, charging_state="Charging", readings=(register(1, 1500),)),
            event(EventType.ENDED, 2, stopped_reason="Remote", charging_state="Idle", readings=(register(2, 2000),)),
        )
        assert view == Transaction(
            id=1,
            station="CP1",
            evse_id=1,
            connector_id=2,
            transaction_id="T1",
            id_token="TAG",
            state=TransactionState.ENDED,
            charging_state="Idle",
            started_at=minute(0),
            ended_at=minute(2),
            stop_reason="Remote",
            meter_start_wh=1000.0,
            meter_stop_wh=2000.0,
            energy_wh=1000.0,
            power_w=None,
            soc_percent=None,
            flags=(),
        )

    def test_an_absent_reason_is_local(self) -> None:
        """TX-014."""
        assert fold_all(event(EventType.ENDED, 0)).stop_reason == "Local"

    def test_ended_first_is_a_transaction_without_start(self) -> None:
        view = fold_all(event(EventType.ENDED, 2))
        assert (view.state, view.started_at, view.flags) == (TransactionState.ENDED, None, ("no_start",))

    def test_an_end_is_final(self) -> None:
        """TC_E_31_CSMS: the skipped events come after it."""
        view = fold_all(
            event(EventType.STARTED, 0),
            event(EventType.ENDED, 3, charging_state="Idle"),
            event(EventType.UPDATED, 1, charging_state="Charging"),
            event(EventType.UPDATED, 2, charging_state="SuspendedEV"),
        )
        assert (view.state, view.ended_at, view.charging_state) == (TransactionState.ENDED, minute(3), "Idle")
        assert view.flags == ()

    def test_a_second_end_leaves_a_flag(self) -> None:
        view = fold_all(event(EventType.STARTED, 0), event(EventType.ENDED, 1), event(EventType.ENDED, 2))
        assert (view.ended_at, view.flags) == (minute(1), ("ended_twice",))

    def test_the_earliest_of_two_starts_counts(self) -> None:
        for order in permutations([event(EventType.STARTED, 0), event(EventType.STARTED, 1)]):
            assert fold_all(*order).started_at == minute(0)

    def test_a_missing_number_is_a_gap_until_it_comes(self) -> None:
        """TX-003."""
        events = [event(EventType.STARTED, 0), event(EventType.UPDATED, 2), event(EventType.UPDATED, 1)]
        assert fold_all(*events[:2]).flags == ("gap",)
        assert fold_all(*events).flags == ()

    def test_numbers_may_go_on_from_another_transaction(self) -> None:
        """TX-002: a counter that never restarts is still allowed."""
        view = fold_all(event(EventType.STARTED, 17), event(EventType.UPDATED, 18), event(EventType.ENDED, 19))
        assert view.flags == ()

    def test_one_number_for_everything_is_flagged_as_such(self) -> None:
        view = fold_all(event(EventType.STARTED, 0), event(EventType.UPDATED, 0, at=minute(1)))
        assert view.flags == ("seq_reused",)

    def test_evse_token_and_reservation_may_come_with_any_event(self) -> None:
        """TX-010."""
        view = fold_all(
            event(EventType.STARTED, 0),
            event(EventType.UPDATED, 1, evse_id=2, connector_id=1),
            event(EventType.UPDATED, 2, id_token="TAG"),
        )
        assert (view.evse_id, view.connector_id, view.id_token) == (2, 1, "TAG")

    def test_the_token_is_that_of_the_earliest_event(self) -> None:
        events = [event(EventType.STARTED, 0, id_token="TAG"), event(EventType.ENDED, 1, id_token="OTHER")]
        for order in permutations(events):
            view = fold_all(*order)
            assert (view.id_token, view.flags) == ("TAG", ("id_token_differs",))

    def test_one_reading_tells_no_energy_once_it_ended(self) -> None:
        assert fold_all(event(EventType.ENDED, 0, readings=(register(0, 1000),))).energy_wh is None

    def test_a_clock_that_was_never_set_is_flagged(self) -> None:
        view = fold_all(event(EventType.STARTED, 0, at=datetime(1970, 1, 1, tzinfo=UTC)))
        assert view.flags == ("clock",)

    def test_a_repeated_event_has_the_same_key_and_any_other_has_not(self) -> None:
        """TX-004."""
        assert event(EventType.UPDATED, 1).key == event(EventType.UPDATED, 1).key
        assert event(EventType.UPDATED, 1).key != event(EventType.UPDATED, 1, offline=True).key

    @given(st.permutations(range(6)), st.data())
    def test_the_order_of_arrival_does_not_matter(self, order: list[int], data: st.DataObject) -> None:
        states = data.draw(st.lists(st.sampled_from([None, "Charging", "SuspendedEV"]), min_size=6, max_size=6))
        with_token = data.draw(st.integers(0, 5))
        events = [
            event(
                EventType.STARTED if n == 0 else EventType.ENDED if n == 5 else EventType.UPDATED,
                n,
                charging_state=states[n],
                id_token="TAG" if n >= with_token else None,
                evse_id=1 if n == with_token else None,
                readings=(register(n, 1000 + 100 * n),),
            )
            for n in range(6)
        ]
        assert fold_all(*(events[n] for n in order)) == fold_all(*events)


def test_flags_that_stay_are_named_once() -> None:
    record = started().marked(Flag.OVERLAPPING)
    assert record.marked(Flag.OVERLAPPING) is record
    assert record.marked(Flag.CLOCK).view().flags == ("clock", "overlapping")

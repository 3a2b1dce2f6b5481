"""The state machine of a simulated station, without OCPP, clock or network."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count, pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargewire.simulator.actions import (
    Action,
    AuthorizationNeeded,
    Availability,
    EventType,
    IdToken,
    RebootDue,
    RemoteStart,
    StatusChanged,
    StopReason,
    TransactionChanged,
    Trigger,
)
from chargewire.simulator.meter import AC_22_KW, Outlet, Vehicle
from chargewire.simulator.model import StationModel
from chargewire.simulator.settings import Settings, TxPoint
from chargewire.simulator.states import TRANSITIONS, ChargingState, Status

CARD = IdToken("04A2B3C4")
OTHER_CARD = IdToken("DEADBEEF")
FAMILY = IdToken("FAMILY", "Central")
CAR = Vehicle(capacity_wh=50_000, soc_percent=40)


def station(settings: Settings | None = None, *, connectors: int = 2) -> StationModel:
    numbers = count(1)
    outlets = [Outlet(AC_22_KW, Random(number)) for number in range(connectors)]
    return StationModel(outlets, settings or Settings(), new_transaction_id=lambda: f"tx-{next(numbers)}")


def charging_station(settings: Settings | None = None) -> StationModel:
    """A station with a running transaction on connector 1 at time 10."""
    model = station(settings)
    model.plug_in(1, CAR, 0)
    model.authorized(CARD, 1, connector=1)
    model.tick(10)
    return model


def statuses(actions: Iterable[Action]) -> list[tuple[int, Status]]:
    return [(action.connector, action.status) for action in actions if isinstance(action, StatusChanged)]


def events(actions: Iterable[Action]) -> list[TransactionChanged]:
    return [action for action in actions if isinstance(action, TransactionChanged)]


def the_event(actions: Iterable[Action]) -> TransactionChanged:
    (event,) = events(actions)
    return event


# Starting


def test_a_plugged_vehicle_prepares_its_connector() -> None:
    """T16-012."""
    assert station().plug_in(1, CAR, 0) == [StatusChanged(1, Status.PREPARING, plugged=True)]


def test_a_token_at_the_reader_has_to_be_authorized() -> None:
    """AUT-001, AUT-002."""
    assert station().swipe(CARD, 0, connector=1) == [AuthorizationNeeded(CARD, 1)]


def test_vehicle_first_then_card_starts_a_transaction() -> None:
    """T16-001, TX-007, TX-008, TX-009, TX-010."""
    model = station()
    model.plug_in(1, CAR, 0)
    started = the_event(model.authorized(CARD, 1, connector=1))
    assert (started.type, started.trigger, started.seq_no) == (EventType.STARTED, Trigger.AUTHORIZED, 0)
    assert started.charging_state is ChargingState.EV_CONNECTED
    assert started.id_token == CARD
    assert started.tells_connector


def test_card_first_then_vehicle_starts_a_transaction() -> None:
    """T16-012, TX-008: the authorized connector prepares, the cable starts."""
    model = station()
    assert statuses(model.authorized(CARD, 0, connector=1)) == [(1, Status.PREPARING)]
    started = the_event(model.plug_in(1, CAR, 5))
    assert (started.type, started.trigger, started.id_token) == (EventType.STARTED, Trigger.CABLE_PLUGGED_IN, CARD)


def test_energy_flows_after_station_and_vehicle_have_agreed() -> None:
    """T16-013, TX-009."""
    model = station()
    model.plug_in(1, CAR, 0)
    model.authorized(CARD, 1, connector=1)
    assert model.deadline() == 2.5
    actions = model.tick(2.5)
    assert statuses(actions) == [(1, Status.CHARGING)]
    updated = the_event(actions)
    assert (updated.trigger, updated.charging_state) == (Trigger.CHARGING_STATE_CHANGED, ChargingState.CHARGING)
    assert (updated.seq_no, updated.id_token, updated.tells_connector) == (1, None, False)


def test_an_authorization_without_a_vehicle_ends_in_time() -> None:
    """AUT-009."""
    model = station(Settings(connection_timeout=60))
    model.authorized(CARD, 0, connector=1)
    assert model.deadline() == 60
    assert model.tick(59) == []
    assert statuses(model.tick(60)) == [(1, Status.AVAILABLE)]
    assert events(model.plug_in(1, CAR, 61)) == []


def test_presenting_the_card_again_takes_the_wish_to_charge_back() -> None:
    """T16-013."""
    model = station()
    model.authorized(CARD, 0, connector=1)
    assert statuses(model.swipe(CARD, 1)) == [(1, Status.AVAILABLE)]


def test_the_connector_with_a_vehicle_is_the_one_that_is_meant() -> None:
    model = station()
    model.plug_in(2, CAR, 0)
    assert the_event(model.authorized(CARD, 1)).connector == 2


def test_a_token_without_a_free_connector_changes_nothing() -> None:
    model = station(connectors=1)
    model.plug_in(1, CAR, 0)
    model.authorized(CARD, 1)
    assert model.authorized(OTHER_CARD, 2) == []


def test_tokens_are_compared_without_case_but_with_type() -> None:
    """AUT-004."""
    assert IdToken("abc").matches(IdToken("ABC"))
    assert not IdToken("abc").matches(IdToken("abc", "eMAID"))
    assert not IdToken("abc").matches(None)


# Stopping


def test_the_card_that_started_also_stops() -> None:
    """AUT-003, T16-009, TX-015: without another Authorize."""
    model = charging_station()
    actions = model.swipe(CARD, 20)
    ended = the_event(actions)
    assert (ended.type, ended.trigger, ended.stop_reason) == (
        EventType.ENDED,
        Trigger.STOP_AUTHORIZED,
        StopReason.LOCAL,
    )
    assert ended.id_token == CARD
    assert statuses(actions) == [(1, Status.FINISHING)]


def test_another_card_of_the_group_stops_after_its_authorization() -> None:
    """AUT-003."""
    model = station()
    model.plug_in(1, CAR, 0)
    model.authorized(CARD, 1, group=FAMILY)
    assert model.swipe(OTHER_CARD, 5) == [AuthorizationNeeded(OTHER_CARD)]
    ended = the_event(model.authorized(OTHER_CARD, 6, group=FAMILY))
    assert (ended.type, ended.id_token) == (EventType.ENDED, OTHER_CARD)


def test_a_stranger_does_not_stop_a_transaction() -> None:
    """AUT-003."""
    model = charging_station()
    model.authorized(OTHER_CARD, 20, connector=1)
    assert model.find("tx-1") is not None


def test_a_connector_stays_occupied_until_the_cable_is_gone() -> None:
    """T16-012: nothing becomes Available by itself."""
    model = charging_station()
    model.swipe(CARD, 20)
    assert model.tick(10_000) == []
    assert statuses(model.unplug(1, 10_001)) == [(1, Status.AVAILABLE)]


def test_after_the_end_the_same_vehicle_can_charge_again() -> None:
    """T16-013: Finishing, then Preparing."""
    model = charging_station()
    model.swipe(CARD, 20)
    actions = model.authorized(CARD, 30, connector=1)
    assert the_event(actions).transaction_id == "tx-2"
    assert statuses(actions) == [(1, Status.PREPARING)]


def test_unplugging_ends_the_transaction_and_winds_up() -> None:
    """T16-010, TX-017."""
    actions = charging_station().unplug(1, 20)
    ended = the_event(actions)
    assert (ended.type, ended.stop_reason) == (EventType.ENDED, StopReason.EV_DISCONNECTED)
    assert ended.charging_state is ChargingState.IDLE
    assert statuses(actions) == [(1, Status.FINISHING), (1, Status.AVAILABLE)]


def test_unplugging_the_vehicle_may_leave_the_transaction_running() -> None:
    """T16-010, TX-017: the cable stays locked until the card comes."""
    model = charging_station(Settings(stop_on_ev_disconnect=False))
    actions = model.unplug(1, 20)
    assert the_event(actions).type is EventType.UPDATED
    assert actions[-1] == StatusChanged(1, Status.SUSPENDED_EV, plugged=True, info="EV side disconnected")
    actions = model.swipe(CARD, 30)
    assert the_event(actions).stop_reason is StopReason.LOCAL
    assert statuses(actions)[-1] == (1, Status.AVAILABLE)


def test_a_full_battery_suspends_but_does_not_stop() -> None:
    """T16-012, TX-009."""
    model = charging_station()
    actions = [*model.tick(1_000_000), *model.tick(1_000_001)]
    assert (1, Status.SUSPENDED_EV) in statuses(actions)
    assert ChargingState.SUSPENDED_EV in [event.charging_state for event in events(actions)]
    assert model.find("tx-1") is not None


def test_a_station_that_suspends_wins_over_a_vehicle_that_does() -> None:
    """T16-014."""
    model = charging_station()
    model.set_vehicle_ready(1, 20, ready=False)
    assert statuses(model.set_station_ready(1, 21, ready=False)) == [(1, Status.SUSPENDED_EVSE)]
    assert statuses(model.set_station_ready(1, 22, ready=True)) == [(1, Status.SUSPENDED_EV)]
    assert statuses(model.set_vehicle_ready(1, 23, ready=True)) == [(1, Status.CHARGING)]


# What the CSMS does


def test_a_remote_start_waits_for_the_vehicle_and_says_so_once() -> None:
    """REM-001, REM-003, REM-005, TX-010."""
    model = station()
    assert statuses(model.remote_start(1, CARD, 0, id=77)) == [(1, Status.PREPARING)]
    started = the_event(model.plug_in(1, CAR, 5))
    assert (started.trigger, started.remote_start_id, started.id_token) == (Trigger.REMOTE_START, 77, CARD)
    assert the_event(model.tick(10)).remote_start_id is None


def test_a_remote_start_is_authorized_where_that_is_wanted() -> None:
    """REM-001, REM-003: but never for a token of the CSMS itself."""
    model = station(Settings(authorize_remote=True))
    assert model.remote_start(1, CARD, 0, id=7) == [AuthorizationNeeded(CARD, 1, RemoteStart(7))]
    assert statuses(model.remote_start(1, IdToken("desk", "Central"), 1)) == [(1, Status.PREPARING)]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda model: model.fail(1, "GroundFailure", 1),
        lambda model: model.change_availability(1, 1, operative=False),
        lambda model: model.change_availability(0, 1, operative=False),
        lambda model: model.authorized(CARD, 1, connector=1),
    ],
    ids=["faulted", "unavailable", "station unavailable", "taken"],
)
def test_a_connector_that_cannot_be_used_is_not_offered(spoil: Callable[[StationModel], object]) -> None:
    """REM-004."""
    model = station(connectors=1)
    spoil(model)
    assert model.find_free(1) is None
    assert model.find_free() is None


def test_a_remote_stop_ends_like_the_driver_would() -> None:
    """REM-002, REM-006."""
    actions = charging_station().remote_stop("tx-1", 20)
    assert actions is not None
    ended = the_event(actions)
    assert (ended.type, ended.trigger, ended.stop_reason) == (EventType.ENDED, Trigger.REMOTE_STOP, StopReason.REMOTE)


def test_a_remote_stop_of_an_unknown_transaction_is_refused() -> None:
    """REM-002, REM-006."""
    model = charging_station()
    assert model.remote_stop("tx-9", 20) is None
    assert model.find("tx-1") is not None


def test_a_token_refused_afterwards_stops_the_transaction() -> None:
    """T16-003, TX-013."""
    ended = the_event(charging_station().refused("tx-1", 20))
    assert (ended.type, ended.trigger, ended.stop_reason) == (
        EventType.ENDED,
        Trigger.DEAUTHORIZED,
        StopReason.DE_AUTHORIZED,
    )


def test_a_token_refused_afterwards_may_only_cost_the_energy() -> None:
    """T16-003, TX-013."""
    actions = charging_station(Settings(stop_on_invalid_id=False)).refused("tx-1", 20)
    assert statuses(actions) == [(1, Status.SUSPENDED_EVSE)]
    assert the_event(actions).charging_state is ChargingState.SUSPENDED_EVSE


def test_refusing_a_transaction_that_is_over_changes_nothing() -> None:
    assert station().refused("tx-1", 0) == []


def test_an_idle_connector_becomes_unavailable_at_once_and_comes_back() -> None:
    """AVL-001, AVL-002."""
    model = station()
    answer, actions = model.change_availability(1, 0, operative=False)
    assert (answer, statuses(actions)) == (Availability.ACCEPTED, [(1, Status.UNAVAILABLE)])
    answer, actions = model.change_availability(1, 1, operative=True)
    assert (answer, statuses(actions)) == (Availability.ACCEPTED, [(1, Status.AVAILABLE)])


def test_a_busy_connector_becomes_unavailable_when_its_transaction_ends() -> None:
    """AVL-001, T16-013."""
    model = charging_station()
    assert model.change_availability(1, 20, operative=False) == (Availability.SCHEDULED, [])
    assert statuses(model.swipe(CARD, 30)) == [(1, Status.UNAVAILABLE)]


def test_taking_the_station_out_of_use_takes_every_connector() -> None:
    """AVL-001, AVL-002."""
    model = charging_station()
    answer, actions = model.change_availability(0, 20, operative=False)
    assert (answer, statuses(actions)) == (Availability.SCHEDULED, [(2, Status.UNAVAILABLE)])
    assert statuses(model.swipe(CARD, 30)) == [(0, Status.UNAVAILABLE), (1, Status.UNAVAILABLE)]
    _, actions = model.change_availability(0, 40, operative=True)
    assert statuses(actions) == [
        (1, Status.PREPARING),
        (1, Status.FINISHING),
        (2, Status.AVAILABLE),
        (0, Status.AVAILABLE),
    ]


def test_who_was_authorized_is_sent_away_when_the_connector_goes_out_of_use() -> None:
    """T16-013: Preparing becomes Available before it becomes Unavailable."""
    model = station()
    model.authorized(CARD, 0, connector=1)
    _, actions = model.change_availability(1, 1, operative=False)
    assert statuses(actions) == [(1, Status.AVAILABLE), (1, Status.UNAVAILABLE)]


def test_unlocking_ends_the_transaction_first() -> None:
    """REM-007."""
    assert the_event(charging_station().unlock(1, 20)).stop_reason is StopReason.UNLOCK_COMMAND


def test_an_immediate_reset_ends_every_transaction_before_the_reboot() -> None:
    """RST-001, RST-004."""
    model = charging_station()
    answer, actions = model.reset(StopReason.HARD_RESET, 20)
    ended = the_event(actions)
    assert answer is Availability.ACCEPTED
    assert (ended.trigger, ended.stop_reason) == (Trigger.RESET_COMMAND, StopReason.HARD_RESET)
    assert actions[-1] == RebootDue()


def test_a_reset_on_idle_waits_for_the_last_transaction() -> None:
    """RST-003."""
    model = charging_station()
    assert model.reset(StopReason.SOFT_RESET, 20, when_idle=True) == (Availability.SCHEDULED, [])
    assert RebootDue() in model.swipe(CARD, 30)


def test_a_reset_on_idle_of_an_idle_station_is_immediate() -> None:
    """RST-002."""
    assert station().reset(StopReason.SOFT_RESET, 0, when_idle=True) == (Availability.ACCEPTED, [RebootDue()])


# Faults


def test_a_fault_ends_the_transaction_and_returns_to_the_state_before() -> None:
    """T16-013."""
    model = charging_station()
    actions = model.fail(1, "GroundFailure", 20, info="leak")
    assert the_event(actions).stop_reason is StopReason.GROUND_FAULT
    assert statuses(actions) == [(1, Status.FINISHING), (1, Status.FAULTED)]
    assert actions[-1] == StatusChanged(1, Status.FAULTED, plugged=True, error_code="GroundFailure", info="leak")
    model.unplug(1, 25)
    assert statuses(model.repair(1, 30)) == [(1, Status.FINISHING), (1, Status.AVAILABLE)]


def test_a_second_fault_is_told_as_well() -> None:
    """T16-013."""
    model = station()
    model.fail(1, "GroundFailure", 0)
    assert model.fail(1, "HighTemperature", 1) == [StatusChanged(1, Status.FAULTED, error_code="HighTemperature")]


# Meter values


def test_samples_keep_the_interval_of_the_transaction() -> None:
    """MET-001, MET-007."""
    model = station(Settings(sample_interval=30))
    model.plug_in(1, CAR, 0)
    model.authorized(CARD, 0, connector=1)
    due = [event for second in range(1, 100) for event in events(model.tick(second)) if is_periodic(event)]
    assert len(due) == 3
    assert [event.charging_state for event in due] == [None, None, None]


def test_an_interval_of_zero_gives_no_samples() -> None:
    """MET-001."""
    model = charging_station(Settings(sample_interval=0))
    assert not [event for second in range(11, 500) for event in events(model.tick(second)) if is_periodic(event)]


def test_samples_that_were_slept_through_are_not_made_up_for() -> None:
    model = charging_station(Settings(sample_interval=30))
    assert len([event for event in events(model.tick(1000)) if is_periodic(event)]) == 1
    assert events(model.tick(1001)) == []


def test_the_battery_lives_faster_when_time_is_scaled() -> None:
    outlets = [Outlet(AC_22_KW, Random(1))]
    model = StationModel(outlets, Settings(), new_transaction_id=lambda: "tx", time_scale=60)
    model.plug_in(1, CAR, 0)
    model.authorized(CARD, 0)
    model.tick(10)
    model.tick(70)
    sample = model.sample(1, 130)
    assert sample.power_w == pytest.approx(11_000, rel=0.02)
    assert sample.energy_wh == pytest.approx(22_000, rel=0.02)


def test_the_main_meter_is_connector_zero() -> None:
    """MET-004."""
    model = charging_station()
    assert model.sample(0, 3600).energy_wh == model.sample(1, 3600).energy_wh > 0


def test_a_trigger_tells_about_the_running_transaction() -> None:
    """REM-010: with the charging state though it did not change."""
    model = charging_station()
    told = the_event(model.trigger(1, 20))
    assert (told.trigger, told.charging_state) == (Trigger.TRIGGER, ChargingState.CHARGING)
    assert model.trigger(2, 21) == []


def is_periodic(event: TransactionChanged) -> bool:
    return event.trigger is Trigger.METER_VALUE_PERIODIC


# Other start and stop points of 2.x


def test_a_transaction_may_start_with_the_cable() -> None:
    """TX-005, TX-006, TX-011."""
    model = station(
        Settings(start_points=frozenset({TxPoint.EV_CONNECTED}), stop_points=frozenset({TxPoint.EV_CONNECTED}))
    )
    actions = model.plug_in(1, CAR, 0)
    assert [type(action) for action in actions] == [StatusChanged, TransactionChanged]
    assert the_event(actions).id_token is None
    authorized = the_event(model.authorized(CARD, 5, connector=1))
    assert (authorized.type, authorized.trigger, authorized.id_token) == (EventType.UPDATED, Trigger.AUTHORIZED, CARD)
    stopped = the_event(model.remote_stop("tx-1", 20) or [])
    assert (stopped.type, stopped.trigger, stopped.charging_state) == (EventType.UPDATED, Trigger.REMOTE_STOP, None)
    ended = the_event(model.unplug(1, 30))
    assert (ended.type, ended.stop_reason) == (EventType.ENDED, StopReason.REMOTE)


def test_a_transaction_may_start_with_the_card_and_time_out() -> None:
    """TX-016."""
    settings = Settings(start_points=frozenset({TxPoint.AUTHORIZED}), connection_timeout=60)
    model = station(settings)
    started = the_event(model.authorized(CARD, 0, connector=1))
    assert (started.charging_state, started.tells_connector) == (ChargingState.IDLE, False)
    ended = the_event(model.tick(60))
    assert (ended.trigger, ended.stop_reason) == (Trigger.EV_CONNECT_TIMEOUT, StopReason.TIMEOUT)


def test_a_transaction_may_start_and_stop_with_the_energy() -> None:
    """TX-005, TX-006."""
    points = frozenset({TxPoint.ENERGY_TRANSFER})
    model = station(Settings(start_points=points, stop_points=points))
    model.plug_in(1, CAR, 0)
    assert events(model.authorized(CARD, 1, connector=1)) == []
    assert the_event(model.tick(10)).type is EventType.STARTED
    assert the_event(model.set_vehicle_ready(1, 20, ready=False)).type is EventType.ENDED


def test_a_vehicle_that_leaves_without_anybody_authorized_ends_its_transaction() -> None:
    """TX-006: nothing is left that could end it later."""
    settings = Settings(start_points=frozenset({TxPoint.EV_CONNECTED}), stop_points=frozenset({TxPoint.AUTHORIZED}))
    model = station(settings)
    model.plug_in(1, CAR, 0)
    assert the_event(model.unplug(1, 10)).type is EventType.ENDED


# Whatever happens


def test_a_connector_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ValueError, match="no connector 3, only 1 to 2"):
        station().plug_in(3, CAR, 0)


def test_the_present_states_are_those_told_last() -> None:
    """BOOT-011: the station and every connector."""
    assert statuses(charging_station().statuses()) == [
        (0, Status.AVAILABLE),
        (1, Status.CHARGING),
        (2, Status.AVAILABLE),
    ]


Step = Callable[[StationModel, float], object]
CONNECTORS = st.integers(1, 2)
STEPS: st.SearchStrategy[Step] = st.one_of(
    st.builds(lambda c, soc: lambda m, t: m.plug_in(c, Vehicle(soc_percent=soc), t), CONNECTORS, st.floats(0, 100)),
    st.builds(lambda c: lambda m, t: m.unplug(c, t), CONNECTORS),
    st.builds(lambda c, k: lambda m, t: m.swipe(k, t, connector=c), CONNECTORS, st.sampled_from([CARD, OTHER_CARD])),
    st.builds(lambda c, k: lambda m, t: m.authorized(k, t, connector=c, group=FAMILY), CONNECTORS, st.just(CARD)),
    st.builds(lambda c: lambda m, t: m.remote_start(c, CARD, t, id=1), CONNECTORS),
    st.builds(lambda n: lambda m, t: m.remote_stop(f"tx-{n}", t) or [], st.integers(1, 5)),
    st.builds(lambda n: lambda m, t: m.refused(f"tx-{n}", t), st.integers(1, 5)),
    st.builds(
        lambda c, up: lambda m, t: m.change_availability(c, t, operative=up)[1], st.integers(0, 2), st.booleans()
    ),
    st.builds(lambda c: lambda m, t: m.fail(c, "OtherError", t), CONNECTORS),
    st.builds(lambda c: lambda m, t: m.repair(c, t), CONNECTORS),
    st.builds(lambda c, up: lambda m, t: m.set_vehicle_ready(c, t, ready=up), CONNECTORS, st.booleans()),
    st.builds(lambda c, up: lambda m, t: m.set_station_ready(c, t, ready=up), CONNECTORS, st.booleans()),
    st.builds(lambda c: lambda m, t: m.unlock(c, t), CONNECTORS),
    st.builds(lambda idle: lambda m, t: m.reset(StopReason.SOFT_RESET, t, when_idle=idle)[1], st.booleans()),
    st.just(lambda m, t: m.tick(t)),
)
POINTS = st.frozensets(st.sampled_from(TxPoint), min_size=1)


@given(
    settings=st.builds(
        Settings,
        start_points=POINTS,
        stop_points=POINTS,
        stop_on_ev_disconnect=st.booleans(),
        stop_on_invalid_id=st.booleans(),
        sample_interval=st.sampled_from([0, 5, 60]),
    ),
    steps=st.lists(st.tuples(STEPS, st.floats(0, 300)), max_size=40),
)
def test_whatever_happens_the_story_told_is_legal(settings: Settings, steps: list[tuple[Step, float]]) -> None:
    """T16-013, TX-002, TX-018, MET-010: transitions, numbering, one transaction a connector, rising register."""
    model, now, told = station(settings), 0.0, list[Action]()
    for step, pause in steps:
        now += pause
        actions = step(model, now)
        assert isinstance(actions, list)
        told.extend([*actions, *model.tick(now)])
        for connector in model.connectors:
            assert connector.reported.status is connector.status(now, operative=model.operative)
    for number in (1, 2):
        story = [Status.AVAILABLE, *(status for connector, status in statuses(told) if connector == number)]
        for earlier, later in pairwise(story):
            assert earlier is later or later in TRANSITIONS[earlier]
        check_transactions([event for event in events(told) if event.connector == number])


def check_transactions(story: list[TransactionChanged]) -> None:
    running: str | None = None
    expected = 0
    energy_wh = 0
    for event in story:
        assert (event.type is EventType.STARTED) is (running is None)
        running = event.transaction_id if running is None else running
        assert (event.transaction_id, event.seq_no) == (running, expected)
        assert (event.stop_reason is not None) is (event.type is EventType.ENDED)
        assert event.sample.energy_wh >= energy_wh
        energy_wh = event.sample.energy_wh
        expected += 1
        if event.type is EventType.ENDED:
            running, expected = None, 0

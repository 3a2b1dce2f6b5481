"""A simulated station of OCPP 2.0.1 against a CSMS that follows a script."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from support.scripted_csms import ID_TOKEN_ACCEPTED, ID_TOKEN_INVALID, ScriptedCsms, boot201
from support.simulated import config, running, until

from chargewire import Backoff, CallRejected, v201
from chargewire.simulator import SimulatedStation
from chargewire.simulator.settings import TxPoint

READY = 2  # StatusNotifications after a boot: two connectors
CENTRAL = v201.IdTokenType(id_token="PORTAL", type=v201.IdTokenEnumType.CENTRAL)
KINDS = v201.TransactionEventEnumType
TRIGGERS = v201.TriggerReasonEnumType


@pytest_asyncio.fixture
async def csms() -> AsyncIterator[ScriptedCsms]:
    async with ScriptedCsms().serve() as csms:
        yield csms


async def ready(csms: ScriptedCsms) -> None:
    await csms.wait_for(v201.StatusNotification, number=READY)


async def charge(csms: ScriptedCsms, station: SimulatedStation) -> str:
    """Bring EVSE 1 to charging with the card 04A2, and return the id of the transaction."""
    await ready(csms)
    station.plug_in(1)
    station.swipe("04A2", 1)
    event = await csms.wait_for(v201.TransactionEvent, is_in(v201.ChargingStateEnumType.CHARGING))
    return event.transaction_info.transaction_id


def is_in(state: v201.ChargingStateEnumType) -> Callable[[v201.TransactionEvent], bool]:
    return lambda event: event.transaction_info.charging_state is state


def is_ended(event: v201.TransactionEvent) -> bool:
    return event.event_type is KINDS.ENDED


async def lose_link(station: SimulatedStation) -> None:
    await station.drop()
    await until(lambda: not station.is_online)


async def set_variable(csms: ScriptedCsms, component: str, name: str, value: str) -> v201.SetVariableStatusEnumType:
    answer = await csms.call(
        v201.SetVariables(
            set_variable_data=[
                v201.SetVariableDataType(
                    attribute_value=value,
                    component=v201.ComponentType(name=component),
                    variable=v201.VariableType(name=name),
                )
            ]
        )
    )
    return answer.set_variable_result[0].attribute_status


# Boot


async def test_it_boots_with_a_reason_and_then_tells_every_connector(csms: ScriptedCsms) -> None:
    """BOOT-001, BOOT-012, BOOT-013."""
    async with running(csms, config(v201)):
        await ready(csms)
    boot, *statuses = csms.received
    assert isinstance(boot, v201.BootNotification)
    assert boot.reason is v201.BootReasonEnumType.POWER_UP
    assert [(told.evse_id, told.connector_id) for told in statuses if isinstance(told, v201.StatusNotification)] == [
        (1, 1),
        (2, 1),
    ]


async def test_while_pending_it_answers_but_starts_and_stops_nothing(csms: ScriptedCsms) -> None:
    """BOOT-006, BOOT-008, BOOT-018."""
    csms.answer(v201.BootNotification, boot201("Pending"), boot201())
    async with running(csms, config(v201)) as station:
        await until(lambda: station.registration == "Pending")
        started = await csms.call(v201.RequestStartTransaction(id_token=CENTRAL, remote_start_id=1))
        stopped = await csms.call(v201.RequestStopTransaction(transaction_id="x"))
        for answer in (started, stopped):
            assert answer.status is v201.RequestStartStopStatusEnumType.REJECTED
            assert answer.status_info is not None
            assert answer.status_info.reason_code == "CSNotAccepted"
        await csms.call(v201.TriggerMessage(requested_message=v201.MessageTriggerEnumType.BOOT_NOTIFICATION))
        await csms.wait_for(v201.BootNotification, number=2)


async def test_after_a_long_outage_every_connector_is_told_again(csms: ScriptedCsms) -> None:
    """BOOT-016, CON-021."""
    async with running(csms, config(v201, settings={"offline_threshold": 0})) as station:
        await ready(csms)
        await lose_link(station)
        await csms.wait_for(v201.StatusNotification, number=2 * READY)
    assert len(csms.of(v201.BootNotification)) == 1


# Transactions


async def test_a_card_starts_and_stops_a_transaction(csms: ScriptedCsms) -> None:
    """TX-001, TX-002, TX-007 to TX-010, TX-014, TX-015, TX-025, AUT-002, AUT-003, MET-007."""
    settings = {"sample_interval": 1, "stopped_measurands": ["Energy.Active.Import.Register", "SoC"]}
    async with running(csms, config(v201, settings=settings)) as station:
        name = await charge(csms, station)
        await csms.wait_for(v201.TransactionEvent, lambda event: event.trigger_reason is TRIGGERS.METER_VALUE_PERIODIC)
        station.swipe("04A2", 1)
        await csms.wait_for(v201.TransactionEvent, is_ended)
    started, charging, periodic, ended = csms.of(v201.TransactionEvent)
    assert {event.transaction_info.transaction_id for event in (started, charging, periodic, ended)} == {name}
    assert [event.seq_no for event in (started, charging, periodic, ended)] == [0, 1, 2, 3]
    assert [event.trigger_reason for event in (started, charging, ended)] == [
        TRIGGERS.AUTHORIZED,
        TRIGGERS.CHARGING_STATE_CHANGED,
        TRIGGERS.STOP_AUTHORIZED,
    ]
    assert started.evse == v201.EVSEType(id=1, connector_id=1)
    assert (charging.evse, ended.evse, periodic.id_token) == (None, None, None)
    card = v201.IdTokenType(id_token="04A2", type=v201.IdTokenEnumType.ISO14443)
    assert (started.id_token, ended.id_token) == (card, card)
    assert (started.offline, ended.transaction_info.stopped_reason) == (None, v201.ReasonEnumType.LOCAL)
    assert contexts(started) == ["Transaction.Begin"]
    assert contexts(periodic) == ["Sample.Periodic"]
    assert contexts(ended) == ["Transaction.Begin", "Transaction.End"]
    assert [asked.id_token for asked in csms.of(v201.Authorize)] == [card]
    assert register(started) <= register(periodic) <= register(ended)


def contexts(event: v201.TransactionEvent) -> list[str | None]:
    return [value.sampled_value[0].context for value in event.meter_value or []]


def register(event: v201.TransactionEvent) -> float:
    assert event.meter_value is not None
    return event.meter_value[-1].sampled_value[0].value


async def test_a_token_refused_with_an_event_stops_the_transaction(csms: ScriptedCsms) -> None:
    """TX-012, TX-013."""
    csms.answer(
        v201.TransactionEvent,
        v201.TransactionEventResponse(id_token_info=ID_TOKEN_INVALID),
        v201.TransactionEventResponse(),
    )
    async with running(csms, config(v201)) as station:
        await ready(csms)
        station.plug_in(1)
        station.swipe("04A2", 1)
        ended = await csms.wait_for(v201.TransactionEvent, is_ended)
    assert ended.trigger_reason is TRIGGERS.DEAUTHORIZED
    assert ended.transaction_info.stopped_reason is v201.ReasonEnumType.DE_AUTHORIZED


async def test_what_happens_offline_is_delivered_in_order_and_says_so(csms: ScriptedCsms) -> None:
    """TX-019, OFF-001, T16-007."""
    settings = {"allow_offline_unknown": True}
    backoff = Backoff(wait_minimum=0.6, random_range=0, repeat_times=0)
    async with running(csms, config(v201, settings=settings), backoff=backoff) as station:
        await ready(csms)
        await lose_link(station)
        offline_at = datetime.now(UTC)
        station.plug_in(1)
        station.swipe("04A2", 1)
        await until(lambda: station.model.connectors[0].transaction is not None)
        station.swipe("04A2", 1)
        ended = await csms.wait_for(v201.TransactionEvent, is_ended)
    events = csms.of(v201.TransactionEvent)
    assert [event.seq_no for event in events] == list(range(len(events)))
    assert all(event.offline for event in events)
    assert abs(events[0].timestamp - offline_at) < timedelta(seconds=0.4)
    assert ended is events[-1]


async def test_an_event_that_could_not_leave_in_time_becomes_an_offline_one(csms: ScriptedCsms) -> None:
    """TX-019."""
    async with running(csms, config(v201)) as station:
        name = await charge(csms, station)
        await until(lambda: station.queued == 0)
        csms.answer(v201.TransactionEvent, CallRejected("InternalError"))
        station.settings.message_retry_interval = 1
        station.settings_changed()
        station.swipe("04A2", 1)
        first = await csms.wait_for(v201.TransactionEvent, is_ended)
        csms.answer(v201.TransactionEvent, v201.TransactionEventResponse())
        await lose_link(station)
        again = await csms.wait_for(v201.TransactionEvent, is_ended, number=2)
    assert (first.offline, again.offline) == (None, True)
    assert again.transaction_info.transaction_id == name
    assert again.timestamp == first.timestamp


async def test_the_status_of_a_transaction_can_be_asked(csms: ScriptedCsms) -> None:
    """TX-023."""
    async with running(csms, config(v201)) as station:
        name = await charge(csms, station)
        await until(lambda: station.queued == 0)
        running_status = await csms.call(v201.GetTransactionStatus(transaction_id=name))
        assert (running_status.ongoing_indicator, running_status.messages_in_queue) == (True, False)
        unknown = await csms.call(v201.GetTransactionStatus(transaction_id="x"))
        assert (unknown.ongoing_indicator, unknown.messages_in_queue) == (False, False)
        csms.answer(v201.TransactionEvent, CallRejected("InternalError"))
        station.swipe("04A2", 1)
        await csms.wait_for(v201.TransactionEvent, is_ended)
        ended = await csms.call(v201.GetTransactionStatus(transaction_id=name))
        assert (ended.ongoing_indicator, ended.messages_in_queue) == (False, True)
        anything = await csms.call(v201.GetTransactionStatus())
        assert (anything.ongoing_indicator, anything.messages_in_queue) == (None, True)


async def test_an_event_is_given_up_after_its_attempts_and_the_next_one_leaves(csms: ScriptedCsms) -> None:
    """TX-021, TX-022."""
    csms.answer(v201.TransactionEvent, *[CallRejected("InternalError")] * 2, v201.TransactionEventResponse())
    settings = {"message_attempts": 2, "message_retry_interval": 0}
    async with running(csms, config(v201, settings=settings)) as station:
        await charge(csms, station)
    assert [event.seq_no for event in csms.of(v201.TransactionEvent)] == [0, 0, 1]


async def test_a_transaction_can_start_with_the_cable(csms: ScriptedCsms) -> None:
    """TX-005, TX-006, TX-011, REM-004, REM-006: a remote start belongs to what runs already."""
    async with running(csms, config(v201)) as station:
        await ready(csms)
        for point in ("TxStartPoint", "TxStopPoint"):
            assert await set_variable(csms, "TxCtrlr", point, "EVConnected") == "Accepted"
        assert station.settings.start_points == {TxPoint.EV_CONNECTED}
        station.plug_in(1)
        started = await csms.wait_for(v201.TransactionEvent)
        assert (started.trigger_reason, started.id_token) == (TRIGGERS.CABLE_PLUGGED_IN, None)
        name = started.transaction_info.transaction_id
        answer = await csms.call(v201.RequestStartTransaction(id_token=CENTRAL, remote_start_id=9, evse_id=1))
        assert (answer.status.value, answer.transaction_id) == ("Accepted", name)
        updated = await csms.wait_for(v201.TransactionEvent, number=2)
        assert (updated.trigger_reason, updated.id_token) == (TRIGGERS.REMOTE_START, CENTRAL)
        await csms.call(v201.RequestStopTransaction(transaction_id=name))
        await csms.wait_for(v201.TransactionEvent, lambda event: event.trigger_reason is TRIGGERS.REMOTE_STOP)
        station.unplug(1)
        ended = await csms.wait_for(v201.TransactionEvent, is_ended)
        assert ended.transaction_info.stopped_reason is v201.ReasonEnumType.REMOTE


# Remote control


async def test_a_remote_start_waits_for_the_vehicle_and_a_remote_stop_ends_it(csms: ScriptedCsms) -> None:
    """REM-003, REM-005, REM-006: a token of the CSMS is never authorized."""
    async with running(csms, config(v201, settings={"authorize_remote": True})) as station:
        await ready(csms)
        answer = await csms.call(v201.RequestStartTransaction(id_token=CENTRAL, remote_start_id=77))
        assert (answer.status.value, answer.transaction_id) == ("Accepted", None)
        station.plug_in(1)
        started = await csms.wait_for(v201.TransactionEvent)
        assert (started.trigger_reason, started.transaction_info.remote_start_id) == (TRIGGERS.REMOTE_START, 77)
        stop = v201.RequestStopTransaction(transaction_id=started.transaction_info.transaction_id)
        assert (await csms.call(stop)).status.value == "Accepted"
        ended = await csms.wait_for(v201.TransactionEvent, is_ended)
        assert (ended.trigger_reason, ended.transaction_info.stopped_reason) == (
            TRIGGERS.REMOTE_STOP,
            v201.ReasonEnumType.REMOTE,
        )
        assert (await csms.call(stop)).status.value == "Rejected"
    assert csms.of(v201.Authorize) == []


@pytest.mark.parametrize("evse", [1, 3])
async def test_a_remote_start_where_nobody_can_charge_is_refused(csms: ScriptedCsms, evse: int) -> None:
    """REM-004."""
    async with running(csms, config(v201)) as station:
        await charge(csms, station)
        answer = await csms.call(v201.RequestStartTransaction(id_token=CENTRAL, remote_start_id=1, evse_id=evse))
        assert answer.status is v201.RequestStartStopStatusEnumType.REJECTED


async def test_an_immediate_reset_ends_transactions_and_boots_with_its_reason(csms: ScriptedCsms) -> None:
    """RST-004, BOOT-013."""
    async with running(csms, config(v201)) as station:
        await charge(csms, station)
        answer = await csms.call(v201.Reset(type=v201.ResetEnumType.IMMEDIATE))
        assert answer.status is v201.ResetStatusEnumType.ACCEPTED
        ended = await csms.wait_for(v201.TransactionEvent, is_ended)
        assert (ended.trigger_reason, ended.transaction_info.stopped_reason) == (
            TRIGGERS.RESET_COMMAND,
            v201.ReasonEnumType.IMMEDIATE_RESET,
        )
        boot = await csms.wait_for(v201.BootNotification, number=2)
    assert boot.reason is v201.BootReasonEnumType.REMOTE_RESET
    assert csms.received.index(ended) < csms.received.index(boot, 1)


async def test_a_reset_on_idle_waits_for_the_transaction_and_an_evse_has_none(csms: ScriptedCsms) -> None:
    """RST-002, RST-003."""
    async with running(csms, config(v201)) as station:
        await charge(csms, station)
        answer = await csms.call(v201.Reset(type=v201.ResetEnumType.ON_IDLE))
        assert answer.status is v201.ResetStatusEnumType.SCHEDULED
        evse = await csms.call(v201.Reset(type=v201.ResetEnumType.ON_IDLE, evse_id=1))
        assert evse.status is v201.ResetStatusEnumType.REJECTED
        station.swipe("04A2", 1)
        await csms.wait_for(v201.BootNotification, number=2)


async def test_a_message_that_is_triggered_follows_the_answer(csms: ScriptedCsms) -> None:
    """REM-009, REM-010, REM-011, BOOT-018."""
    status, kinds = v201.TriggerMessageStatusEnumType, v201.MessageTriggerEnumType
    async with running(csms, config(v201)) as station:
        await charge(csms, station)

        async def trigger(message: v201.MessageTriggerEnumType, evse: int | None = None) -> str:
            csms.received.clear()
            place = None if evse is None else v201.EVSEType(id=evse)
            return (await csms.call(v201.TriggerMessage(requested_message=message, evse=place))).status

        assert await trigger(kinds.HEARTBEAT) is status.ACCEPTED
        await csms.wait_for(v201.Heartbeat)
        assert await trigger(kinds.STATUS_NOTIFICATION, 1) is status.ACCEPTED
        assert (await csms.wait_for(v201.StatusNotification)).connector_status == "Occupied"
        assert await trigger(kinds.STATUS_NOTIFICATION) is status.REJECTED
        assert await trigger(kinds.METER_VALUES) is status.ACCEPTED
        values = await csms.wait_for(v201.MeterValues, number=2)
        assert values.meter_value[0].sampled_value[0].context is v201.ReadingContextEnumType.TRIGGER
        assert await trigger(kinds.METER_VALUES, 2) is status.ACCEPTED
        assert (await csms.wait_for(v201.MeterValues)).evse_id == 2
        assert await trigger(kinds.TRANSACTION_EVENT, 1) is status.ACCEPTED
        event = await csms.wait_for(v201.TransactionEvent)
        assert (event.event_type, event.trigger_reason) == (KINDS.UPDATED, TRIGGERS.TRIGGER)
        assert event.transaction_info.charging_state is v201.ChargingStateEnumType.CHARGING
        assert event.meter_value is not None
        assert await trigger(kinds.TRANSACTION_EVENT, 2) is status.REJECTED
        assert await trigger(kinds.FIRMWARE_STATUS_NOTIFICATION) is status.ACCEPTED
        assert (await csms.wait_for(v201.FirmwareStatusNotification)).status == "Idle"
        assert await trigger(kinds.LOG_STATUS_NOTIFICATION) is status.ACCEPTED
        assert (await csms.wait_for(v201.LogStatusNotification)).status == "Idle"
        assert await trigger(kinds.BOOT_NOTIFICATION) is status.REJECTED
        assert await trigger(kinds.SIGN_V2G_CERTIFICATE) is status.NOT_IMPLEMENTED
        assert await trigger(kinds.HEARTBEAT, 3) is status.REJECTED


async def test_availability_is_changed_at_once_or_after_the_transaction(csms: ScriptedCsms) -> None:
    """AVL-001, AVL-002, AVL-003."""
    status = v201.ChangeAvailabilityStatusEnumType
    async with running(csms, config(v201)) as station:
        await charge(csms, station)

        async def change(evse: v201.EVSEType | None, *, operative: bool) -> str:
            wanted = (
                v201.OperationalStatusEnumType.OPERATIVE if operative else v201.OperationalStatusEnumType.INOPERATIVE
            )
            return (await csms.call(v201.ChangeAvailability(evse=evse, operational_status=wanted))).status

        assert await change(v201.EVSEType(id=3), operative=False) is status.REJECTED
        assert await change(v201.EVSEType(id=1, connector_id=2), operative=False) is status.REJECTED
        assert await change(None, operative=False) is status.SCHEDULED
        station.swipe("04A2", 1)
        for evse in (1, 2):
            await csms.wait_for(
                v201.StatusNotification,
                lambda told, evse=evse: told.evse_id == evse and told.connector_status == "Unavailable",  # type: ignore[misc]
            )
        assert await change(v201.EVSEType(id=2, connector_id=1), operative=True) is status.ACCEPTED
        assert await change(None, operative=True) is status.ACCEPTED
        await csms.wait_for(
            v201.StatusNotification, lambda told: told.evse_id == 2 and told.connector_status == "Available", number=2
        )


async def test_unlocking_never_disturbs_an_authorized_transaction(csms: ScriptedCsms) -> None:
    """REM-008."""
    status = v201.UnlockStatusEnumType
    async with running(csms, config(v201)) as station:
        await charge(csms, station)

        async def unlock(evse: int, connector: int) -> str:
            return (await csms.call(v201.UnlockConnector(evse_id=evse, connector_id=connector))).status

        assert await unlock(1, 1) is status.ONGOING_AUTHORIZED_TRANSACTION
        assert await unlock(2, 1) is status.UNLOCKED
        assert await unlock(3, 1) is status.UNKNOWN_CONNECTOR
        assert await unlock(1, 2) is status.UNKNOWN_CONNECTOR


# Device model and the rest


async def test_a_base_report_comes_in_numbered_parts(csms: ScriptedCsms) -> None:
    """DM-004, DM-005."""
    async with running(csms, config(v201)):
        await ready(csms)
        answer = await csms.call(v201.GetBaseReport(request_id=5, report_base=v201.ReportBaseEnumType.FULL_INVENTORY))
        assert answer.status is v201.GenericDeviceModelStatusEnumType.ACCEPTED
        await csms.wait_for(v201.NotifyReport, lambda part: not part.tbc)
        parts = csms.of(v201.NotifyReport)
        assert len(parts) > 1
        assert [(part.request_id, part.seq_no) for part in parts] == [(5, number) for number in range(len(parts))]
        summary = await csms.call(
            v201.GetBaseReport(request_id=6, report_base=v201.ReportBaseEnumType.SUMMARY_INVENTORY)
        )
        assert summary.status is v201.GenericDeviceModelStatusEnumType.NOT_SUPPORTED


async def test_variables_are_read_and_written(csms: ScriptedCsms) -> None:
    """DM-001, DM-003."""
    async with running(csms, config(v201)):
        await ready(csms)
        assert await set_variable(csms, "SampledDataCtrlr", "TxUpdatedInterval", "7") == "Accepted"
        assert await set_variable(csms, "SampledDataCtrlr", "TxUpdatedInterval", "soon") == "Rejected"
        answer = await csms.call(
            v201.GetVariables(
                get_variable_data=[
                    v201.GetVariableDataType(
                        component=v201.ComponentType(name="SampledDataCtrlr"),
                        variable=v201.VariableType(name="TxUpdatedInterval"),
                    )
                ]
            )
        )
        assert answer.get_variable_result[0].attribute_value == "7"


async def test_values_on_the_clock_are_sent_for_the_main_meter_and_every_evse(csms: ScriptedCsms) -> None:
    """MET-008, MET-009."""
    async with running(csms, config(v201, settings={"aligned_interval": 1})):
        await csms.wait_for(v201.MeterValues, number=3)
    values = csms.of(v201.MeterValues)[:3]
    assert [value.evse_id for value in values] == [0, 1, 2]
    assert {value.meter_value[0].sampled_value[0].context for value in values} == {"Sample.Clock"}


async def test_the_cache_can_be_cleared_and_there_is_no_local_list(csms: ScriptedCsms) -> None:
    """CAC-006, LAL-001."""
    csms.answer(v201.Authorize, v201.AuthorizeResponse(id_token_info=ID_TOKEN_ACCEPTED))
    async with running(csms, config(v201)):
        await ready(csms)
        assert (await csms.call(v201.ClearCache())).status is v201.ClearCacheStatusEnumType.ACCEPTED
        assert await set_variable(csms, "AuthCacheCtrlr", "Enabled", "false") == "Accepted"
        assert (await csms.call(v201.ClearCache())).status is v201.ClearCacheStatusEnumType.REJECTED
        assert (await csms.call(v201.GetLocalListVersion())).version_number == 0
        transfer = await csms.call(v201.DataTransfer(vendor_id="com.example"))
        assert transfer.status is v201.DataTransferStatusEnumType.UNKNOWN_VENDOR_ID


async def test_heartbeats_follow_the_granted_interval(csms: ScriptedCsms) -> None:
    """HB-001, BOOT-003."""
    csms.answer(v201.BootNotification, boot201(interval=1))
    async with running(csms, config(v201)):
        await csms.wait_for(v201.Heartbeat)

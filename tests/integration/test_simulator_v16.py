"""A simulated station of OCPP 1.6 against a CSMS that follows a script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio
from support.scripted_csms import ID_TAG_ACCEPTED, ID_TAG_INVALID, ScriptedCsms, boot16
from support.simulated import config, running, until

from chargewire import Backoff, CallRejected, v16
from chargewire.simulator import DC_50_KW, Habits, SimulatedStation, Vehicle

READY = 3  # StatusNotifications after a boot: the station and two connectors


@pytest_asyncio.fixture
async def csms() -> AsyncIterator[ScriptedCsms]:
    async with ScriptedCsms().serve() as csms:
        yield csms


async def charge(csms: ScriptedCsms, station: SimulatedStation) -> None:
    """Bring connector 1 to charging with the card 04A2."""
    await csms.wait_for(v16.StatusNotification, number=READY)
    station.plug_in(1)
    station.swipe("04A2", 1)
    await csms.wait_for(v16.StatusNotification, lambda told: told.status is v16.ChargePointStatus.CHARGING)


async def lose_link(station: SimulatedStation) -> None:
    await station.drop()
    await until(lambda: not station.is_online)


async def configure(csms: ScriptedCsms, key: str, value: str) -> v16.ConfigurationStatus:
    return (await csms.call(v16.ChangeConfiguration(key=key, value=value))).status


# Boot


async def test_it_boots_first_and_then_tells_every_status(csms: ScriptedCsms) -> None:
    """BOOT-001, BOOT-011."""
    async with running(csms, config(v16)):
        await csms.wait_for(v16.StatusNotification, number=READY)
    boot, *statuses = csms.received
    assert isinstance(boot, v16.BootNotification)
    assert [(told.connector_id, told.status) for told in statuses if isinstance(told, v16.StatusNotification)] == [
        (number, v16.ChargePointStatus.AVAILABLE) for number in range(READY)
    ]


@pytest.mark.parametrize("status", ["Pending", "Rejected"])
async def test_it_asks_again_after_the_interval_and_sends_nothing_else(csms: ScriptedCsms, status: str) -> None:
    """BOOT-001, BOOT-005, BOOT-006, BOOT-009."""
    csms.answer(v16.BootNotification, boot16(status, 1), boot16())
    async with running(csms, config(v16)) as station:
        await csms.wait_for(v16.BootNotification)
        await until(lambda: station.registration == status)
        station.plug_in(1)
        await csms.wait_for(v16.StatusNotification)
    assert [type(message) for message in csms.received[:2]] == [v16.BootNotification] * 2


async def test_while_pending_it_answers_but_starts_nothing(csms: ScriptedCsms) -> None:
    """BOOT-006, BOOT-007, BOOT-018."""
    csms.answer(v16.BootNotification, boot16("Pending", 300), boot16())
    async with running(csms, config(v16)) as station:
        await until(lambda: station.registration == "Pending")
        started = await csms.call(v16.RemoteStartTransaction(id_tag="04A2"))
        assert started.status is v16.RemoteStartStopStatus.REJECTED
        triggered = await csms.call(v16.TriggerMessage(requested_message=v16.MessageTrigger.BOOT_NOTIFICATION))
        assert triggered.status is v16.TriggerMessageStatus.ACCEPTED
        await csms.wait_for(v16.BootNotification, number=2)


async def test_a_boot_that_fails_is_tried_again(csms: ScriptedCsms) -> None:
    """BOOT-005."""
    csms.answer(v16.BootNotification, CallRejected("InternalError"), boot16())
    async with running(csms, config(v16)):
        await csms.wait_for(v16.StatusNotification, number=READY)


async def test_it_takes_interval_and_time_of_the_csms(csms: ScriptedCsms) -> None:
    """BOOT-003, BOOT-004."""
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    accepted = v16.RegistrationStatus.ACCEPTED
    csms.answer(v16.BootNotification, v16.BootNotificationResponse(status=accepted, current_time=tomorrow, interval=77))
    async with running(csms, config(v16)) as station:
        told = await csms.wait_for(v16.StatusNotification)
        assert told.timestamp is not None
        assert abs(told.timestamp - tomorrow) < timedelta(seconds=5)
        assert station.settings.heartbeat_interval == 77


async def test_it_keeps_its_own_interval_when_none_is_granted(csms: ScriptedCsms) -> None:
    """BOOT-003, A16."""
    csms.answer(v16.BootNotification, boot16(interval=0))
    async with running(csms, config(v16, settings={"heartbeat_interval": 55})) as station:
        await csms.wait_for(v16.StatusNotification)
        assert station.settings.heartbeat_interval == 55


async def test_it_sends_heartbeats_while_nothing_else_is_sent(csms: ScriptedCsms) -> None:
    """HB-001."""
    csms.answer(v16.BootNotification, boot16(interval=1))
    async with running(csms, config(v16)):
        await csms.wait_for(v16.Heartbeat)
        before = len(csms.received)
        await csms.wait_for(v16.Heartbeat, number=2)
    assert len(csms.received) == before + 1


async def test_a_reconnect_is_no_boot_and_tells_only_what_changed(csms: ScriptedCsms) -> None:
    """CON-021, BOOT-017."""
    async with running(csms, config(v16)) as station:
        await csms.wait_for(v16.StatusNotification, number=READY)
        await lose_link(station)
        station.plug_in(2)
        told = await csms.wait_for(v16.StatusNotification, number=READY + 1)
        assert (told.connector_id, told.status) == (2, v16.ChargePointStatus.PREPARING)
        await csms.call(v16.GetConfiguration(key=["HeartbeatInterval"]))
    assert len(csms.of(v16.StatusNotification)) == READY + 1
    assert (len(csms.of(v16.BootNotification)), csms.connections) == (1, 2)


async def test_a_csms_that_has_forgotten_it_gets_a_boot(csms: ScriptedCsms) -> None:
    """BOOT-010."""
    csms.answer(v16.BootNotification, boot16(interval=1))
    csms.answer(v16.Heartbeat, CallRejected("SecurityError", "not accepted"))
    async with running(csms, config(v16)):
        await csms.wait_for(v16.BootNotification, number=2)
        await csms.wait_for(v16.StatusNotification, number=2 * READY)


# Transactions


async def test_a_card_starts_and_stops_a_transaction(csms: ScriptedCsms) -> None:
    """T16-001, T16-009, AUT-002, AUT-003, MET-001."""
    settings = {"sample_interval": 1, "stopped_measurands": ["Energy.Active.Import.Register"]}
    async with running(csms, config(v16, settings=settings)) as station:
        await charge(csms, station)
        values = await csms.wait_for(v16.MeterValues)
        station.swipe("04a2", 1)
        stopped = await csms.wait_for(v16.StopTransaction)
        await csms.wait_for(v16.StatusNotification, lambda told: told.status is v16.ChargePointStatus.FINISHING)
    started = csms.of(v16.StartTransaction)[0]
    assert len(csms.of(v16.Authorize)) == 1
    assert (started.connector_id, started.id_tag) == (1, "04A2")
    assert (stopped.transaction_id, stopped.reason, values.transaction_id) == (42, None, 42)
    assert started.meter_start < stopped.meter_stop
    sampled = {(value.measurand, value.phase): value for value in values.meter_value[0].sampled_value}
    assert (v16.Measurand.SOC, None) in sampled
    assert (v16.Measurand.CURRENT_IMPORT, v16.Phase.L3) in sampled
    energy = float(sampled[v16.Measurand.ENERGY_ACTIVE_IMPORT_REGISTER, None].value)
    assert started.meter_start <= energy <= stopped.meter_stop
    assert stopped.transaction_data is not None
    contexts = [value.sampled_value[0].context for value in stopped.transaction_data]
    assert contexts == [
        v16.ReadingContext.TRANSACTION_BEGIN,
        v16.ReadingContext.SAMPLE_PERIODIC,
        v16.ReadingContext.TRANSACTION_END,
    ]


async def test_a_card_that_is_refused_starts_nothing(csms: ScriptedCsms) -> None:
    """AUT-001."""
    csms.answer(v16.Authorize, v16.AuthorizeResponse(id_tag_info=ID_TAG_INVALID))
    async with running(csms, config(v16)) as station:
        await csms.wait_for(v16.StatusNotification, number=READY)
        station.plug_in(1)
        station.swipe("04A2")
        await until(lambda: station.counters.refused_tokens == 1)
    assert csms.of(v16.StartTransaction) == []


async def test_a_token_refused_with_the_start_stops_it(csms: ScriptedCsms) -> None:
    """T16-003."""
    csms.answer(v16.StartTransaction, v16.StartTransactionResponse(id_tag_info=ID_TAG_INVALID, transaction_id=7))
    async with running(csms, config(v16)) as station:
        await csms.wait_for(v16.StatusNotification, number=READY)
        station.plug_in(1)
        station.swipe("04A2", 1)
        stopped = await csms.wait_for(v16.StopTransaction)
    assert (stopped.transaction_id, stopped.reason) == (7, v16.Reason.DE_AUTHORIZED)


async def test_what_happens_offline_is_delivered_in_order_with_its_time_and_its_id(csms: ScriptedCsms) -> None:
    """T16-004, T16-007, OFF-001: the id of the start is filled in, never -1."""
    settings = {"allow_offline_unknown": True}
    backoff = Backoff(wait_minimum=0.6, random_range=0, repeat_times=0)
    async with running(csms, config(v16, settings=settings), backoff=backoff) as station:
        await csms.wait_for(v16.StatusNotification, number=READY)
        await lose_link(station)
        offline_at = datetime.now(UTC)
        station.plug_in(1)
        station.swipe("04A2", 1)
        await until(lambda: station.model.connectors[0].transaction is not None)
        station.swipe("04A2", 1)
        assert station.queued == 2
        stopped = await csms.wait_for(v16.StopTransaction)
    started = csms.of(v16.StartTransaction)[0]
    assert csms.received.index(started) < csms.received.index(stopped)
    assert stopped.transaction_id == 42
    assert abs(started.timestamp - offline_at) < timedelta(seconds=0.4)
    assert csms.of(v16.Authorize) == []


async def test_an_answer_that_fails_is_retried_and_the_rest_waits(csms: ScriptedCsms) -> None:
    """T16-004, T16-005."""
    csms.answer(
        v16.StartTransaction,
        CallRejected("InternalError"),
        v16.StartTransactionResponse(id_tag_info=ID_TAG_ACCEPTED, transaction_id=9),
    )
    async with running(csms, config(v16, settings={"message_retry_interval": 0})) as station:
        await charge(csms, station)
        station.swipe("04A2", 1)
        stopped = await csms.wait_for(v16.StopTransaction)
    assert len(csms.of(v16.StartTransaction)) == 2
    assert stopped.transaction_id == 9


async def test_a_start_that_was_never_confirmed_is_followed_by_a_stop_without_an_id(csms: ScriptedCsms) -> None:
    """T16-005, T16-006."""
    csms.answer(v16.StartTransaction, CallRejected("InternalError"))
    settings = {"message_attempts": 2, "message_retry_interval": 0}
    async with running(csms, config(v16, settings=settings)) as station:
        await charge(csms, station)
        station.swipe("04A2", 1)
        stopped = await csms.wait_for(v16.StopTransaction)
    assert len(csms.of(v16.StartTransaction)) == 2
    assert stopped.transaction_id == -1


async def test_many_readings_of_a_long_transaction_are_thinned_out(csms: ScriptedCsms) -> None:
    """T16-011: the first and the last stay."""
    settings = {"stopped_measurands": ["SoC"], "sample_interval": 1}
    async with running(csms, config(v16, settings=settings)) as station:
        await charge(csms, station)
        now = station.now()
        for second in range(1, 200):
            station.perform(station.model.tick(now + second))
        station.perform(station.model.swipe(station.model.connectors[0].authorization.id_token, now + 200))  # type: ignore[union-attr]
        stopped = await csms.wait_for(v16.StopTransaction)
    assert stopped.transaction_data is not None
    contexts = [value.sampled_value[0].context for value in stopped.transaction_data]
    assert 20 < len(contexts) <= 60
    assert contexts[0] is v16.ReadingContext.TRANSACTION_BEGIN
    assert contexts[-1] is v16.ReadingContext.TRANSACTION_END


async def test_unplugging_ends_a_transaction_and_a_fault_is_told(csms: ScriptedCsms) -> None:
    """T16-010, T16-013."""
    async with running(csms, config(v16)) as station:
        await charge(csms, station)
        station.unplug(1)
        stopped = await csms.wait_for(v16.StopTransaction)
        assert stopped.reason is v16.Reason.EV_DISCONNECTED
        station.fault(2, "GroundFailure", info="leak")
        told = await csms.wait_for(v16.StatusNotification, lambda told: told.connector_id == 2, number=2)
        assert (told.status, told.error_code, told.info) == (
            v16.ChargePointStatus.FAULTED,
            v16.ChargePointErrorCode.GROUND_FAILURE,
            "leak",
        )
        station.repair(2)
        await csms.wait_for(
            v16.StatusNotification, lambda told: told.connector_id == 2 and told.error_code == "NoError", number=2
        )


# Remote control


async def test_a_remote_start_brings_a_driver_and_a_remote_stop_sends_him_away(csms: ScriptedCsms) -> None:
    """REM-001, REM-002, T16-012."""
    habits = Habits(plug_in_after=0.05, unplug_after=0.05, vehicle=Vehicle(soc_percent=20))
    async with running(csms, config(v16, habits=habits)) as station:
        await csms.wait_for(v16.StatusNotification, number=READY)
        answer = await csms.call(v16.RemoteStartTransaction(id_tag="PORTAL", connector_id=2))
        assert answer.status is v16.RemoteStartStopStatus.ACCEPTED
        started = await csms.wait_for(v16.StartTransaction)
        assert (started.connector_id, started.id_tag) == (2, "PORTAL")
        await until(lambda: station.queued == 0)
        stop = await csms.call(v16.RemoteStopTransaction(transaction_id=42))
        assert stop.status is v16.RemoteStartStopStatus.ACCEPTED
        assert (await csms.wait_for(v16.StopTransaction)).reason is v16.Reason.REMOTE
        await until(lambda: station.model.connectors[1].vehicle is None)
        await csms.wait_for(
            v16.StatusNotification,
            lambda told: told.connector_id == 2 and told.status is v16.ChargePointStatus.AVAILABLE,
            number=2,
        )
    told = [told.status.value for told in csms.of(v16.StatusNotification) if told.connector_id == 2]
    assert told == ["Available", "Preparing", "Charging", "Finishing", "Available"]
    assert csms.of(v16.Authorize) == []


async def test_a_remote_start_is_authorized_where_that_is_configured(csms: ScriptedCsms) -> None:
    """REM-001."""
    async with running(csms, config(v16)) as station:
        await csms.wait_for(v16.StatusNotification, number=READY)
        assert await configure(csms, "authorizeremotetxrequests", "TRUE") is v16.ConfigurationStatus.ACCEPTED
        station.plug_in(1)
        await csms.call(v16.RemoteStartTransaction(id_tag="PORTAL"))
        await csms.wait_for(v16.StartTransaction)
    assert [message.id_tag for message in csms.of(v16.Authorize)] == ["PORTAL"]


@pytest.mark.parametrize("connector", [0, 1, 3])
async def test_a_remote_start_where_nobody_can_charge_is_refused(csms: ScriptedCsms, connector: int) -> None:
    """REM-001."""
    async with running(csms, config(v16)) as station:
        await charge(csms, station)
        answer = await csms.call(v16.RemoteStartTransaction(id_tag="PORTAL", connector_id=connector))
        assert answer.status is v16.RemoteStartStopStatus.REJECTED


async def test_a_remote_stop_of_an_unknown_transaction_is_refused(csms: ScriptedCsms) -> None:
    """REM-002."""
    async with running(csms, config(v16)) as station:
        await charge(csms, station)
        answer = await csms.call(v16.RemoteStopTransaction(transaction_id=43))
        assert answer.status is v16.RemoteStartStopStatus.REJECTED


@pytest.mark.parametrize("kind", list(v16.ResetType))
async def test_a_reset_stops_transactions_reboots_and_boots_again(csms: ScriptedCsms, kind: v16.ResetType) -> None:
    """RST-001, BOOT-001, BOOT-011."""
    async with running(csms, config(v16)) as station:
        await charge(csms, station)
        assert (await csms.call(v16.Reset(type=kind))).status is v16.ResetStatus.ACCEPTED
        stopped = await csms.wait_for(v16.StopTransaction)
        assert stopped.reason == f"{kind}Reset"
        boot = await csms.wait_for(v16.BootNotification, number=2)
        after = csms.received.index(boot, 1)
        await until(lambda: len(csms.received) >= after + 1 + READY)
    assert csms.connections == 2
    assert all(isinstance(message, v16.StatusNotification) for message in csms.received[after + 1 :])


async def test_a_message_that_is_triggered_follows_the_answer(csms: ScriptedCsms) -> None:
    """REM-009, REM-010, BOOT-018."""
    async with running(csms, config(v16)) as station:
        await charge(csms, station)

        async def trigger(message: v16.MessageTrigger, connector: int | None = None) -> v16.TriggerMessageStatus:
            csms.received.clear()
            return (await csms.call(v16.TriggerMessage(requested_message=message, connector_id=connector))).status

        accepted, kinds = v16.TriggerMessageStatus.ACCEPTED, v16.MessageTrigger
        assert await trigger(kinds.HEARTBEAT) is accepted
        await csms.wait_for(v16.Heartbeat)
        assert await trigger(kinds.STATUS_NOTIFICATION) is accepted
        await csms.wait_for(v16.StatusNotification, number=READY)
        assert await trigger(kinds.STATUS_NOTIFICATION, 1) is accepted
        assert (await csms.wait_for(v16.StatusNotification)).status is v16.ChargePointStatus.CHARGING
        assert await trigger(kinds.METER_VALUES, 1) is accepted
        values = await csms.wait_for(v16.MeterValues)
        assert values.transaction_id == 42
        assert values.meter_value[0].sampled_value[0].context is v16.ReadingContext.TRIGGER
        assert await trigger(kinds.METER_VALUES) is accepted
        await csms.wait_for(v16.MeterValues, number=2)
        assert await trigger(kinds.FIRMWARE_STATUS_NOTIFICATION) is accepted
        assert (await csms.wait_for(v16.FirmwareStatusNotification)).status is v16.FirmwareStatus.IDLE
        assert await trigger(kinds.DIAGNOSTICS_STATUS_NOTIFICATION) is accepted
        await csms.wait_for(v16.DiagnosticsStatusNotification)
        assert await trigger(kinds.BOOT_NOTIFICATION) is v16.TriggerMessageStatus.REJECTED
        assert await trigger(kinds.HEARTBEAT, 3) is v16.TriggerMessageStatus.REJECTED


async def test_availability_is_changed_at_once_or_after_the_transaction(csms: ScriptedCsms) -> None:
    """AVL-001."""
    kinds, status = v16.AvailabilityType, v16.AvailabilityStatus
    async with running(csms, config(v16)) as station:
        await charge(csms, station)

        async def change(connector: int, kind: v16.AvailabilityType) -> v16.AvailabilityStatus:
            return (await csms.call(v16.ChangeAvailability(connector_id=connector, type=kind))).status

        assert await change(2, kinds.INOPERATIVE) is status.ACCEPTED
        assert await change(1, kinds.INOPERATIVE) is status.SCHEDULED
        assert await change(3, kinds.INOPERATIVE) is status.REJECTED
        station.swipe("04A2", 1)
        for connector in (1, 2):
            await csms.wait_for(
                v16.StatusNotification,
                lambda told, connector=connector: (  # type: ignore[misc]
                    told.connector_id == connector and told.status is v16.ChargePointStatus.UNAVAILABLE
                ),
            )
        assert await change(0, kinds.OPERATIVE) is status.ACCEPTED


async def test_unlocking_stops_the_transaction_first(csms: ScriptedCsms) -> None:
    """REM-007."""
    async with running(csms, config(v16)) as station:
        await charge(csms, station)
        assert (await csms.call(v16.UnlockConnector(connector_id=1))).status is v16.UnlockStatus.UNLOCKED
        assert (await csms.wait_for(v16.StopTransaction)).reason is v16.Reason.UNLOCK_COMMAND
        assert (await csms.call(v16.UnlockConnector(connector_id=9))).status is v16.UnlockStatus.NOT_SUPPORTED


async def test_a_fixed_cable_cannot_be_unlocked(csms: ScriptedCsms) -> None:
    """REM-007."""
    async with running(csms, config(v16, supply=DC_50_KW)):
        await csms.wait_for(v16.StatusNotification, number=READY)
        assert (await csms.call(v16.UnlockConnector(connector_id=1))).status is v16.UnlockStatus.NOT_SUPPORTED


# Configuration and lists


async def test_a_changed_configuration_is_obeyed(csms: ScriptedCsms) -> None:
    """CFG-001, CFG-002, MET-001."""
    async with running(csms, config(v16, settings={"sample_interval": 0})) as station:
        await charge(csms, station)
        assert await configure(csms, "MeterValueSampleInterval", "1") is v16.ConfigurationStatus.ACCEPTED
        assert await configure(csms, "MeterValuesSampledData", "SoC") is v16.ConfigurationStatus.ACCEPTED
        values = await csms.wait_for(v16.MeterValues)
        assert [value.measurand for value in values.meter_value[0].sampled_value] == [v16.Measurand.SOC]
        read = await csms.call(v16.GetConfiguration(key=["MeterValueSampleInterval"]))
        assert read.configuration_key == [v16.KeyValue(key="MeterValueSampleInterval", readonly=False, value="1")]


async def test_values_on_the_clock_are_sent_for_the_main_meter_and_every_connector(csms: ScriptedCsms) -> None:
    """MET-002, MET-004."""
    async with running(csms, config(v16)):
        await csms.wait_for(v16.StatusNotification, number=READY)
        await configure(csms, "ClockAlignedDataInterval", "1")
        await csms.wait_for(v16.MeterValues, number=3)
    values = csms.of(v16.MeterValues)[:3]
    assert [value.connector_id for value in values] == [0, 1, 2]
    assert {value.meter_value[0].sampled_value[0].context for value in values} == {v16.ReadingContext.SAMPLE_CLOCK}
    assert values[0].meter_value[0].timestamp.microsecond == 0


async def test_the_cache_serves_while_offline_and_can_be_cleared(csms: ScriptedCsms) -> None:
    """CAC-001, CAC-006, OFF-001."""
    backoff = Backoff(wait_minimum=0.3, random_range=0, repeat_times=0)
    async with running(csms, config(v16), backoff=backoff) as station:
        await charge(csms, station)
        station.swipe("04A2", 1)
        await csms.wait_for(v16.StopTransaction)
        assert (await csms.call(v16.ClearCache())).status is v16.ClearCacheStatus.ACCEPTED
        await lose_link(station)
        station.swipe("04A2", 1)
        await until(lambda: station.counters.refused_tokens == 1)


async def test_a_local_list_lets_a_card_charge_while_offline(csms: ScriptedCsms) -> None:
    """LAL-001, LAL-003, LAL-004, OFF-001."""
    kinds, status = v16.UpdateType, v16.UpdateStatus
    entry = v16.AuthorizationData(id_tag="LISTED", id_tag_info=ID_TAG_ACCEPTED)
    backoff = Backoff(wait_minimum=0.3, random_range=0, repeat_times=0)
    async with running(csms, config(v16), backoff=backoff) as station:
        await csms.wait_for(v16.StatusNotification, number=READY)

        async def send(
            version: int, kind: v16.UpdateType, entries: list[v16.AuthorizationData] | None = None
        ) -> v16.UpdateStatus:
            answer = await csms.call(
                v16.SendLocalList(list_version=version, update_type=kind, local_authorization_list=entries)
            )
            return answer.status

        assert (await csms.call(v16.GetLocalListVersion())).list_version == 0
        assert await send(0, kinds.FULL) is status.FAILED
        assert await send(3, kinds.FULL, [entry, entry]) is status.FAILED
        assert await send(3, kinds.FULL, [v16.AuthorizationData(id_tag="x")]) is status.FAILED
        assert (
            await send(3, kinds.FULL, [v16.AuthorizationData(id_tag="OLD", id_tag_info=ID_TAG_ACCEPTED)])
            is status.ACCEPTED
        )
        assert await send(3, kinds.DIFFERENTIAL, [entry]) is status.VERSION_MISMATCH
        assert await send(4, kinds.DIFFERENTIAL, [entry]) is status.ACCEPTED
        assert (await csms.call(v16.GetLocalListVersion())).list_version == 4
        await lose_link(station)
        station.plug_in(1)
        station.swipe("LISTED", 1)
        assert (await csms.wait_for(v16.StartTransaction)).id_tag == "LISTED"
        await configure(csms, "LocalAuthListEnabled", "false")
        assert (await csms.call(v16.GetLocalListVersion())).list_version == -1
        assert await send(5, kinds.FULL) is status.NOT_SUPPORTED


async def test_no_vendors_messages_are_known(csms: ScriptedCsms) -> None:
    async with running(csms, config(v16)):
        await csms.wait_for(v16.StatusNotification, number=READY)
        answer = await csms.call(v16.DataTransfer(vendor_id="com.example"))
        assert answer.status is v16.DataTransferStatus.UNKNOWN_VENDOR_ID
        with pytest.raises(CallRejected, match="NotSupported"):
            await csms.call(v16.CancelReservation(reservation_id=1))


# Life


async def test_visitors_charge_by_themselves(csms: ScriptedCsms) -> None:
    """AUT-002, T16-001: nobody but the drivers does anything."""
    habits = Habits(visits_every=0.1, stays=(60.0, 60.0))
    async with running(csms, config(v16, habits=habits, seed=1)):
        started = await csms.wait_for(v16.StartTransaction, within=15)
    assert started.id_tag in {asked.id_tag for asked in csms.of(v16.Authorize)}


async def test_a_station_that_is_off_can_be_told_nothing(csms: ScriptedCsms) -> None:
    station = SimulatedStation(config(v16), csms.url)
    with pytest.raises(RuntimeError, match="CP001 is switched off"):
        station.swipe("04A2")


async def test_a_station_can_be_switched_on_again(csms: ScriptedCsms) -> None:
    station = SimulatedStation(config(v16), csms.url)
    for boots in (1, 2):
        life = asyncio.create_task(station.run())
        await csms.wait_for(v16.BootNotification, number=boots)
        await until(lambda: station.is_accepted)
        life.cancel()
        await asyncio.gather(life, return_exceptions=True)
        assert not station.is_accepted

"""What stations of OCPP 2.0.1 are answered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from support.depot import NOON, memory_depot

from chargewire import CallRejected, v201
from chargewire.backoffice.domain import IdToken, TokenStatus, UnknownStations, UnknownTokens
from chargewire.backoffice.handlers import handlers
from chargewire.messages import Direction
from chargewire.routing import merge
from chargewire.validation import encode

COMPONENT = v201.ComponentType(name="Connector")
VARIABLE = v201.VariableType(name="Temperature")
SCHEDULE = v201.ChargingScheduleType(
    id=1,
    charging_rate_unit=v201.ChargingRateUnitEnumType.A,
    charging_schedule_period=[v201.ChargingSchedulePeriodType(start_period=0, limit=16)],
)
PROFILE = v201.ChargingProfileType(
    id=1,
    stack_level=0,
    charging_profile_purpose=v201.ChargingProfilePurposeEnumType.TX_DEFAULT_PROFILE,
    charging_profile_kind=v201.ChargingProfileKindEnumType.ABSOLUTE,
    charging_schedule=[SCHEDULE],
)
NOTIFICATIONS = [
    v201.ClearedChargingLimit(charging_limit_source=v201.ChargingLimitSourceEnumType.EMS),
    v201.FirmwareStatusNotification(status=v201.FirmwareStatusEnumType.INSTALLED),
    v201.LogStatusNotification(status=v201.UploadLogStatusEnumType.UPLOADED),
    v201.NotifyChargingLimit(
        charging_limit=v201.ChargingLimitType(charging_limit_source=v201.ChargingLimitSourceEnumType.EMS)
    ),
    v201.NotifyCustomerInformation(data="", seq_no=0, generated_at=NOON, request_id=1),
    v201.NotifyDisplayMessages(request_id=1),
    v201.NotifyEvent(
        generated_at=NOON,
        seq_no=0,
        event_data=[
            v201.EventDataType(
                event_id=1,
                timestamp=NOON,
                trigger=v201.EventTriggerEnumType.ALERTING,
                actual_value="90",
                event_notification_type=v201.EventNotificationEnumType.HARD_WIRED_MONITOR,
                component=COMPONENT,
                variable=VARIABLE,
            )
        ],
    ),
    v201.NotifyMonitoringReport(request_id=1, seq_no=0, generated_at=NOON),
    v201.NotifyReport(request_id=1, seq_no=0, generated_at=NOON),
    v201.PublishFirmwareStatusNotification(status=v201.PublishFirmwareStatusEnumType.PUBLISHED),
    v201.ReportChargingProfiles(
        request_id=1,
        charging_limit_source=v201.ChargingLimitSourceEnumType.CSO,
        charging_profile=[PROFILE],
        evse_id=0,
    ),
    v201.ReservationStatusUpdate(
        reservation_id=1, reservation_update_status=v201.ReservationUpdateStatusEnumType.EXPIRED
    ),
    v201.SecurityEventNotification(type="TamperDetectionActivated", timestamp=NOON),
]
HASHES = v201.OCSPRequestDataType(
    hash_algorithm=v201.HashAlgorithmEnumType.SHA256,
    issuer_name_hash="a",
    issuer_key_hash="b",
    serial_number="c",
    responder_url="http://localhost",
)
REFUSALS = [
    (
        v201.DataTransfer(vendor_id="com.example"),
        v201.DataTransferResponse(status=v201.DataTransferStatusEnumType.UNKNOWN_VENDOR_ID),
    ),
    (
        v201.SignCertificate(csr="-----BEGIN"),
        v201.SignCertificateResponse(status=v201.GenericStatusEnumType.REJECTED),
    ),
    (
        v201.GetCertificateStatus(ocsp_request_data=HASHES),
        v201.GetCertificateStatusResponse(status=v201.GetCertificateStatusEnumType.FAILED),
    ),
    (
        v201.Get15118EVCertificate(
            iso15118_schema_version="urn:iso:15118:2:2013:MsgDef",
            action=v201.CertificateActionEnumType.INSTALL,
            exi_request="AQ==",
        ),
        v201.Get15118EVCertificateResponse(status=v201.Iso15118EVCertificateStatusEnumType.FAILED, exi_response=""),
    ),
    (
        v201.NotifyEVChargingNeeds(
            evse_id=1,
            charging_needs=v201.ChargingNeedsType(requested_energy_transfer=v201.EnergyTransferModeEnumType.DC),
        ),
        v201.NotifyEVChargingNeedsResponse(status=v201.NotifyEVChargingNeedsStatusEnumType.REJECTED),
    ),
    (
        v201.NotifyEVChargingSchedule(time_base=NOON, evse_id=1, charging_schedule=SCHEDULE),
        v201.NotifyEVChargingScheduleResponse(status=v201.GenericStatusEnumType.ACCEPTED),
    ),
]


def test_every_action_of_a_station_has_a_handler() -> None:
    table = merge(handlers(memory_depot().services))
    expected = {action.request for action in v201.ACTIONS.values() if action.direction is not Direction.TO_STATION}
    assert expected <= table.keys()


async def test_a_boot_is_answered_with_time_interval_and_status() -> None:
    """BOOT-002."""
    depot = memory_depot()
    request = v201.BootNotification(
        reason=v201.BootReasonEnumType.POWER_UP,
        charging_station=v201.ChargingStationType(
            model="Two", vendor_name="Volt & Co", serial_number="S1", firmware_version="2.0"
        ),
    )
    answer = await depot.send(await depot.connect("CP2", v201), request)
    assert answer == v201.BootNotificationResponse(
        current_time=NOON, interval=300, status=v201.RegistrationStatusEnumType.ACCEPTED
    )
    assert depot.last("station.booted") == {
        "vendor": "Volt & Co",
        "model": "Two",
        "serialNumber": "S1",
        "firmwareVersion": "2.0",
        "registration": "Accepted",
    }


async def test_a_heartbeat_is_answered_with_the_time() -> None:
    """HB-002."""
    depot = memory_depot()
    assert await depot.send(await depot.boot("CP2", v201), v201.Heartbeat()) == v201.HeartbeatResponse(
        current_time=NOON
    )


async def test_a_status_is_stored_and_told() -> None:
    depot = memory_depot()
    request = v201.StatusNotification(
        timestamp=NOON, connector_status=v201.ConnectorStatusEnumType.OCCUPIED, evse_id=1, connector_id=2
    )
    assert await depot.send(await depot.boot("CP2", v201), request) == v201.StatusNotificationResponse()
    assert depot.last("connector.status") == {
        "evseId": 1,
        "connectorId": 2,
        "status": "Occupied",
        "errorCode": None,
    }


@pytest.mark.parametrize(
    ("known", "type", "expected"),
    [
        (None, "ISO14443", "Invalid"),
        (IdToken("tag"), "ISO14443", "Accepted"),
        (IdToken("TAG"), "KeyCode", "Invalid"),
        (IdToken("TAG", status=TokenStatus.BLOCKED), "ISO14443", "Blocked"),
        (IdToken("TAG", expires_at=NOON), "ISO14443", "Expired"),
        (None, "NoAuthorization", "Accepted"),
        (None, "Central", "Invalid"),
        (IdToken("TAG"), "Central", "Accepted"),
        (IdToken("TAG", status=TokenStatus.BLOCKED), "Central", "Blocked"),
    ],
)
async def test_a_token_is_answered_with_its_status(known: IdToken | None, type: str, expected: str) -> None:
    """AUT-004, AUT-006, AUT-010."""
    depot = memory_depot(unknown_tokens=UnknownTokens.REFUSE)
    if known is not None:
        await depot.store.id_tokens.save(known)
    token = v201.IdTokenType(id_token="TAG", type=v201.IdTokenEnumType(type))
    answer = await depot.send(await depot.boot("CP2", v201), v201.Authorize(id_token=token))
    assert answer.id_token_info.status.value == expected
    assert answer.id_token_info.cache_expiry_date_time == (
        known.expires_at if known and expected != "Invalid" else None
    )


async def test_an_event_is_read_whole() -> None:
    depot = memory_depot()
    station = await depot.boot("CP2", v201)
    signed = v201.SignedMeterValueType(
        signed_meter_data="AQID", signing_method="", encoding_method="OCMF", public_key=""
    )
    samples = [
        v201.SampledValueType(
            value=1.5,
            unit_of_measure=v201.UnitOfMeasureType(unit="kWh"),
            context=v201.ReadingContextEnumType.TRANSACTION_BEGIN,
            signed_meter_value=signed,
        ),
        v201.SampledValueType(
            value=7.2,
            measurand=v201.MeasurandEnumType.POWER_ACTIVE_IMPORT,
            unit_of_measure=v201.UnitOfMeasureType(unit="W", multiplier=3),
            context=v201.ReadingContextEnumType.TRANSACTION_BEGIN,
        ),
    ]
    event = v201.TransactionEvent(
        event_type=v201.TransactionEventEnumType.STARTED,
        timestamp=NOON,
        trigger_reason=v201.TriggerReasonEnumType.REMOTE_START,
        seq_no=0,
        transaction_info=v201.TransactionType(
            transaction_id="T1", charging_state=v201.ChargingStateEnumType.CHARGING, remote_start_id=9
        ),
        meter_value=[v201.MeterValueType(sampled_value=samples, timestamp=NOON)],
        evse=v201.EVSEType(id=1, connector_id=1),
        id_token=v201.IdTokenType(id_token="TAG", type=v201.IdTokenEnumType.CENTRAL),
        reservation_id=4,
    )
    answer = await depot.send(station, event)
    assert answer.id_token_info == v201.IdTokenInfoType(status=v201.AuthorizationStatusEnumType.ACCEPTED)
    assert depot.types()[-2:] == ["meter.values", "transaction.started"]
    transaction = depot.last("transaction.started")["transaction"]
    assert (transaction["transactionId"], transaction["chargingState"], transaction["powerW"]) == (
        "T1",
        "Charging",
        7200.0,
    )
    assert (transaction["meterStartWh"], transaction["idToken"], transaction["flags"]) == (1500.0, "TAG", [])


@pytest.mark.parametrize("request_", NOTIFICATIONS, ids=lambda request: type(request).__name__)
async def test_a_notification_is_confirmed_and_told(request_: Any) -> None:
    depot = memory_depot()
    answer = await depot.send(await depot.boot("CP2", v201), request_)
    assert encode(answer) == b"{}"
    assert depot.last("station.notification") == {"action": type(request_).__name__}


@pytest.mark.parametrize(("request_", "expected"), REFUSALS, ids=lambda value: type(value).__name__)
async def test_what_the_csms_does_not_do_is_refused_politely(request_: Any, expected: Any) -> None:
    """RPC-080: a refusal is a CALLRESULT."""
    depot = memory_depot()
    assert await depot.send(await depot.boot("CP2", v201), request_) == expected


@pytest.mark.parametrize(
    "request_", [*NOTIFICATIONS, *(request for request, _ in REFUSALS)], ids=lambda request: type(request).__name__
)
async def test_before_it_is_accepted_a_station_gets_a_security_error(request_: Any) -> None:
    """RPC-097, BOOT-010."""
    depot = memory_depot(unknown_stations=UnknownStations.PENDING)
    station = await depot.boot("CP2", v201)
    with pytest.raises(CallRejected) as caught:
        await depot.send(station, request_)
    assert caught.value.code == "SecurityError"
    depot.services.note_triggered(station, type(request_).__name__)
    await depot.send(station, request_)


async def test_times_of_a_status_are_the_stations() -> None:
    depot = memory_depot()
    station = await depot.boot("CP2", v201)
    for status, minutes in ((v201.ConnectorStatusEnumType.OCCUPIED, 1), (v201.ConnectorStatusEnumType.AVAILABLE, 2)):
        at = NOON - timedelta(minutes=minutes)
        await depot.send(
            station, v201.StatusNotification(timestamp=at, connector_status=status, evse_id=1, connector_id=1)
        )
    stored = await depot.store.stations.load("CP2")
    assert stored is not None
    assert [connector.status for connector in stored.connectors] == ["Occupied"]

"""What stations of OCPP 1.6 are answered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from support.depot import NOON, memory_depot

from chargewire import v16
from chargewire.backoffice.domain import IdToken, TokenStatus, UnknownStations, UnknownTokens
from chargewire.backoffice.handlers import handlers
from chargewire.messages import Direction
from chargewire.routing import merge
from chargewire.validation import encode

ID = v16.StartTransaction(connector_id=1, id_tag="TAG", meter_start=0, timestamp=NOON)
NOTIFICATIONS = [
    v16.DiagnosticsStatusNotification(status=v16.DiagnosticsStatus.UPLOADED),
    v16.FirmwareStatusNotification(status=v16.FirmwareStatus.INSTALLED),
    v16.LogStatusNotification(status=v16.UploadLogStatusEnumType.UPLOADED),
    v16.SecurityEventNotification(type="TamperDetectionActivated", timestamp=NOON),
    v16.SignedFirmwareStatusNotification(status=v16.FirmwareStatusEnumType.INSTALLED),
]


def test_every_action_of_a_station_has_a_handler() -> None:
    table = merge(handlers(memory_depot().services))
    expected = {action.request for action in v16.ACTIONS.values() if action.direction is not Direction.TO_STATION}
    assert expected <= table.keys()


async def test_a_boot_is_answered_with_time_interval_and_status() -> None:
    """BOOT-002."""
    depot = memory_depot()
    station = await depot.connect()
    request = v16.BootNotification(
        charge_point_vendor="Volt & Co",
        charge_point_model="One",
        charge_box_serial_number="B1",
        firmware_version="1.2.3",
    )
    answer = await depot.send(station, request)
    assert answer == v16.BootNotificationResponse(
        status=v16.RegistrationStatus.ACCEPTED, current_time=NOON, interval=300
    )
    assert depot.last("station.booted") == {
        "vendor": "Volt & Co",
        "model": "One",
        "serialNumber": "B1",
        "firmwareVersion": "1.2.3",
        "registration": "Accepted",
    }


async def test_an_unknown_station_is_pending_until_it_is_admitted() -> None:
    """BOOT-019."""
    depot = memory_depot(unknown_stations=UnknownStations.PENDING)
    station = await depot.connect()
    answer = await depot.send(station, v16.BootNotification(charge_point_vendor="V", charge_point_model="M"))
    assert (answer.status, answer.interval) == (v16.RegistrationStatus.PENDING, 30)


async def test_a_heartbeat_is_answered_with_the_time() -> None:
    """HB-002."""
    depot = memory_depot()
    station = await depot.connect()
    depot.clock.advance(60)
    assert await depot.send(station, v16.Heartbeat()) == v16.HeartbeatResponse(
        current_time=NOON + timedelta(seconds=60)
    )
    stored = await depot.store.stations.load("CP1")
    assert stored is not None
    assert stored.last_seen_at == NOON + timedelta(seconds=60)
    assert depot.types() == ["station.connected", "station.heartbeat"]


async def test_a_status_is_stored_and_told() -> None:
    depot = memory_depot()
    station = await depot.connect()
    request = v16.StatusNotification(
        connector_id=2,
        status=v16.ChargePointStatus.FAULTED,
        error_code=v16.ChargePointErrorCode.GROUND_FAILURE,
        timestamp=NOON - timedelta(minutes=1),
    )
    assert await depot.send(station, request) == v16.StatusNotificationResponse()
    assert depot.last("connector.status") == {
        "evseId": 2,
        "connectorId": 1,
        "status": "Faulted",
        "errorCode": "GroundFailure",
    }
    stored = await depot.store.stations.load("CP1")
    assert stored is not None
    assert [(one.evse_id, one.status, one.status_at) for one in stored.connectors] == [
        (2, "Faulted", NOON - timedelta(minutes=1))
    ]


async def test_a_status_of_the_station_itself_is_told_as_evse_0() -> None:
    """T16-012."""
    depot = memory_depot()
    station = await depot.connect()
    status = v16.StatusNotification(
        connector_id=0, status=v16.ChargePointStatus.AVAILABLE, error_code=v16.ChargePointErrorCode.NO_ERROR
    )
    await depot.send(station, status)
    assert depot.last("connector.status") == {
        "evseId": 0,
        "connectorId": 0,
        "status": "Available",
        "errorCode": None,
    }


async def test_an_older_status_is_confirmed_and_changes_nothing() -> None:
    """BOOT-017, T16-015."""
    depot = memory_depot()
    station = await depot.connect()

    def status(value: v16.ChargePointStatus, minutes: int) -> v16.StatusNotification:
        return v16.StatusNotification(
            connector_id=1,
            status=value,
            error_code=v16.ChargePointErrorCode.NO_ERROR,
            timestamp=NOON - timedelta(minutes=minutes),
        )

    await depot.send(station, status(v16.ChargePointStatus.CHARGING, 1))
    assert await depot.send(station, status(v16.ChargePointStatus.PREPARING, 2)) == v16.StatusNotificationResponse()
    assert depot.last("connector.status")["status"] == "Charging"


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (None, v16.IdTagInfo(status=v16.AuthorizationStatus.INVALID)),
        (IdToken("tag"), v16.IdTagInfo(status=v16.AuthorizationStatus.ACCEPTED)),
        (
            IdToken("TAG", status=TokenStatus.BLOCKED),
            v16.IdTagInfo(status=v16.AuthorizationStatus.BLOCKED),
        ),
        (
            IdToken("TAG", expires_at=NOON),
            v16.IdTagInfo(status=v16.AuthorizationStatus.EXPIRED, expiry_date=NOON),
        ),
        (
            IdToken("TAG", type="eMAID", expires_at=NOON + timedelta(days=1)),
            v16.IdTagInfo(status=v16.AuthorizationStatus.ACCEPTED, expiry_date=NOON + timedelta(days=1)),
        ),
    ],
)
async def test_a_tag_is_answered_with_its_status(known: IdToken | None, expected: v16.IdTagInfo) -> None:
    """AUT-005, AUT-006."""
    depot = memory_depot(unknown_tokens=UnknownTokens.REFUSE)
    if known is not None:
        await depot.store.id_tokens.save(known)
    answer = await depot.send(await depot.connect(), v16.Authorize(id_tag="TAG"))
    assert answer == v16.AuthorizeResponse(id_tag_info=expected)


async def test_a_pending_station_learns_nothing_about_tags() -> None:
    depot = memory_depot(unknown_stations=UnknownStations.PENDING)
    await depot.store.id_tokens.save(IdToken("TAG"))
    answer = await depot.send(await depot.connect(), v16.Authorize(id_tag="TAG"))
    assert answer.id_tag_info.status is v16.AuthorizationStatus.INVALID


async def test_a_charging_cycle_is_told_as_it_goes() -> None:
    depot = memory_depot()
    station = await depot.connect()
    started = await depot.send(station, ID)
    samples = [
        v16.SampledValue(value="1.5", unit=v16.UnitOfMeasure.KWH),
        v16.SampledValue(value="7200", measurand=v16.Measurand.POWER_ACTIVE_IMPORT, unit=v16.UnitOfMeasure.W),
        v16.SampledValue(value="41", measurand=v16.Measurand.SOC, location=v16.Location.EV),
    ]
    values = [v16.MeterValue(timestamp=NOON + timedelta(minutes=5), sampled_value=samples)]
    await depot.send(
        station, v16.MeterValues(connector_id=1, transaction_id=started.transaction_id, meter_value=values)
    )
    depot.clock.advance(600)
    stop = v16.StopTransaction(
        transaction_id=started.transaction_id,
        timestamp=NOON + timedelta(minutes=10),
        meter_stop=3000,
        reason=v16.Reason.EV_DISCONNECTED,
    )
    await depot.send(station, stop)
    assert depot.types() == [
        "station.connected",
        "transaction.started",
        "meter.values",
        "transaction.updated",
        "transaction.ended",
    ]
    assert depot.last("transaction.updated")["transaction"]["powerW"] == 7200.0
    assert depot.last("transaction.ended")["transaction"] == {
        "id": started.transaction_id,
        "station": "CP1",
        "evseId": 1,
        "connectorId": 1,
        "transactionId": str(started.transaction_id),
        "idToken": "TAG",
        "state": "ended",
        "chargingState": None,
        "startedAt": "2026-05-04T12:00:00.000Z",
        "endedAt": "2026-05-04T12:10:00.000Z",
        "stopReason": "EVDisconnected",
        "meterStartWh": 0.0,
        "meterStopWh": 3000.0,
        "energyWh": 3000.0,
        "powerW": None,
        "socPercent": 41.0,
        "flags": [],
    }


@pytest.mark.parametrize("request_", NOTIFICATIONS, ids=lambda request: type(request).__name__)
async def test_a_notification_is_confirmed_and_told(request_: Any) -> None:
    depot = memory_depot()
    answer = await depot.send(await depot.connect(), request_)
    assert encode(answer) == b"{}"
    assert depot.last("station.notification") == {"action": type(request_).__name__}


async def test_nobody_speaks_for_a_vendor() -> None:
    depot = memory_depot()
    answer = await depot.send(await depot.connect(), v16.DataTransfer(vendor_id="com.example"))
    assert answer == v16.DataTransferResponse(status=v16.DataTransferStatus.UNKNOWN_VENDOR_ID)


async def test_nobody_signs_certificates() -> None:
    depot = memory_depot()
    answer = await depot.send(await depot.connect(), v16.SignCertificate(csr="-----BEGIN"))
    assert answer == v16.SignCertificateResponse(status=v16.GenericStatusEnumType.REJECTED)

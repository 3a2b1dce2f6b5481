"""Payloads: what fits, and which code, field and reason answer what does not."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chargewire import v16, v21, v201
from chargewire.errors import ErrorCode, InvalidPayload
from chargewire.messages import Message
from chargewire.validation import decode, encode

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
BOOT: dict[str, Any] = {"chargePointVendor": "Acme", "chargePointModel": "One"}
STATUS: dict[str, Any] = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
STREAM: dict[str, Any] = {"data": [{"t": 0, "v": ""}], "id": 1, "pending": 0, "basetime": "2026-05-01T12:00:00Z"}
BOOT_201: dict[str, Any] = {"reason": "PowerUp", "chargingStation": {"vendorName": "Acme", "model": "One"}}
RESERVATION: dict[str, Any] = {"expiryDateTime": "2026-05-01T12:00:00Z", "idToken": {"idToken": "A", "type": "Central"}}


def meter_values(**sampled_value: Any) -> dict[str, Any]:
    return {
        "connectorId": 1,
        "meterValue": [{"timestamp": "2026-05-01T12:00:00Z", "sampledValue": [{"value": "1"}, sampled_value]}],
    }


def read(type: type[Message], payload: Any, *tolerate: str) -> Any:
    return decode(json.dumps(payload).encode(), type, tolerate=frozenset(tolerate))


def refused(type: type[Message], payload: Any, *tolerate: str) -> tuple[ErrorCode, str, str]:
    with pytest.raises(InvalidPayload) as caught:
        decode(
            payload if isinstance(payload, bytes) else json.dumps(payload).encode(),
            type,
            tolerate=frozenset(tolerate),
        )
    return caught.value.code, caught.value.field, caught.value.reason


# What fits


@pytest.mark.parametrize("payload", [b"{}", b"null", b" null ", b" { } "])
def test_an_empty_payload_may_be_null(payload: bytes) -> None:
    """RPC-050."""
    assert decode(payload, v16.Heartbeat) == v16.Heartbeat()


def test_a_null_payload_still_lacks_what_is_required() -> None:
    """RPC-050."""
    assert refused(v16.Authorize, None) == (ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION, "idTag", "is missing")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-05-01T12:00:00Z", NOON),
        ("2026-05-01T12:00:00.5Z", NOON + timedelta(milliseconds=500)),
        ("2026-05-01T12:00:00.123456789Z", NOON + timedelta(microseconds=123457)),
        ("2026-05-01T14:00:00+02:00", NOON),
        ("2026-05-01T12:00:00.000+00:00", NOON),
    ],
)
@pytest.mark.parametrize("type", [v16.HeartbeatResponse, v201.HeartbeatResponse, v21.HeartbeatResponse])
def test_a_date_time_may_have_fractions_and_an_offset(type: type[Message], text: str, moment: datetime) -> None:
    """RPC-057, RPC-058."""
    assert read(type, {"currentTime": text}).current_time == moment


def test_text_may_be_any_utf_8() -> None:
    """RPC-060."""
    payload = '{"vendorId":"acme","data":"Ladesäule 充电 🔌"}'.encode()
    assert decode(payload, v16.DataTransfer).data == "Ladesäule 充电 🔌"


@pytest.mark.parametrize("unit", ["Celcius", "Celsius"])
def test_either_spelling_of_celsius_is_read(unit: str) -> None:
    """RPC-062."""
    message = read(v16.MeterValues, meter_values(value="20", unit=unit))
    assert message.meter_value[0].sampled_value[1].unit == unit


def test_a_whole_number_may_have_a_point() -> None:
    """JSON Schema draft 6 counts 1.0 among the integers."""
    message = read(v201.ReserveNow, RESERVATION | {"id": 1.0, "evseId": 2.0})
    assert (message.id, message.evse_id) == (1, 2)
    assert type(message.evse_id) is int


@pytest.mark.parametrize("number", [b"01", b"+1", b"0x1", b"1.", b".5"])
def test_a_number_is_written_as_json_writes_it(number: bytes) -> None:
    """RPC-056."""
    payload = b'{"connectorId":%b,"errorCode":"NoError","status":"Available"}' % number
    assert refused(v16.StatusNotification, payload) == (ErrorCode.FORMAT_VIOLATION, "", "not JSON")


def test_a_broken_number_is_no_whole_number() -> None:
    expected = (ErrorCode.TYPE_CONSTRAINT_VIOLATION, "evseId", "must be int, not float")
    assert refused(v201.ReserveNow, RESERVATION | {"id": 1, "evseId": 2.5}) == expected


def test_custom_data_keeps_what_a_vendor_added() -> None:
    """RPC-054."""
    vendor = {"vendorId": "com.acme", "Deep": [{"aNull": None}], "snake_key": 1}
    message = read(v201.Heartbeat, {"customData": vendor})
    assert message.custom_data == vendor
    assert message.custom_data.vendor_id == "com.acme"
    assert json.loads(encode(message)) == {"customData": vendor}


# What does not fit: code, field and reason, never the value


@pytest.mark.parametrize(
    ("type", "payload", "field"),
    [
        (v16.BootNotification, {"chargePointVendor": "Acme"}, "chargePointModel"),
        (
            v201.BootNotification,
            {"reason": "PowerUp", "chargingStation": {"model": "One"}},
            "chargingStation.vendorName",
        ),
        (v16.MeterValues, meter_values(unit="Wh"), "meterValue[0].sampledValue[1].value"),
        (v201.Heartbeat, {"customData": {"x": 1}}, "customData.vendorId"),
    ],
)
def test_a_missing_field_is_an_occurrence_violation(type: type[Message], payload: Any, field: str) -> None:
    """RPC-092."""
    assert refused(type, payload) == (ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION, field, "is missing")


def test_a_list_with_too_few_items_is_an_occurrence_violation() -> None:
    """RPC-092."""
    expected = (ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION, "meterValue", "must have >= 1 items")
    assert refused(v201.MeterValues, {"evseId": 1, "meterValue": []}) == expected


def test_one_item_alone_is_still_a_list() -> None:
    """RPC-052."""
    expected = (ErrorCode.TYPE_CONSTRAINT_VIOLATION, "meterValue", "must be array, not object")
    assert refused(v201.MeterValues, {"evseId": 1, "meterValue": {}}) == expected


@pytest.mark.parametrize(
    ("type", "payload", "field", "reason"),
    [
        (v16.Authorize, {"idTag": 5}, "idTag", "must be str, not int"),
        (v16.StatusNotification, STATUS | {"connectorId": "1"}, "connectorId", "must be int, not str"),
        (v16.StatusNotification, STATUS | {"connectorId": True}, "connectorId", "must be int, not bool"),
        (v16.StatusNotification, STATUS | {"status": 3}, "status", "must be str, not int"),
        (v16.StatusNotification, STATUS | {"info": 5}, "info", "must be str, not int"),
        (v201.BootNotification, BOOT_201 | {"chargingStation": []}, "chargingStation", "must be object, not array"),
        (v201.Heartbeat, {"customData": 5}, "customData", "must be object, not int"),
        (v201.Heartbeat, {"customData": {"vendorId": 5}}, "customData", "must be str, not int"),
        (v16.Heartbeat, [], "", "must be object, not array"),
        (v16.Heartbeat, "secret", "", "must be object, not str"),
    ],
)
def test_a_wrong_json_type_is_a_type_violation(type: type[Message], payload: Any, field: str, reason: str) -> None:
    """RPC-092."""
    assert refused(type, payload) == (ErrorCode.TYPE_CONSTRAINT_VIOLATION, field, reason)


@pytest.mark.parametrize(
    ("type", "payload", "field", "reason"),
    [
        (v16.StatusNotification, STATUS | {"status": "secret"}, "status", "is not one of the allowed values"),
        (v16.Authorize, {"idTag": "secret" * 4}, "idTag", "must have <= 20 characters"),
        (v201.Heartbeat, {"customData": {"vendorId": "x" * 256}}, "customData", "must have <= 255 characters"),
        (
            v201.GetBaseReport,
            {"requestId": 1, "reportBase": "secret"},
            "reportBase",
            "is not one of the allowed values",
        ),
        (
            v21.NotifyPeriodicEventStream,
            {"data": [{"t": 0, "v": ""}], "id": -1, "pending": 0},
            "id",
            "Expected int >= 0",
        ),
        (
            v16.StatusNotification,
            STATUS | {"timestamp": "secret"},
            "timestamp",
            "Invalid RFC3339 encoded datetime",
        ),
        (
            v16.StatusNotification,
            STATUS | {"timestamp": "2026-05-01T12:00:00"},
            "timestamp",
            "Expected datetime with a timezone component",
        ),
    ],
)
def test_a_value_that_is_not_allowed_is_a_property_violation(
    type: type[Message], payload: Any, field: str, reason: str
) -> None:
    """RPC-085, RPC-092."""
    assert refused(type, payload) == (ErrorCode.PROPERTY_CONSTRAINT_VIOLATION, field, reason)


@pytest.mark.parametrize(
    ("type", "payload", "field"),
    [
        (v16.Heartbeat, {"customData": {"vendorId": "a"}}, "customData"),
        (v201.Heartbeat, {"extra": 1}, "extra"),
        (v201.BootNotification, BOOT_201 | {"chargingStation": {"extra": 1}}, "chargingStation.extra"),
        (v16.Heartbeat, {"a\nline `quoted`": 1}, "a\nline `quoted`"),
    ],
)
def test_an_unknown_field_is_a_format_violation(type: type[Message], payload: Any, field: str) -> None:
    """RPC-053, RPC-092."""
    assert refused(type, payload) == (ErrorCode.FORMAT_VIOLATION, field, "is not a field of this message")


def test_the_name_of_a_field_is_cut_to_a_readable_length() -> None:
    assert len(refused(v16.Heartbeat, {"x" * 10_000: 1})[1]) == 120


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b'{"idTag":"\xff"}',
        b'{"idTag":"A"} x',
        b'{"extra":"\xff"}',
        b'{"idTag":5,"other":}',
    ],
)
def test_what_is_no_json_is_a_format_violation(payload: bytes) -> None:
    """RPC-092: also behind a fault of another kind."""
    assert refused(v16.Authorize, payload) == (ErrorCode.FORMAT_VIOLATION, "", "not JSON")


@pytest.mark.parametrize("depth", [990, 100_000])
@pytest.mark.parametrize("field", ["data", "extra"])
def test_nesting_without_end_is_a_format_violation(field: str, depth: int) -> None:
    payload = b'{"vendorId":"a","%b":%b%b}' % (field.encode(), b"[" * depth, b"]" * depth)
    code, _, reason = refused(v16.DataTransfer if depth == 990 else v201.DataTransfer, payload)
    assert code in {ErrorCode.FORMAT_VIOLATION, ErrorCode.TYPE_CONSTRAINT_VIOLATION}
    assert reason in {"nested too deeply", "must be str, not array"}


@pytest.mark.parametrize("number", [b"1e999", b"9" * 9999])
def test_a_number_beyond_measure_does_not_hide_the_first_fault(number: bytes) -> None:
    payload = b'{"extra":1,"idTag":%b}' % number
    assert refused(v16.Authorize, payload)[:2] == (ErrorCode.FORMAT_VIOLATION, "extra")


# Explicit nulls


@pytest.mark.parametrize(
    ("type", "payload", "field"),
    [
        (v16.BootNotification, BOOT | {"iccid": None}, "iccid"),
        (v16.BootNotification, BOOT | {"chargePointModel": None}, "chargePointModel"),
        (v201.BootNotification, BOOT_201 | {"chargingStation": {"serialNumber": None}}, "chargingStation.serialNumber"),
        (v16.MeterValues, meter_values(value="1", unit=None), "meterValue[0].sampledValue[1].unit"),
        (v201.MeterValues, {"evseId": 1, "meterValue": [None]}, "meterValue[0]"),
        (v16.DataTransfer, {"vendorId": "a", "data": None}, "data"),
        (v201.DataTransfer, {"vendorId": "a", "messageId": None}, "messageId"),
        (v16.Heartbeat, {"extra": None}, "extra"),
    ],
)
def test_an_explicit_null_is_refused(type: type[Message], payload: Any, field: str) -> None:
    """RPC-051."""
    assert refused(type, payload) == (ErrorCode.TYPE_CONSTRAINT_VIOLATION, field, "must not be null")


def test_the_first_null_is_the_one_named() -> None:
    payload = BOOT | {"imsi": None, "iccid": None, "meterType": None}
    assert refused(v16.BootNotification, payload)[1] == "imsi"


def test_the_word_null_in_a_text_is_no_null() -> None:
    assert read(v16.Authorize, {"idTag": "null"}).id_tag == "null"


@pytest.mark.parametrize(
    "payload",
    [
        {"vendorId": "a", "data": None},
        {"vendorId": "a", "data": {"b": [None]}},
        {"vendorId": "a", "customData": {"vendorId": "a", "b": None}},
        {"vendorId": "a", "data": {}, "customData": {"vendorId": "a", "b": [None]}},
    ],
)
@pytest.mark.parametrize("version", [v201, v21])
def test_a_null_is_fine_where_a_vendor_says_what_is_in(version: Any, payload: dict[str, Any]) -> None:
    """RPC-051, RPC-054: inside customData, and as the data of a 2.x DataTransfer."""
    assert read(version.DataTransfer, payload).data == payload.get("data")


def test_a_null_is_fine_in_custom_data_of_an_inner_object() -> None:
    """RPC-054."""
    station = {"vendorName": "Acme", "model": "One", "customData": {"vendorId": "a", "b": None}}
    message = read(v201.BootNotification, BOOT_201 | {"chargingStation": station})
    assert message.charging_station.custom_data == {"vendorId": "a", "b": None}


# What the generator must not do


def test_a_type_that_json_cannot_hold_is_a_fault_of_ours() -> None:
    class Odd(Message, frozen=True):
        number: complex

    with pytest.raises(NotImplementedError, match="complex"):
        decode(b'{"number":1}', Odd)

"""Known quirks of devices, forgiven where it is asked for and only there."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chargewire import v16, v201
from chargewire.errors import ErrorCode, InvalidPayload
from chargewire.messages import Message
from chargewire.validation import TOLERANCES, decode, encode, tolerances

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
BOOT: dict[str, Any] = {"chargePointVendor": "Acme", "chargePointModel": "One"}
STATUS: dict[str, Any] = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
BOOT_201: dict[str, Any] = {"reason": "PowerUp", "chargingStation": {"vendorName": "Acme", "model": "One"}}


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


def test_tolerances_are_checked_by_name() -> None:
    assert tolerances(["nulls", "hertz"]) == {"nulls", "hertz"}
    with pytest.raises(ValueError, match="unknown nul, zero; there is hertz, long_strings"):
        tolerances(["zero", "nul", "hertz"])


def test_every_tolerance_says_what_it_forgives() -> None:
    assert all(TOLERANCES.values())


@pytest.mark.parametrize("unit", ["Hertz", "Hz"])
def test_hertz_is_read_as_no_unit_on_request(unit: str) -> None:
    """RPC-067."""
    payload = meter_values(value="50", measurand="Frequency", unit=unit)
    expected = (
        ErrorCode.PROPERTY_CONSTRAINT_VIOLATION,
        "meterValue[0].sampledValue[1].unit",
        "is not one of the allowed values",
    )
    assert refused(v16.MeterValues, payload) == expected
    assert read(v16.MeterValues, payload, "hertz").meter_value[0].sampled_value[1].unit is None


def test_hertz_is_forgiven_as_a_unit_only() -> None:
    assert refused(v16.StatusNotification, STATUS | {"status": "Hz"}, "hertz") == (
        ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
        "status",
        "is missing",
    )


def test_a_long_string_is_cut_on_request() -> None:
    assert read(v16.Authorize, {"idTag": "0123456789" * 3}, "long_strings").id_tag == "0123456789" * 2


def test_long_strings_at_several_places_are_cut() -> None:
    boot = read(v16.BootNotification, dict.fromkeys(BOOT, "x" * 30), "long_strings")
    assert (boot.charge_point_vendor, boot.charge_point_model) == ("x" * 20, "x" * 20)


def test_a_date_time_without_a_zone_is_utc_on_request() -> None:
    message = read(v16.StatusNotification, STATUS | {"timestamp": "2026-05-01T12:00:00.5"}, "naive_datetimes")
    assert message.timestamp == NOON + timedelta(milliseconds=500)


def test_a_date_that_is_none_is_not_forgiven_with_the_zone() -> None:
    payload = STATUS | {"timestamp": "yesterday"}
    assert refused(v16.StatusNotification, payload, *TOLERANCES)[1:] == (
        "timestamp",
        "Invalid RFC3339 encoded datetime",
    )


def test_a_null_is_an_absent_field_on_request() -> None:
    """RPC-051."""
    boot = read(v16.BootNotification, BOOT | {"iccid": None}, "nulls")
    assert boot == read(v16.BootNotification, BOOT)
    assert json.loads(encode(boot)) == BOOT


def test_a_null_for_a_required_field_is_an_absent_field_on_request() -> None:
    payload = BOOT | {"chargePointModel": None}
    expected = (ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION, "chargePointModel", "is missing")
    assert refused(v16.BootNotification, payload, "nulls") == expected


def test_unknown_fields_are_dropped_on_request() -> None:
    """RPC-053."""
    payload = BOOT_201 | {"extra": {"deep": []}, "chargingStation": BOOT_201["chargingStation"] | {"colour": "red"}}
    assert read(v201.BootNotification, payload, "unknown_fields") == read(v201.BootNotification, BOOT_201)


def test_one_payload_may_have_all_the_quirks() -> None:
    payload = STATUS | {
        "connectorId": 1.0,
        "timestamp": "2026-05-01T12:00:00",
        "info": "x" * 60,
        "vendorId": None,
        "x": 1,
    }
    message = read(v16.StatusNotification, payload, *TOLERANCES)
    assert message == v16.StatusNotification(
        connector_id=1,
        error_code=v16.ChargePointErrorCode.NO_ERROR,
        status=v16.ChargePointStatus.AVAILABLE,
        timestamp=NOON,
        info="x" * 50,
    )


@pytest.mark.parametrize("tolerance", sorted(TOLERANCES))
def test_a_tolerance_forgives_nothing_else(tolerance: str) -> None:
    faults: dict[str, dict[str, Any]] = {
        "hertz": {"status": "Hz"},
        "long_strings": {"info": "x" * 51},
        "naive_datetimes": {"timestamp": "2026-05-01T12:00:00"},
        "nulls": {"info": None},
        "unknown_fields": {"extra": 1},
    }
    for name, fault in faults.items():
        if name != tolerance:
            refused(v16.StatusNotification, STATUS | fault, tolerance)


def test_a_payload_with_a_quirk_everywhere_is_refused() -> None:
    assert read(v16.Heartbeat, dict.fromkeys(map(str, range(256)), 1), "unknown_fields") == v16.Heartbeat()
    assert refused(v16.Heartbeat, dict.fromkeys(map(str, range(257)), 1), "unknown_fields")[1] == "256"


@pytest.mark.parametrize("field", ["x` - at `$.foo", "x` - at `$.foo.bar", "x` - at `$.foo[7]", "x` - at `$[0]"])
def test_a_field_named_like_a_path_is_refused(field: str) -> None:
    code, *_ = refused(v16.Heartbeat, {field: 1, "foo": [1]}, *TOLERANCES)
    assert code is ErrorCode.FORMAT_VIOLATION

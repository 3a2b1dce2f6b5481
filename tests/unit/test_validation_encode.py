"""What we write: compact, in the order of the schema, milliseconds at most, checked before it leaves."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargewire import v16, v201
from chargewire.errors import InvalidPayload
from chargewire.messages import CustomData, Message
from chargewire.validation import check, decode, encode

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def test_a_message_is_written_compact_in_the_order_of_its_schema() -> None:
    """RPC-051: what is unset is left out."""
    boot = v16.BootNotification(charge_point_model="One", charge_point_vendor="Acme", iccid=None)
    assert encode(boot) == b'{"chargePointVendor":"Acme","chargePointModel":"One"}'


def test_an_empty_message_is_an_empty_object() -> None:
    """RPC-050."""
    assert encode(v16.Heartbeat()) == b"{}"


def test_text_is_written_as_utf_8() -> None:
    """RPC-060."""
    assert encode(v16.Authorize(id_tag="Zürich")) == '{"idTag":"Zürich"}'.encode()


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (NOON, "2026-05-01T12:00:00Z"),
        (NOON.replace(microsecond=999), "2026-05-01T12:00:00Z"),
        (NOON.replace(microsecond=1000), "2026-05-01T12:00:00.001Z"),
        (NOON.replace(microsecond=123456), "2026-05-01T12:00:00.123Z"),
        (NOON.astimezone(timezone(timedelta(0), "GMT")).replace(microsecond=5000), "2026-05-01T12:00:00.005Z"),
        (NOON.astimezone(timezone(timedelta(hours=2))), "2026-05-01T14:00:00+02:00"),
        (NOON.astimezone(timezone(-timedelta(hours=2.5))).replace(microsecond=1000), "2026-05-01T09:30:00.001-02:30"),
    ],
)
def test_a_date_time_is_written_with_milliseconds_at_most(moment: datetime, text: str) -> None:
    """RPC-057."""
    assert json.loads(encode(v16.HeartbeatResponse(current_time=moment))) == {"currentTime": text}


def test_milliseconds_change_neither_the_order_nor_anything_else() -> None:
    """RPC-057."""
    message = v201.MeterValues(
        evse_id=1,
        meter_value=[
            v201.MeterValueType(
                custom_data=CustomData({"vendorId": "a", "b": [None, "2026-05-01T12:00:00.123456Z"]}),
                sampled_value=[v201.SampledValueType(value=1.5)],
                timestamp=NOON.replace(microsecond=250_000),
            )
        ],
    )
    data = encode(message)
    assert b'"timestamp":"2026-05-01T12:00:00.250Z"' in data
    assert b'"b":[null,"2026-05-01T12:00:00.123456Z"]' in data
    whole = encode(v201.MeterValues(evse_id=1, meter_value=[_at(message.meter_value[0], NOON)]))
    assert data == whole.replace(b"12:00:00Z", b"12:00:00.250Z")


def _at(value: v201.MeterValueType, moment: datetime) -> v201.MeterValueType:
    return v201.MeterValueType(custom_data=value.custom_data, sampled_value=value.sampled_value, timestamp=moment)


def test_a_text_that_looks_like_a_date_time_stays_as_it_is() -> None:
    message = v16.DataTransfer(vendor_id="a", data="2026-05-01T12:00:00.123456Z")
    assert encode(message) == b'{"vendorId":"a","data":"2026-05-01T12:00:00.123456Z"}'


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_date_time_survives_to_the_millisecond(moment: datetime) -> None:
    """RPC-057."""
    response = decode(encode(v16.HeartbeatResponse(current_time=moment)), v16.HeartbeatResponse)
    assert timedelta(0) <= moment - response.current_time < timedelta(milliseconds=1)


# What we check before it leaves


def checked(message: Message) -> str:
    with pytest.raises(InvalidPayload) as caught:
        check(message, encode(message))
    return str(caught.value)


@pytest.mark.parametrize("message", [v16.Heartbeat(), v16.Authorize(id_tag="A"), v16.DataTransfer(vendor_id="null")])
def test_a_valid_message_passes_the_check(message: Message) -> None:
    check(message, encode(message))


def test_what_a_vendor_may_set_to_null_passes_the_check() -> None:
    message = v201.DataTransfer(vendor_id="a", data={"b": None}, custom_data=CustomData({"vendorId": "a", "c": None}))
    check(message, encode(message))


def test_a_message_that_does_not_fit_is_found_before_it_leaves() -> None:
    assert checked(v16.Authorize(id_tag="x" * 21)) == "idTag: must have <= 20 characters"
    assert checked(v16.Authorize(id_tag=5)) == "idTag: must be str, not int"  # type: ignore[arg-type]


def test_a_date_time_without_a_zone_is_found_before_it_leaves() -> None:
    message = v16.HeartbeatResponse(current_time=datetime(2026, 5, 1))  # noqa: DTZ001
    assert checked(message) == "currentTime: Expected datetime with a timezone component"


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_number_that_json_lacks_is_found_before_it_leaves(number: float) -> None:
    """RPC-051: it would leave as a null."""
    schedule = v16.ChargingSchedule(
        charging_rate_unit=v16.ChargingRateUnitType.A,
        charging_schedule_period=[v16.ChargingSchedulePeriod(start_period=0, limit=16.0)],
        min_charging_rate=number,
    )
    message = v16.GetCompositeScheduleResponse(
        status=v16.GetCompositeScheduleStatus.ACCEPTED, charging_schedule=schedule
    )
    assert checked(message) == "chargingSchedule.minChargingRate: must not be null"


def test_custom_data_needs_its_vendor() -> None:
    """RPC-054."""
    with pytest.raises(ValueError, match="vendorId"):
        CustomData({})

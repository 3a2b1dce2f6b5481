"""The generated packages: complete, importable, and each payload the same after a round trip."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import msgspec
import pytest
from ocpp.charge_point import camel_to_snake_case
from ocpp_schemas import PAYLOADS, VERSIONS, Payload, maximal

from chargewire import v16, v21, v201
from chargewire.errors import InvalidPayload
from chargewire.messages import CustomData, Direction, Kind, Message, Request, Response, Send
from chargewire.validation import decode, encode

ROOT = Path(__file__).parents[2]
MODULES = {"1.6": v16, "2.0.1": v201, "2.1": v21}

every_payload = pytest.mark.parametrize("payload", PAYLOADS, ids=str)
every_version = pytest.mark.parametrize("module", VERSIONS.values(), ids=VERSIONS)


@pytest.mark.parametrize(("module", "count"), [(v16, 39), (v201, 64), (v21, 91)])
def test_a_version_has_all_its_actions(module: ModuleType, count: int) -> None:
    assert len(module.ACTIONS) == count


@pytest.mark.parametrize(("module", "subprotocol"), [(v16, "ocpp1.6"), (v201, "ocpp2.0.1"), (v21, "ocpp2.1")])
def test_a_version_knows_its_subprotocol(module: ModuleType, subprotocol: str) -> None:
    assert subprotocol == module.SUBPROTOCOL


@pytest.mark.parametrize("version", MODULES)
def test_actions_are_those_of_the_specification(version: str) -> None:
    rows = csv.DictReader((ROOT / "tools" / "actions.csv").read_text(encoding="utf-8").splitlines())
    expected = {
        row["action"]: (Direction(row["direction"]), Kind(row["kind"])) for row in rows if row["version"] == version
    }
    actions = MODULES[version].ACTIONS
    assert {name: (action.direction, action.kind) for name, action in actions.items()} == expected


@every_version
def test_an_action_is_the_class_of_its_request(module: ModuleType) -> None:
    """RPC-010."""
    for name, action in module.ACTIONS.items():
        assert name == action.name == action.request.__name__
        assert action.request is getattr(module, name)
        if action.kind is Kind.CALL:
            assert issubclass(action.request, Request)
            assert issubclass(action.response, Response)
            assert action.response is getattr(module, f"{name}Response")
            assert get_args(action.request.__orig_bases__[0])[1] is action.response
        else:
            assert issubclass(action.request, Send)
            assert action.response is None


def test_the_one_send_is_the_periodic_event_stream_of_2_1() -> None:
    """RPC-006."""
    sends = [
        (name, action.name)
        for name, module in VERSIONS.items()
        for action in module.ACTIONS.values()
        if action.kind is Kind.SEND
    ]
    assert sends == [("v21", "NotifyPeriodicEventStream")]


@every_version
def test_the_public_names_are_sorted_and_there(module: ModuleType) -> None:
    assert module.__all__ == sorted(module.__all__)
    assert len(set(module.__all__)) == len(module.__all__)
    for name in module.__all__:
        assert hasattr(module, name)


@every_payload
def test_every_decoder_builds(payload: Payload) -> None:
    msgspec.json.Decoder(payload.type, dec_hook=lambda _, value: value)


@every_payload
def test_every_property_survives_the_round_trip_in_the_order_of_the_schema(payload: Payload) -> None:
    text = json.dumps(maximal(payload.schema), separators=(",", ":"), ensure_ascii=False).encode()
    assert encode(decode(text, payload.type)) == text


@every_version
def test_messages_are_frozen_and_have_a_type_for_each_field(module: ModuleType) -> None:
    for type_ in _classes(module, Message):
        assert type_.__struct_config__.frozen
        assert type_.__struct_config__.forbid_unknown_fields
        for field in msgspec.structs.fields(type_):
            assert field.type is not None
            assert field.required or field.default is None


@every_version
def test_enum_members_are_upper_case_and_distinct(module: ModuleType) -> None:
    for enum in _classes(module, StrEnum):
        assert all(re.fullmatch(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*", name) for name in enum.__members__), enum
        assert len(enum.__members__) == len(set(enum))


@every_version
def test_field_names_are_snake_case(module: ModuleType) -> None:
    for type_ in _classes(module, Message):
        for name in type_.__struct_fields__:
            assert re.fullmatch(r"[a-z]+[a-z0-9]*(_[a-z0-9]+)*", name), (type_, name)


@pytest.mark.parametrize("module", [v16, v201], ids=["v16", "v201"])
def test_field_names_are_those_that_users_of_the_ocpp_package_know(module: ModuleType) -> None:
    for type_ in _classes(module, Message):
        for name, wire_name in zip(type_.__struct_fields__, type_.__struct_encode_fields__, strict=True):
            assert camel_to_snake_case({wire_name: None}) == {name: None}


@pytest.mark.parametrize(
    ("type_", "name", "wire_name"),
    [
        (v21.DERChargingParametersType, "ev_supported_der_control", "evSupportedDERControl"),
        (v21.DERChargingParametersType, "ev_duration_level1_dc_injection", "evDurationLevel1DCInjection"),
        (v21.ChargingSchedulePeriodType, "limit_l2", "limit_L2"),
        (v21.ChargingSchedulePeriodType, "setpoint_reactive_l3", "setpointReactive_L3"),
        (v21.Get15118EVCertificate, "prioritized_emaids", "prioritizedEMAIDs"),
        (v21.Get15118EVCertificate, "iso15118_schema_version", "iso15118SchemaVersion"),
        (v21.BatteryDataType, "soc", "soC"),
        (v21.BatteryDataType, "soh", "soH"),
        (v21.V2XChargingParametersType, "ev_max_v2x_energy_request", "evMaxV2XEnergyRequest"),
        (v21.TaxRuleType, "tax_rule_id", "taxRuleID"),
        (v21.DCChargingParametersType, "full_soc", "fullSoC"),
        (v21.NotifySettlement, "receipt_url", "receiptUrl"),
    ],
)
def test_names_with_capitals_and_digits_reach_the_wire(type_: type[Message], name: str, wire_name: str) -> None:
    assert dict(zip(type_.__struct_fields__, type_.__struct_encode_fields__, strict=True))[name] == wire_name


@pytest.mark.parametrize(
    ("member", "value"),
    [
        (v16.ChargePointStatus.SUSPENDED_EVSE, "SuspendedEVSE"),
        (v16.ChargePointErrorCode.EV_COMMUNICATION_ERROR, "EVCommunicationError"),
        (v16.ReadingContext.SAMPLE_PERIODIC, "Sample.Periodic"),
        (v16.UnitOfMeasure.KWH, "kWh"),
        (v16.Measurand.SOC, "SoC"),
        (v16.Phase.L1_N, "L1-N"),
        (v201.ConnectorEnumType.S309_1P_16A, "s309-1P-16A"),
        (v201.ConnectorEnumType.C_CCS2, "cCCS2"),
        (v201.IdTokenEnumType.EMAID, "eMAID"),
        (v201.TriggerReasonEnumType.EV_CONNECT_TIMEOUT, "EVConnectTimeout"),
        (v201.VPNEnumType.L2TP, "L2TP"),
        (v201.EnergyTransferModeEnumType.AC_SINGLE_PHASE, "AC_single_phase"),
    ],
)
def test_enum_members_read_like_their_wire_value(member: StrEnum, value: str) -> None:
    assert member == value


def test_a_field_called_type_does_not_hide_the_type_of_its_neighbours() -> None:
    message = decode(b'{"type":"Soft"}', v16.Reset)
    assert message == v16.Reset(type=v16.ResetType.SOFT)


def test_custom_data_keeps_whatever_a_vendor_added() -> None:
    """RPC-054."""
    text = b'{"customData":{"vendorId":"ACME","MyKey":1,"snake_key":[null,{"aNull":null}]}}'
    message = decode(text, v201.Heartbeat)
    assert isinstance(message.custom_data, CustomData)
    assert message.custom_data.vendor_id == "ACME"
    assert encode(message) == text


@pytest.mark.parametrize("data", [b'"text"', b"17", b"[null]", b'{"MyKey":null,"other_key":{}}'])
def test_data_transfer_of_2_0_1_carries_any_json(data: bytes) -> None:
    text = b'{"data":' + data + b',"vendorId":"ACME"}'
    assert encode(decode(text, v201.DataTransfer)) == text


def test_meter_values_of_1_6_have_no_hertz() -> None:
    """RPC-066, RPC-067: the schema of the package has the unit, the official one has not."""
    assert "Hertz" not in set(v16.UnitOfMeasure)


def test_meter_values_of_1_6_may_be_empty() -> None:
    """RPC-066: the schema of the package asks for one item, the official one does not."""
    assert decode(b'{"connectorId":1,"meterValue":[]}', v16.MeterValues).meter_value == []


def test_exi_response_of_2_0_1_has_the_official_limit() -> None:
    """RPC-066: 5600 and not the 7500 of the package; 17000 in 2.1."""
    for module, limit in ((v201, 5600), (v21, 17000)):
        type_ = module.Get15118EVCertificateResponse
        decode(b'{"status":"Accepted","exiResponse":"%s"}' % (b"x" * limit), type_)
        with pytest.raises(InvalidPayload):
            decode(b'{"status":"Accepted","exiResponse":"%s"}' % (b"x" * (limit + 1)), type_)


def test_a_stop_transaction_needs_no_reason() -> None:
    """RPC-063."""
    text = b'{"timestamp":"2024-01-01T00:00:00Z","meterStop":1,"transactionId":2}'
    assert decode(text, v16.StopTransaction).reason is None


def test_intervals_of_1_6_are_whole_numbers() -> None:
    """RPC-064."""
    text = b'{"status":"Accepted","currentTime":"2024-01-01T00:00:00Z","interval":300}'
    assert decode(text, v16.BootNotificationResponse).interval == 300
    with pytest.raises(InvalidPayload):
        decode(text.replace(b"300", b"0.5"), v16.BootNotificationResponse)


@pytest.mark.parametrize("limit", ["0.1", "0.3", "6.25", "16"])
def test_limits_of_1_6_take_any_decimals(limit: str) -> None:
    """The schema asks for multiples of 0.1, which binary floats are not; no limit is refused for its decimals."""
    assert decode(f'{{"startPeriod":0,"limit":{limit}}}'.encode(), v16.ChargingSchedulePeriod).limit == float(limit)


@pytest.mark.parametrize("text", ["2024-01-01T00:00:00.5Z", "2024-01-01T02:00:00.500+02:00"])
def test_date_times_are_aware(text: str) -> None:
    """RPC-057, RPC-058."""
    heartbeat = decode(json.dumps({"currentTime": text}).encode(), v16.HeartbeatResponse)
    assert heartbeat.current_time.timestamp() == 1704067200.5


def test_the_generated_files_are_what_the_generator_writes() -> None:
    check = subprocess.run(
        [sys.executable, ROOT / "tools" / "check_generated.py"], capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stdout + check.stderr


def test_the_generated_files_hold_no_prose_of_the_specification() -> None:
    for name in VERSIONS:
        for file in (ROOT / "src" / "chargewire" / name).glob("*.py"):
            text = file.read_text(encoding="utf-8")
            assert text.count('"""') == 2
            assert text.count("#") == 1


def _classes(module: ModuleType, base: type[Any]) -> list[Any]:
    found = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, base)]
    assert found
    return found

"""The device model of a simulated OCPP 2.0.1 station (DM)."""

from __future__ import annotations

from random import Random

import pytest

from chargewire import v201
from chargewire.simulator.config import StationConfig
from chargewire.simulator.meter import AC_22_KW, DC_50_KW, Outlet, Supply, Vehicle
from chargewire.simulator.model import StationModel
from chargewire.simulator.settings import Settings
from chargewire.simulator.v201.variables import Variables
from chargewire.validation import encode

GET, SET = v201.GetVariableStatusEnumType, v201.SetVariableStatusEnumType

# DM-008
REQUIRED = {
    "AlignedDataCtrlr": "Interval Measurands TxEndedInterval TxEndedMeasurands",
    "AuthCtrlr": "AuthorizeRemoteStart LocalAuthorizeOffline LocalPreAuthorize",
    "ClockCtrlr": "DateTime TimeSource",
    "DeviceDataCtrlr": "ItemsPerMessage BytesPerMessage",
    "OCPPCommCtrlr": "FileTransferProtocols MessageTimeout MessageAttempts MessageAttemptInterval "
    "NetworkConfigurationPriority NetworkProfileConnectionAttempts OfflineThreshold ResetRetries "
    "UnlockOnEVSideDisconnect",
    "SampledDataCtrlr": "TxStartedMeasurands TxUpdatedMeasurands TxEndedMeasurands TxUpdatedInterval TxEndedInterval",
    "SecurityCtrlr": "CertificateEntries OrganizationName SecurityProfile",
    "TxCtrlr": "EVConnectionTimeOut StopTxOnEVSideDisconnect StopTxOnInvalidId TxStartPoint TxStopPoint",
    "ChargingStation": "AvailabilityState Available SupplyPhases",
    "EVSE": "AvailabilityState Available Power SupplyPhases",
    "Connector": "AvailabilityState Available ConnectorType SupplyPhases",
}


def station(supply: Supply = AC_22_KW) -> tuple[StationModel, Variables]:
    config = StationConfig(identity="CP001", version=v201, supply=supply)
    outlets = [Outlet(supply, Random(1)) for _ in range(config.connectors)]
    model = StationModel(outlets, Settings(), new_transaction_id=lambda: "tx")
    return model, Variables(config, model, lambda: "2026-01-01T00:00:00Z")


def component(name: str, evse: int | None = None, connector: int | None = None) -> v201.ComponentType:
    place = None if evse is None else v201.EVSEType(id=evse, connector_id=connector)
    return v201.ComponentType(name=name, evse=place)


def get(
    variables: Variables,
    owner: v201.ComponentType,
    name: str,
    *,
    instance: str | None = None,
    attribute: v201.AttributeEnumType | None = None,
) -> tuple[str, str | None]:
    result = variables.get(
        v201.GetVariableDataType(
            component=owner, variable=v201.VariableType(name=name, instance=instance), attribute_type=attribute
        )
    )
    assert (result.component, result.attribute_type) == (owner, attribute or v201.AttributeEnumType.ACTUAL)
    return result.attribute_status, result.attribute_value


def set_(
    variables: Variables,
    owner: str,
    name: str,
    value: str,
    *,
    attribute: v201.AttributeEnumType | None = None,
) -> str:
    result = variables.set(
        v201.SetVariableDataType(
            component=component(owner),
            variable=v201.VariableType(name=name),
            attribute_value=value,
            attribute_type=attribute,
        )
    )
    return result.attribute_status


@pytest.mark.parametrize("supply", [AC_22_KW, DC_50_KW])
def test_the_full_inventory_has_every_required_variable(supply: Supply) -> None:
    """DM-005, DM-008."""
    entries = station(supply)[1].report(v201.ReportBaseEnumType.FULL_INVENTORY)
    assert entries is not None
    found = {(entry.component.name, entry.variable.name) for entry in entries}
    assert found >= {(owner, name) for owner, names in REQUIRED.items() for name in names.split()}
    assert all(entry.variable_characteristics is not None for entry in entries)
    for entry in entries:
        assert encode(entry)


def test_nothing_is_reported_twice() -> None:
    """DM-005, DM-010."""
    entries = station()[1].report(v201.ReportBaseEnumType.FULL_INVENTORY)
    assert entries is not None
    names = [encode(entry.component) + encode(entry.variable) for entry in entries]
    assert len(names) == len(set(names))


def test_the_configuration_inventory_leaves_the_hardware_out() -> None:
    """DM-004."""
    entries = station()[1].report(v201.ReportBaseEnumType.CONFIGURATION_INVENTORY)
    assert entries is not None
    assert {entry.component.name for entry in entries}.isdisjoint({"ChargingStation", "EVSE", "Connector"})
    writable = [entry for entry in entries if entry.variable_attribute[0].mutability == "ReadWrite"]
    assert len(writable) > 10


def test_an_unsupported_report_is_none() -> None:
    """DM-004."""
    assert station()[1].report(v201.ReportBaseEnumType.SUMMARY_INVENTORY) is None


def test_names_are_found_whatever_their_case() -> None:
    """DM-003."""
    assert get(station()[1], component("txctrlr"), "EVCONNECTIONTIMEOUT") == (GET.ACCEPTED, "60")


def test_what_is_unknown_is_told_apart() -> None:
    """DM-003."""
    variables = station()[1]
    target = v201.AttributeEnumType.TARGET
    assert get(variables, component("Nonsense"), "Interval") == (GET.UNKNOWN_COMPONENT, None)
    assert get(variables, component("TxCtrlr"), "Nonsense") == (GET.UNKNOWN_VARIABLE, None)
    assert get(variables, component("EVSE", 3), "Power") == (GET.UNKNOWN_COMPONENT, None)
    assert get(variables, component("TxCtrlr"), "TxStartPoint", attribute=target) == (
        GET.NOT_SUPPORTED_ATTRIBUTE_TYPE,
        None,
    )


def test_an_instance_has_to_be_named() -> None:
    """DM-003."""
    variables, owner = station()[1], component("OCPPCommCtrlr")
    assert get(variables, owner, "MessageAttempts", instance="TransactionEvent") == (GET.ACCEPTED, "3")
    assert get(variables, owner, "MessageAttempts") == (GET.UNKNOWN_VARIABLE, None)


def test_the_state_of_an_evse_is_the_present_one() -> None:
    """DM-008, AVL-003."""
    model, variables = station()
    assert get(variables, component("EVSE", 1), "AvailabilityState") == (GET.ACCEPTED, "Available")
    model.plug_in(1, Vehicle(), 0)
    assert get(variables, component("Connector", 1, 1), "AvailabilityState") == (GET.ACCEPTED, "Occupied")
    assert get(variables, component("ChargingStation"), "AvailabilityState") == (GET.ACCEPTED, "Available")


@pytest.mark.parametrize(
    ("owner", "name", "value", "status"),
    [
        ("TxCtrlr", "TxStopPoint", "EVConnected", SET.ACCEPTED),
        ("TxCtrlr", "TxStopPoint", "Whenever", SET.REJECTED),
        ("TxCtrlr", "EVConnectionTimeOut", "0", SET.REJECTED),
        ("ClockCtrlr", "TimeSource", "NTP", SET.REJECTED),
        ("TxCtrlr", "Nonsense", "1", SET.UNKNOWN_VARIABLE),
        ("Nonsense", "TxStopPoint", "1", SET.UNKNOWN_COMPONENT),
    ],
)
def test_a_change_is_judged(owner: str, name: str, value: str, status: SET) -> None:
    """DM-001."""
    assert set_(station()[1], owner, name, value) == status


def test_only_actual_values_can_be_set() -> None:
    """DM-001."""
    maximum = v201.AttributeEnumType.MAX_SET
    status = set_(station()[1], "TxCtrlr", "EVConnectionTimeOut", "5", attribute=maximum)
    assert status == SET.NOT_SUPPORTED_ATTRIBUTE_TYPE


def test_an_accepted_change_is_obeyed_and_read_again() -> None:
    """DM-001."""
    model, variables = station()
    set_(variables, "SampledDataCtrlr", "TxUpdatedMeasurands", "SoC,Voltage")
    assert model.settings.sampled_measurands == ["SoC", "Voltage"]
    assert get(variables, component("SampledDataCtrlr"), "TxUpdatedMeasurands") == (GET.ACCEPTED, "SoC,Voltage")

"""The device model of a simulated OCPP 2.0.1 station: its components and variables (DM-001 to DM-008). Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from chargewire import v201
from chargewire.simulator.config import StationConfig
from chargewire.simulator.connector import Connector
from chargewire.simulator.items import Flag, Item, Number, Points, Words
from chargewire.simulator.model import StationModel
from chargewire.simulator.settings import MEASURANDS, TxPoint
from chargewire.simulator.states import Occupancy, occupancy

ITEMS_PER_MESSAGE = 50
BYTES_PER_MESSAGE = 65_536

_TYPES: Mapping[type[Item], v201.DataEnumType] = {
    Flag: v201.DataEnumType.BOOLEAN,
    Number: v201.DataEnumType.INTEGER,
    Words: v201.DataEnumType.MEMBER_LIST,
    Points: v201.DataEnumType.MEMBER_LIST,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """One variable with its actual value.

    Attributes:
        component: Its name, as in the appendix of OCPP 2.0.1.
        item: The setting behind a variable that can be written.
        read: The value of one that cannot.
        is_configuration: Whether it belongs into a ConfigurationInventory.
    """

    component: str
    name: str
    instance: str | None = None
    evse: v201.EVSEType | None = None
    item: Item | None = None
    read: Callable[[], str] | None = None
    data_type: v201.DataEnumType = v201.DataEnumType.STRING
    unit: str | None = None
    values: Sequence[str] = ()
    is_configuration: bool = True


class Variables:
    """All variables of one station."""

    def __init__(self, config: StationConfig, model: StationModel, clock: Callable[[], str]) -> None:
        self._settings = model.settings
        self._all = [*_controllers(config, clock), *_hardware(config, model)]

    def get(self, wanted: v201.GetVariableDataType) -> v201.GetVariableResultType:
        """Read one variable (DM-003)."""
        status = v201.GetVariableStatusEnumType
        found = self._find(wanted.component, wanted.variable)
        value: str | None = None
        if isinstance(found, Variable):
            answer = status.ACCEPTED if _is_actual(wanted.attribute_type) else status.NOT_SUPPORTED_ATTRIBUTE_TYPE
            value = self._value(found) if answer is status.ACCEPTED else None
        else:
            answer = status(found)
        return v201.GetVariableResultType(
            attribute_status=answer,
            attribute_type=wanted.attribute_type or v201.AttributeEnumType.ACTUAL,
            attribute_value=value,
            component=wanted.component,
            variable=wanted.variable,
        )

    def set(self, wanted: v201.SetVariableDataType) -> v201.SetVariableResultType:
        """Write one variable (DM-001)."""
        status = v201.SetVariableStatusEnumType
        found = self._find(wanted.component, wanted.variable)
        if not isinstance(found, Variable):
            answer = status(found)
        elif not _is_actual(wanted.attribute_type):
            answer = status.NOT_SUPPORTED_ATTRIBUTE_TYPE
        else:
            answer = status.ACCEPTED if self._write(found, wanted.attribute_value) else status.REJECTED
        return v201.SetVariableResultType(
            attribute_status=answer,
            attribute_type=wanted.attribute_type or v201.AttributeEnumType.ACTUAL,
            component=wanted.component,
            variable=wanted.variable,
        )

    def report(self, base: v201.ReportBaseEnumType) -> Sequence[v201.ReportDataType] | None:
        """List what a base report holds, or None for one that is not supported (DM-004, DM-005)."""
        match base:
            case v201.ReportBaseEnumType.FULL_INVENTORY:
                return [self._report_data(variable) for variable in self._all]
            case v201.ReportBaseEnumType.CONFIGURATION_INVENTORY:
                return [self._report_data(variable) for variable in self._all if variable.is_configuration]
            case v201.ReportBaseEnumType.SUMMARY_INVENTORY:
                return None

    def _find(self, component: v201.ComponentType, variable: v201.VariableType) -> Variable | str:
        """Return the variable, or the status that says what is unknown."""
        of_component = [it for it in self._all if _names(it, component)]
        for it in of_component:
            same_name = it.name.casefold() == variable.name.casefold()
            if same_name and _same(it.instance, variable.instance):
                return it
        return "UnknownVariable" if of_component else "UnknownComponent"

    def _value(self, variable: Variable) -> str:
        if variable.item is not None:
            return variable.item.read(self._settings)
        return "" if variable.read is None else variable.read()

    def _write(self, variable: Variable, text: str) -> bool:
        if variable.item is None:
            return False
        try:
            variable.item.write(self._settings, text)
        except ValueError:
            return False
        return True

    def _report_data(self, variable: Variable) -> v201.ReportDataType:
        writable = variable.item is not None
        mutability = v201.MutabilityEnumType.READ_WRITE if writable else v201.MutabilityEnumType.READ_ONLY
        return v201.ReportDataType(
            component=v201.ComponentType(name=variable.component, evse=variable.evse),
            variable=v201.VariableType(name=variable.name, instance=variable.instance),
            variable_attribute=[
                v201.VariableAttributeType(
                    type=v201.AttributeEnumType.ACTUAL,
                    value=self._value(variable),
                    mutability=mutability,
                    persistent=True,
                    constant=False,
                )
            ],
            variable_characteristics=v201.VariableCharacteristicsType(
                data_type=variable.data_type,
                unit=variable.unit,
                min_limit=variable.item.minimum if isinstance(variable.item, Number) else None,
                values_list=",".join(variable.values) or None,
                supports_monitoring=False,
            ),
        )


def _is_actual(attribute: v201.AttributeEnumType | None) -> bool:
    return attribute is None or attribute is v201.AttributeEnumType.ACTUAL


def _same(ours: str | None, theirs: str | None) -> bool:
    return (ours or "").casefold() == (theirs or "").casefold()


def _names(variable: Variable, component: v201.ComponentType) -> bool:
    place = None if variable.evse is None else (variable.evse.id, variable.evse.connector_id)
    wanted = None if component.evse is None else (component.evse.id, component.evse.connector_id)
    same_name = variable.component.casefold() == component.name.casefold()
    return same_name and component.instance is None and place == wanted


def _writable(component: str, name: str, item: Item, *, instance: str | None = None) -> Variable:
    values: Sequence[str] = ()
    match item:
        case Words(allowed=allowed):
            values = allowed
        case Points():
            values = list(TxPoint)
        case _:
            pass
    return Variable(
        component=component,
        name=name,
        instance=instance,
        item=item,
        data_type=_TYPES[type(item)],
        unit=item.unit if isinstance(item, Number) else None,
        values=values,
    )


def _fixed(component: str, name: str, value: str | int, *, instance: str | None = None) -> Variable:
    data_type = v201.DataEnumType.INTEGER if isinstance(value, int) else v201.DataEnumType.STRING
    text = str(value)
    if text in ("true", "false"):
        data_type = v201.DataEnumType.BOOLEAN
    return Variable(component=component, name=name, instance=instance, read=lambda: text, data_type=data_type)


def _controllers(config: StationConfig, clock: Callable[[], str]) -> Iterator[Variable]:
    """List the variables of the functional blocks that this station has."""
    yield _writable("AlignedDataCtrlr", "Interval", Number("aligned_interval"))
    yield _writable("AlignedDataCtrlr", "Measurands", Words("aligned_measurands", MEASURANDS))
    yield _fixed("AlignedDataCtrlr", "TxEndedInterval", 0)
    yield _fixed("AlignedDataCtrlr", "TxEndedMeasurands", "")
    yield _writable("AuthCacheCtrlr", "Enabled", Flag("authorization_cache"))
    yield _writable("AuthCtrlr", "AuthorizeRemoteStart", Flag("authorize_remote"))
    yield _fixed("AuthCtrlr", "Enabled", "true")
    yield _writable("AuthCtrlr", "LocalAuthorizeOffline", Flag("local_authorize_offline"))
    yield _writable("AuthCtrlr", "LocalPreAuthorize", Flag("local_pre_authorize"))
    yield _writable("AuthCtrlr", "OfflineTxForUnknownIdEnabled", Flag("allow_offline_unknown"))
    yield Variable(
        component="ClockCtrlr",
        name="DateTime",
        read=clock,
        data_type=v201.DataEnumType.DATE_TIME,
        is_configuration=False,
    )
    yield _fixed("ClockCtrlr", "TimeSource", "Heartbeat")
    for message in ("GetReport", "GetVariables", "SetVariables"):
        yield _fixed("DeviceDataCtrlr", "ItemsPerMessage", ITEMS_PER_MESSAGE, instance=message)
        yield _fixed("DeviceDataCtrlr", "BytesPerMessage", BYTES_PER_MESSAGE, instance=message)
    yield _fixed("LocalAuthListCtrlr", "Enabled", "false")
    yield _fixed("OCPPCommCtrlr", "FileTransferProtocols", "")
    yield _writable("OCPPCommCtrlr", "HeartbeatInterval", Number("heartbeat_interval", minimum=1))
    yield _writable(
        "OCPPCommCtrlr",
        "MessageAttempts",
        Number("message_attempts", minimum=1, unit=None),
        instance="TransactionEvent",
    )
    yield _writable(
        "OCPPCommCtrlr", "MessageAttemptInterval", Number("message_retry_interval"), instance="TransactionEvent"
    )
    yield _fixed("OCPPCommCtrlr", "MessageTimeout", round(config.timeouts.call), instance="Default")
    yield _fixed("OCPPCommCtrlr", "NetworkConfigurationPriority", "0")
    yield _fixed("OCPPCommCtrlr", "NetworkProfileConnectionAttempts", 1)
    yield _writable("OCPPCommCtrlr", "OfflineThreshold", Number("offline_threshold"))
    yield _writable("OCPPCommCtrlr", "ResetRetries", Number("reset_retries", unit=None))
    yield _fixed("OCPPCommCtrlr", "UnlockOnEVSideDisconnect", "true")
    yield _fixed("OCPPCommCtrlr", "WebSocketPingInterval", round(config.timeouts.ping_interval))
    yield _writable("SampledDataCtrlr", "TxStartedMeasurands", Words("started_measurands", MEASURANDS))
    yield _writable("SampledDataCtrlr", "TxUpdatedMeasurands", Words("sampled_measurands", MEASURANDS))
    yield _writable("SampledDataCtrlr", "TxUpdatedInterval", Number("sample_interval"))
    yield _writable("SampledDataCtrlr", "TxEndedMeasurands", Words("stopped_measurands", MEASURANDS))
    yield _fixed("SampledDataCtrlr", "TxEndedInterval", 0)
    yield _fixed("SecurityCtrlr", "CertificateEntries", 0)
    yield _fixed("SecurityCtrlr", "OrganizationName", config.vendor)
    yield _fixed("SecurityCtrlr", "SecurityProfile", 0 if config.password is None else 1)
    yield _writable("TxCtrlr", "EVConnectionTimeOut", Number("connection_timeout", minimum=1))
    yield _writable("TxCtrlr", "StopTxOnEVSideDisconnect", Flag("stop_on_ev_disconnect"))
    yield _writable("TxCtrlr", "StopTxOnInvalidId", Flag("stop_on_invalid_id"))
    yield _writable("TxCtrlr", "TxStartPoint", Points("start_points"))
    yield _writable("TxCtrlr", "TxStopPoint", Points("stop_points"))


def _hardware(config: StationConfig, model: StationModel) -> Iterator[Variable]:
    """List the variables of the station itself, its EVSEs and their connectors."""
    kinds = v201.DataEnumType
    phases = str(config.supply.phases or 3)  # a DC station is fed by the grid like any other
    plug_type = "cCCS2" if config.supply.is_dc else "sType2"
    yield _physical("ChargingStation", "Model", lambda: config.model)
    yield _physical("ChargingStation", "VendorName", lambda: config.vendor)
    yield _physical("ChargingStation", "Available", _true, data_type=kinds.BOOLEAN)
    yield _physical("ChargingStation", "AvailabilityState", lambda: model.statuses()[0].status, data_type=_STATES)
    yield _physical("ChargingStation", "SupplyPhases", lambda: phases, data_type=kinds.INTEGER)
    for connector in model.connectors:
        state = partial(_state, connector)
        evse = v201.EVSEType(id=connector.id)
        yield _physical("EVSE", "Available", _true, evse=evse, data_type=kinds.BOOLEAN)
        yield _physical("EVSE", "AvailabilityState", state, evse=evse, data_type=_STATES)
        yield _physical("EVSE", "SupplyPhases", lambda: phases, evse=evse, data_type=kinds.INTEGER)
        yield _physical("EVSE", "Power", lambda: f"{config.supply.max_power_w:.0f}", evse=evse, data_type=kinds.DECIMAL)
        plug = v201.EVSEType(id=connector.id, connector_id=1)
        yield _physical("Connector", "Available", _true, evse=plug, data_type=kinds.BOOLEAN)
        yield _physical("Connector", "AvailabilityState", state, evse=plug, data_type=_STATES)
        yield _physical("Connector", "ConnectorType", lambda: plug_type, evse=plug)
        yield _physical("Connector", "SupplyPhases", lambda: phases, evse=plug, data_type=kinds.INTEGER)


_STATES = v201.DataEnumType.OPTION_LIST


def _true() -> str:
    return "true"


def _state(connector: Connector) -> str:
    return occupancy(connector.reported.status, plugged=connector.reported.plugged)


def _physical(
    component: str,
    name: str,
    read: Callable[[], str],
    *,
    evse: v201.EVSEType | None = None,
    data_type: v201.DataEnumType = v201.DataEnumType.STRING,
) -> Variable:
    return Variable(
        component=component,
        name=name,
        evse=evse,
        read=read,
        data_type=data_type,
        unit="W" if name == "Power" else None,
        values=list(Occupancy) if data_type is _STATES else (),
        is_configuration=False,
    )

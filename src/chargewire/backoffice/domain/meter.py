"""Sampled values of any OCPP version as one wide reading per time and context. Knows no transactions and no storage.

The common measurands get a typed column each, in one unit. Whatever has no column stays beside them as it was sent.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple, cast

import msgspec
from msgspec import Struct

ENERGY_REGISTER = "Energy.Active.Import.Register"
PERIODIC = "Sample.Periodic"
TRANSACTION_BEGIN = "Transaction.Begin"
TRANSACTION_END = "Transaction.End"
OUTLET = "Outlet"
RAW = "Raw"

_DECIMALS = 6  # removes the noise of binary fractions, keeps a milliwatt-hour's thousandth
_PHASE_NUMBER = {"L1": 1, "L2": 2, "L3": 3, "L1-N": 1, "L2-N": 2, "L3-N": 3}


# A frozen dataclass costs ten times as much to build, and these are built for every sample of every message.
class SampledValue(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One value as a station sent it. The defaults are those of both protocols for absent fields (MET-005).

    Attributes:
        unit: ``None`` when absent, which means the measurand's base unit.
        multiplier: power of ten of OCPP 2.x.
        signed: the signed meter value of OCPP 2.x, as it came.
    """

    value: str | float
    context: str = PERIODIC
    measurand: str = ENERGY_REGISTER
    phase: str | None = None
    location: str = OUTLET
    unit: str | None = None
    multiplier: int = 0
    format: str = RAW
    signed: Any = None


class Reading(Struct, frozen=True, kw_only=True):
    """What a meter showed at one time, in one context.

    A quantity without a phase is the total as reported, or for energy and power the sum of the phases reported.

    Attributes:
        at: the station's time.
        context: why it was read, in OCPP's words.
        extra: the sampled values that have no column, or did not fit it.
    """

    at: datetime
    context: str = PERIODIC
    energy_import_wh: float | None = None
    energy_export_wh: float | None = None
    power_import_w: float | None = None
    power_export_w: float | None = None
    power_offered_w: float | None = None
    current_a: float | None = None
    current_l1_a: float | None = None
    current_l2_a: float | None = None
    current_l3_a: float | None = None
    voltage_v: float | None = None
    voltage_l1_v: float | None = None
    voltage_l2_v: float | None = None
    voltage_l3_v: float | None = None
    soc_percent: float | None = None
    frequency_hz: float | None = None
    temperature_c: float | None = None
    extra: tuple[SampledValue, ...] = ()

    @property
    def content(self) -> bytes:
        """Everything it says, as bytes: readings that say the same are the same."""
        return msgspec.json.encode(self)

    @property
    def strongest_current_a(self) -> float | None:
        """The current in one figure: the one without phase, else that of the phase that carries most."""
        if self.current_a is not None:
            return self.current_a
        phases = [amps for amps in (self.current_l1_a, self.current_l2_a, self.current_l3_a) if amps is not None]
        return max(phases, default=None)

    @property
    def mean_voltage_v(self) -> float | None:
        """The voltage in one figure: the one without phase, else the mean of the phases."""
        if self.voltage_v is not None:
            return self.voltage_v
        phases = [volts for volts in (self.voltage_l1_v, self.voltage_l2_v, self.voltage_l3_v) if volts is not None]
        return round(math.fsum(phases) / len(phases), _DECIMALS) if phases else None


@dataclass(frozen=True, slots=True)
class MeterPoint:
    """One point of a transaction's curve."""

    at: datetime
    energy_wh: float | None = None
    power_w: float | None = None
    soc_percent: float | None = None


def read_samples(at: datetime, samples: Iterable[SampledValue]) -> tuple[Reading, ...]:
    """Turn the sampled values of one OCPP MeterValue into a reading per context, in the order they came."""
    contexts: dict[str, list[SampledValue]] = {}
    for sample in samples:
        contexts.setdefault(sample.context, []).append(sample)
    return tuple(_read_context(at, context, values) for context, values in contexts.items())


def curve(readings: Iterable[Reading]) -> tuple[MeterPoint, ...]:
    """Draw the readings of a transaction as points in order of time.

    A station may spread the measurands of one moment over several messages: they become one point.
    """
    points: dict[datetime, MeterPoint] = {}
    for reading in sorted(readings, key=lambda reading: reading.at):
        point = MeterPoint(reading.at, reading.energy_import_wh, reading.power_import_w, reading.soc_percent)
        if point.energy_wh is None and point.power_w is None and point.soc_percent is None:
            continue
        points[reading.at] = _join(points[reading.at], point) if reading.at in points else point
    return tuple(points.values())


class _Unit(NamedTuple):
    factor: float = 1
    offset: float = 0


class _Column(NamedTuple):
    """Where a measurand goes: its field, its fields by phase, whether phases add up, and the units it may come in."""

    total: str
    phases: Sequence[str] | None
    adds_up: bool
    units: dict[str | None, _Unit]
    is_at_outlet: bool = True


_ENERGY = {None: _Unit(), "Wh": _Unit(), "kWh": _Unit(1000)}
_POWER = {None: _Unit(), "W": _Unit(), "kW": _Unit(1000)}
_CURRENT = {None: _Unit(), "A": _Unit()}
_VOLTAGE = {None: _Unit(), "V": _Unit()}
_PERCENT = {None: _Unit(), "Percent": _Unit()}
_FREQUENCY = {None: _Unit(), "Hertz": _Unit(), "Hz": _Unit()}
_TEMPERATURE = {
    None: _Unit(),
    "Celsius": _Unit(),
    "Celcius": _Unit(),  # the spelling of the OCPP 1.6 schema
    "Fahrenheit": _Unit(5 / 9, -160 / 9),
    "K": _Unit(1, -273.15),
}

_COLUMNS = {
    ENERGY_REGISTER: _Column("energy_import_wh", None, True, _ENERGY),
    "Energy.Active.Export.Register": _Column("energy_export_wh", None, True, _ENERGY),
    "Power.Active.Import": _Column("power_import_w", None, True, _POWER),
    "Power.Active.Export": _Column("power_export_w", None, True, _POWER),
    "Power.Offered": _Column("power_offered_w", None, True, _POWER),
    "Current.Import": _Column("current_a", ("current_l1_a", "current_l2_a", "current_l3_a"), False, _CURRENT),
    "Voltage": _Column("voltage_v", ("voltage_l1_v", "voltage_l2_v", "voltage_l3_v"), False, _VOLTAGE),
    # The state of charge is the vehicle's, and stations disagree on where they say it was measured.
    "SoC": _Column("soc_percent", None, False, _PERCENT, is_at_outlet=False),
    "Frequency": _Column("frequency_hz", None, False, _FREQUENCY, is_at_outlet=False),
    "Temperature": _Column("temperature_c", None, False, _TEMPERATURE, is_at_outlet=False),
}


def _read_context(at: datetime, context: str, samples: Iterable[SampledValue]) -> Reading:
    """Put what has a column there, and the rest aside."""
    values: dict[str, float] = {}
    sums: dict[str, float] = {}
    extra: list[SampledValue] = []
    for sample in samples:
        column = _column(sample)
        value = _number(sample, column.units) if column else None
        field = _field(column, sample.phase, values) if column and value is not None else None
        if field is not None and value is not None:
            values[field] = value
        elif column is not None and value is not None and column.adds_up and sample.phase in _PHASE_NUMBER:
            sums[column.total] = sums.get(column.total, 0) + value
        if field is None or sample.signed is not None:  # MET-012: what is signed is kept as it came
            extra.append(sample)
    for total, value in sums.items():
        values.setdefault(total, round(value, _DECIMALS))
    return Reading(at=at, context=context, extra=tuple(extra), **values)


def _column(sample: SampledValue) -> _Column | None:
    """Find the column of a value; one in a foreign format, or measured elsewhere than at the outlet, has none."""
    column = _COLUMNS.get(sample.measurand)
    if column is None or sample.format != RAW or (column.is_at_outlet and sample.location != OUTLET):
        return None
    return column


def _field(column: _Column, phase: str | None, taken: dict[str, float]) -> str | None:
    """Choose the field of a column for a phase, unless another value of this reading has it."""
    if phase is None:
        field = column.total
    elif column.phases is not None and phase in _PHASE_NUMBER:
        field = column.phases[_PHASE_NUMBER[phase] - 1]
    else:
        return None
    return None if field in taken else field


def _number(sample: SampledValue, units: dict[str | None, _Unit]) -> float | None:
    """Convert a value to its column's unit; ``None`` when it is no number or comes in a foreign unit."""
    unit = units.get(sample.unit)
    if unit is None:
        return None
    try:
        value = float(sample.value) * 10.0**sample.multiplier
    except (ValueError, OverflowError):
        return None
    return round(value * unit.factor + unit.offset, _DECIMALS) if math.isfinite(value) else None


def _join(one: MeterPoint, other: MeterPoint) -> MeterPoint:
    """Fill the gaps of one point from another of the same time."""
    values = (
        cast(
            "float | None", getattr(other, field.name) if getattr(one, field.name) is None else getattr(one, field.name)
        )
        for field in fields(MeterPoint)[1:]
    )
    return MeterPoint(one.at, *values)

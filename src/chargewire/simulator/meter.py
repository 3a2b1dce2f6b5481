"""What a vehicle takes and what the meter counts: battery, charging curve and energy register.

Knows neither OCPP nor the time of day: seconds come in, watts and watt-hours come out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

TAPER_FROM_PERCENT = 80.0  # where a usual lithium-ion battery leaves constant current
TAPER_FLOOR = 0.05  # share of the full current with which the last percent is filled
RAMP_S = 8.0  # from contactor to full current
SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """What one connector can deliver.

    Attributes:
        phases: 1 or 3 for alternating current, 0 for direct current.
        voltage_v: Phase to neutral; for direct current what an empty battery has.
        max_current_a: Per phase.
    """

    phases: int = 3
    voltage_v: float = 230.0
    max_current_a: float = 32.0

    @property
    def is_dc(self) -> bool:
        """Whether direct current leaves the connector."""
        return self.phases == 0

    @property
    def conductors(self) -> int:
        """How many times the current counts: the phases, or the one pair of a DC cable."""
        return self.phases or 1

    @property
    def max_power_w(self) -> float:
        """The power at nominal voltage and full current."""
        return self.voltage_v * self.max_current_a * self.conductors


AC_7_KW = Supply(phases=1)
AC_22_KW = Supply()
DC_50_KW = Supply(phases=0, voltage_v=360.0, max_current_a=125.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """What arrives at a connector.

    Attributes:
        capacity_wh: Energy of the full battery.
        soc_percent: State of charge on arrival.
        target_percent: Where the vehicle stops by itself.
        ac_phases: Phases of its on-board charger.
        ac_current_a: What the on-board charger takes per phase.
        dc_power_w: What the battery takes from a DC station.
    """

    capacity_wh: float = 60_000.0
    soc_percent: float = 30.0
    target_percent: float = 100.0
    ac_phases: int = 3
    ac_current_a: float = 16.0
    dc_power_w: float = 100_000.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading. ``power_w`` is exactly ``voltage_v * current_a * conductors``.

    Attributes:
        energy_wh: The register: everything this connector ever delivered. Never falls.
        phases: Phases in use, 0 for direct current.
        soc_percent: Of the connected vehicle.
        offered_a: What the station offers per phase.
        offered_w: The same as power.
    """

    energy_wh: int
    power_w: float
    current_a: float
    voltage_v: float
    phases: int
    soc_percent: float | None
    offered_a: float
    offered_w: float


def taper(soc_percent: float) -> float:
    """Return the share of the full current that a battery takes at a state of charge."""
    if soc_percent <= TAPER_FROM_PERCENT:
        return 1.0
    return max(TAPER_FLOOR, (100.0 - soc_percent) / (100.0 - TAPER_FROM_PERCENT))


def total(samples: Sequence[Sample]) -> Sample:
    """Return what a main meter in front of several connectors reads."""
    return Sample(
        energy_wh=sum(sample.energy_wh for sample in samples),
        power_w=sum(sample.power_w for sample in samples),
        current_a=sum(sample.current_a for sample in samples),
        voltage_v=samples[0].voltage_v,
        phases=max(sample.phases for sample in samples),
        soc_percent=None,
        offered_a=sum(sample.offered_a for sample in samples),
        offered_w=sum(sample.offered_w for sample in samples),
    )


class Outlet:
    """The meter and power electronics of one connector, with or without a vehicle.

    Attributes:
        supply: What it can deliver.
    """

    def __init__(self, supply: Supply, random: Random, *, register_wh: float = 0.0) -> None:
        self.supply = supply
        self._random = random
        self._register_wh = register_wh
        self._vehicle: Vehicle | None = None
        self._stored_wh = 0.0
        self._on_for_s = 0.0
        self._voltage_v = supply.voltage_v
        self._current_a = 0.0

    def connect(self, vehicle: Vehicle) -> None:
        """Attach a vehicle with the state of charge it arrives with."""
        self._vehicle = vehicle
        self._stored_wh = vehicle.capacity_wh * vehicle.soc_percent / 100.0

    def disconnect(self) -> None:
        """Detach the vehicle."""
        self.switch_off()
        self._vehicle = None

    def switch_off(self) -> None:
        """Open the contactor. The next step ramps up from nothing."""
        self._on_for_s = 0.0
        self._current_a = 0.0

    @property
    def is_full(self) -> bool:
        """Whether the vehicle has what it wants; also when there is none."""
        return self._missing_wh() <= 0.0

    def step(self, seconds: float) -> None:
        """Deliver for some time. Nothing happens without a vehicle or with a full one."""
        if seconds <= 0.0:
            return
        if self.is_full:
            self._current_a = 0.0
            return
        self._on_for_s += seconds
        self._voltage_v = round(self._nominal_v() * (1.0 + self._random.uniform(-0.006, 0.006)), 1)
        share = taper(self._soc_percent()) * min(1.0, self._on_for_s / RAMP_S) * self._random.uniform(0.99, 1.0)
        self._current_a = round(self._limit_a() * share, 2)
        # The last step ends when the battery is full, so that energy stays power times time.
        delivered_wh = min(self._power_w() * seconds / SECONDS_PER_HOUR, self._missing_wh() / self._efficiency)
        self._register_wh += delivered_wh
        self._stored_wh += delivered_wh * self._efficiency
        if self._missing_wh() < 0.5:  # noqa: PLR2004 - half a watt-hour: rounding must not keep a battery from being full
            self._stored_wh = self._stored_wh + self._missing_wh()

    def sample(self) -> Sample:
        """Read the meter."""
        phases = self._phases()
        return Sample(
            energy_wh=int(self._register_wh),
            power_w=self._power_w(),
            current_a=self._current_a,
            voltage_v=self._voltage_v,
            phases=phases,
            soc_percent=None if self._vehicle is None else round(self._soc_percent(), 1),
            offered_a=self.supply.max_current_a,
            offered_w=self.supply.max_power_w,
        )

    @property
    def _efficiency(self) -> float:
        """How much of what the meter counts reaches the battery: the on-board charger of a vehicle warms the street."""
        return 0.97 if self.supply.is_dc else 0.91

    def _missing_wh(self) -> float:
        if self._vehicle is None:
            return 0.0
        return self._vehicle.capacity_wh * self._vehicle.target_percent / 100.0 - self._stored_wh

    def _soc_percent(self) -> float:
        return 0.0 if self._vehicle is None else 100.0 * self._stored_wh / self._vehicle.capacity_wh

    def _nominal_v(self) -> float:
        # A battery's own voltage rises by about a fifth from empty to full; the grid's does not.
        return (
            self.supply.voltage_v * (1.0 + 0.002 * self._soc_percent()) if self.supply.is_dc else self.supply.voltage_v
        )

    def _limit_a(self) -> float:
        if self._vehicle is None:
            return 0.0
        wanted = self._vehicle.dc_power_w / self._nominal_v() if self.supply.is_dc else self._vehicle.ac_current_a
        return min(self.supply.max_current_a, wanted)

    def _phases(self) -> int:
        if self._vehicle is None or self.supply.is_dc:
            return self.supply.phases
        return min(self.supply.phases, self._vehicle.ac_phases)

    def _power_w(self) -> float:
        return round(self._voltage_v * self._current_a * (self._phases() or 1), 3)

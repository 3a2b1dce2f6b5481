"""What a meter reading says, measurand by measurand. Pure, and the same in both versions of OCPP."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from .meter import Sample

THREE_PHASES = 3


@dataclass(frozen=True, slots=True)
class Reading:
    """One sampled value. Measurand, unit and phase are in OCPP's words."""

    measurand: str
    value: float
    decimals: int
    unit: str
    phase: str | None = None

    def __str__(self) -> str:
        """Write the value as 1.6 wants it."""
        return f"{self.value:.{self.decimals}f}"


@dataclass(frozen=True, slots=True)
class _Quantity:
    """How a measurand is taken from a sample, and which phases it has where there are three."""

    take: Callable[[Sample], float | None]
    unit: str
    decimals: int
    phases: Sequence[str] = ()


_QUANTITIES = {
    "Energy.Active.Import.Register": _Quantity(lambda sample: sample.energy_wh, "Wh", 0),
    "Power.Active.Import": _Quantity(lambda sample: sample.power_w, "W", 1),
    "Current.Import": _Quantity(lambda sample: sample.current_a, "A", 2, ("L1", "L2", "L3")),
    "Voltage": _Quantity(lambda sample: sample.voltage_v, "V", 1, ("L1-N", "L2-N", "L3-N")),
    "SoC": _Quantity(lambda sample: sample.soc_percent, "Percent", 1),
    "Current.Offered": _Quantity(lambda sample: sample.offered_a, "A", 1),
    "Power.Offered": _Quantity(lambda sample: sample.offered_w, "W", 0),
}


def readings(sample: Sample, measurands: Iterable[str]) -> Iterator[Reading]:
    """Read the measurands in the given order; a three-phase current and voltage with all phases (MET-004).

    An empty connector has no state of charge, so that measurand is left out there.
    """
    for measurand in measurands:
        quantity = _QUANTITIES[measurand]
        value = quantity.take(sample)
        if value is None:
            continue
        for phase in (sample.phases == THREE_PHASES and quantity.phases) or (None,):
            yield Reading(measurand, value, quantity.decimals, quantity.unit, phase)

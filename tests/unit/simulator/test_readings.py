"""What a meter reading says (MET-004)."""

from __future__ import annotations

from dataclasses import replace

from chargewire.simulator.meter import Sample
from chargewire.simulator.readings import readings
from chargewire.simulator.settings import MEASURANDS

SAMPLE = Sample(
    energy_wh=12_345, power_w=11_040.0, current_a=16.0, voltage_v=230.0, phases=3, soc_percent=41.5,
    offered_a=32.0, offered_w=22_080.0,
)  # fmt: skip


def test_current_and_voltage_come_with_all_three_phases() -> None:
    """MET-004, MET-013."""
    told = [(str(reading), reading.unit, reading.phase) for reading in readings(SAMPLE, ["Current.Import", "Voltage"])]
    assert told == [
        ("16.00", "A", "L1"),
        ("16.00", "A", "L2"),
        ("16.00", "A", "L3"),
        ("230.0", "V", "L1-N"),
        ("230.0", "V", "L2-N"),
        ("230.0", "V", "L3-N"),
    ]


def test_one_phase_and_direct_current_have_no_phase() -> None:
    for phases in (0, 1):
        told = list(readings(replace(SAMPLE, phases=phases), ["Current.Import"]))
        assert [(str(reading), reading.phase) for reading in told] == [("16.00", None)]


def test_the_order_is_the_one_that_was_asked_for() -> None:
    names = ["SoC", "Energy.Active.Import.Register", "Power.Active.Import", "Power.Offered", "Current.Offered"]
    assert [str(reading) for reading in readings(SAMPLE, names)] == ["41.5", "12345", "11040.0", "22080", "32.0"]


def test_an_empty_connector_has_no_state_of_charge() -> None:
    assert list(readings(replace(SAMPLE, soc_percent=None), ["SoC"])) == []


def test_every_measurand_that_can_be_configured_can_be_read() -> None:
    assert {reading.measurand for reading in readings(SAMPLE, MEASURANDS)} == set(MEASURANDS)

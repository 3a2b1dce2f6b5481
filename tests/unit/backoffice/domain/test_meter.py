"""Sampled values become one wide reading."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chargewire.backoffice.domain import MeterPoint, Reading, SampledValue, curve, read_samples

AT = datetime(2026, 5, 4, 12, tzinfo=UTC)


def read(*samples: SampledValue) -> Reading:
    (reading,) = read_samples(AT, samples)
    return reading


def test_a_bare_value_is_a_periodic_register_in_watt_hours() -> None:
    """MET-005."""
    reading = read(SampledValue(value="1234"))
    assert (reading.context, reading.energy_import_wh, reading.extra) == ("Sample.Periodic", 1234.0, ())


@pytest.mark.parametrize(
    ("measurand", "unit", "value", "field", "expected"),
    [
        ("Energy.Active.Import.Register", "kWh", "12.3450000000001", "energy_import_wh", 12345.0),
        ("Energy.Active.Export.Register", "Wh", "7", "energy_export_wh", 7.0),
        ("Power.Active.Import", "kW", "11.04", "power_import_w", 11040.0),
        ("Power.Active.Export", "W", "3", "power_export_w", 3.0),
        ("Power.Offered", None, "22000", "power_offered_w", 22000.0),
        ("Current.Import", "A", "16", "current_a", 16.0),
        ("Voltage", "V", "231.5", "voltage_v", 231.5),
        ("SoC", "Percent", "62", "soc_percent", 62.0),
        ("SoC", None, "62", "soc_percent", 62.0),
        ("Frequency", None, "49.98", "frequency_hz", 49.98),
        ("Temperature", "Celcius", "31", "temperature_c", 31.0),
        ("Temperature", "Fahrenheit", "212", "temperature_c", 100.0),
        ("Temperature", "K", "300.15", "temperature_c", 27.0),
    ],
)
def test_a_measurand_goes_to_its_column_in_its_unit(
    measurand: str, unit: str | None, value: str, field: str, expected: float
) -> None:
    assert getattr(read(SampledValue(value=value, measurand=measurand, unit=unit)), field) == expected


def test_a_multiplier_is_a_power_of_ten() -> None:
    assert read(SampledValue(value=1.2345, multiplier=4)).energy_import_wh == 12345.0


def test_power_by_phase_adds_up_and_is_kept_by_phase() -> None:
    samples = [SampledValue(value="1000.5", measurand="Power.Active.Import", phase=f"L{n}") for n in (1, 2, 3)]
    reading = read(*samples)
    assert reading.power_import_w == 3001.5
    assert reading.extra == tuple(samples)


def test_a_total_beside_the_phases_wins() -> None:
    phase = SampledValue(value="1000", measurand="Power.Active.Import", phase="L1")
    reading = read(phase, SampledValue(value="3100", measurand="Power.Active.Import"))
    assert reading.power_import_w == 3100.0
    assert reading.extra == (phase,)


def test_currents_and_voltages_have_a_column_by_phase() -> None:
    reading = read(
        SampledValue(value="16", measurand="Current.Import", phase="L1"),
        SampledValue(value="15", measurand="Current.Import", phase="L2"),
        SampledValue(value="230", measurand="Voltage", phase="L1-N"),
        SampledValue(value="232", measurand="Voltage", phase="L2-N"),
        SampledValue(value="400", measurand="Voltage", phase="L1-L2"),
    )
    assert (reading.current_l1_a, reading.current_l2_a, reading.current_a) == (16.0, 15.0, None)
    assert (reading.strongest_current_a, reading.mean_voltage_v) == (16.0, 231.0)
    assert [sample.phase for sample in reading.extra] == ["L1-L2"]


def test_a_value_without_phase_is_the_figure_to_show() -> None:
    reading = read(
        SampledValue(value="10", measurand="Current.Import"),
        SampledValue(value="32", measurand="Current.Import", phase="L1"),
        SampledValue(value="229", measurand="Voltage"),
    )
    assert (reading.strongest_current_a, reading.mean_voltage_v) == (10.0, 229.0)


def test_nothing_measured_is_no_figure_at_all() -> None:
    reading = read(SampledValue(value="1"))
    assert (reading.strongest_current_a, reading.mean_voltage_v, reading.power_import_w) == (None, None, None)


@pytest.mark.parametrize(
    "sample",
    [
        SampledValue(value="", unit="Wh"),
        SampledValue(value="nan"),
        SampledValue(value="1e999"),
        SampledValue(value=1.0, multiplier=400),
        SampledValue(value="1", unit="W"),
        SampledValue(value="1", measurand="Power.Active.Import", unit="kWh"),
        SampledValue(value="1", measurand="Current.Offered"),
        SampledValue(value="1", location="Inlet"),
        SampledValue(value="AB12", format="SignedData"),
        SampledValue(value="5", measurand="Current.Import", phase="N"),
    ],
)
def test_what_fits_no_column_is_kept_as_it_came(sample: SampledValue) -> None:
    reading = read(sample)
    assert reading.extra == (sample,)
    assert reading == Reading(at=AT, context=sample.context, extra=(sample,))


def test_a_second_value_for_one_column_is_kept_beside_the_first() -> None:
    reading = read(SampledValue(value="1"), SampledValue(value="2"))
    assert reading.energy_import_wh == 1.0
    assert reading.extra == (SampledValue(value="2"),)


def test_a_signed_value_counts_and_is_kept_as_it_came() -> None:
    """MET-012."""
    sample = SampledValue(value=5.0, signed={"signedMeterData": "AQID"})
    reading = read(sample)
    assert (reading.energy_import_wh, reading.extra) == (5.0, (sample,))


def test_the_state_of_charge_is_the_vehicles_wherever_it_was_measured() -> None:
    assert read(SampledValue(value="62", measurand="SoC", location="EV")).soc_percent == 62.0


def test_each_context_is_a_reading_of_its_own() -> None:
    readings = read_samples(AT, [SampledValue(value="1"), SampledValue(value="2", context="Transaction.Begin")])
    assert [(reading.context, reading.energy_import_wh) for reading in readings] == [
        ("Sample.Periodic", 1.0),
        ("Transaction.Begin", 2.0),
    ]


def test_readings_that_say_the_same_have_the_same_content() -> None:
    assert read(SampledValue(value="1")).content == read(SampledValue(value="1.0")).content
    assert read(SampledValue(value="1")).content != read(SampledValue(value="2")).content


def test_a_curve_is_in_order_of_time_and_has_one_point_a_moment() -> None:
    later = AT + timedelta(minutes=1)
    readings = [
        Reading(at=later, power_import_w=11000.0),
        Reading(at=AT, energy_import_wh=100.0),
        Reading(at=later, energy_import_wh=200.0, soc_percent=50.0),
        Reading(at=later, power_import_w=9.0, context="Trigger"),
        Reading(at=AT, voltage_v=230.0),
    ]
    assert curve(readings) == (MeterPoint(AT, 100.0), MeterPoint(later, 200.0, 11000.0, 50.0))

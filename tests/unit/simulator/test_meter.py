"""Battery, charging curve and register of a simulated connector (MET-010)."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargewire.simulator.meter import AC_7_KW, AC_22_KW, DC_50_KW, RAMP_S, Outlet, Supply, Vehicle, taper, total

SUPPLIES = st.sampled_from([AC_7_KW, AC_22_KW, DC_50_KW])
VEHICLES = st.builds(
    Vehicle,
    capacity_wh=st.floats(5_000, 120_000),
    soc_percent=st.floats(0, 100),
    ac_phases=st.sampled_from([1, 3]),
    ac_current_a=st.floats(6, 32),
    dc_power_w=st.floats(10_000, 250_000),
)


def charging(supply: Supply, *, soc_percent: float = 30.0, target_percent: float = 100.0, seed: int = 7) -> Outlet:
    outlet = Outlet(supply, Random(seed), register_wh=1000.0)
    outlet.connect(Vehicle(soc_percent=soc_percent, target_percent=target_percent))
    outlet.step(RAMP_S)
    return outlet


@pytest.mark.parametrize(("supply", "power_w"), [(AC_7_KW, 3_680), (AC_22_KW, 11_040), (DC_50_KW, 47_000)])
def test_power_is_what_the_weaker_side_allows(supply: Supply, power_w: float) -> None:
    assert charging(supply).sample().power_w == pytest.approx(power_w, rel=0.03)


@given(supply=SUPPLIES, vehicle=VEHICLES, seconds=st.lists(st.floats(0.1, 120), max_size=30), seed=st.integers())
def test_every_sample_is_coherent_and_the_register_never_falls(
    supply: Supply, vehicle: Vehicle, seconds: list[float], seed: int
) -> None:
    """MET-010; power is voltage times current times phases, and energy is power times time."""
    outlet = Outlet(supply, Random(seed), register_wh=5_000.0)
    outlet.connect(vehicle)
    before = outlet.sample()
    for duration in seconds:
        outlet.step(duration)
        after = outlet.sample()
        assert after.power_w == pytest.approx(after.voltage_v * after.current_a * (after.phases or 1), abs=0.01)
        added = after.energy_wh - before.energy_wh
        possible = after.power_w * duration / 3600
        assert 0 <= added <= possible + 1
        if not outlet.is_full:
            assert added == pytest.approx(possible, abs=1)
        assert after.current_a <= supply.max_current_a
        assert (before.soc_percent or 0) <= (after.soc_percent or 0) <= 100
        before = after


@given(supply=SUPPLIES, vehicle=VEHICLES, seed=st.integers())
def test_every_battery_gets_full_and_then_takes_nothing(supply: Supply, vehicle: Vehicle, seed: int) -> None:
    outlet = Outlet(supply, Random(seed))
    outlet.connect(vehicle)
    for _ in range(20_000):
        if outlet.is_full:
            break
        outlet.step(300)
    energy_wh = outlet.sample().energy_wh
    outlet.step(300)
    assert outlet.is_full
    assert outlet.sample().soc_percent == 100
    assert outlet.sample().power_w == 0
    assert outlet.sample().energy_wh == energy_wh


def test_current_falls_above_eighty_percent() -> None:
    assert taper(80) == 1
    assert taper(90) == pytest.approx(0.5)
    assert taper(100) > 0
    assert charging(AC_22_KW, soc_percent=95).sample().power_w < 0.3 * charging(AC_22_KW).sample().power_w


def test_current_ramps_up_from_nothing_each_time_the_contactor_closes() -> None:
    outlet = charging(AC_22_KW)
    full = outlet.sample().current_a
    outlet.switch_off()
    assert outlet.sample().power_w == 0
    outlet.step(RAMP_S / 4)
    assert outlet.sample().current_a < full / 2


def test_a_vehicle_stops_at_its_own_target() -> None:
    outlet = charging(AC_22_KW, soc_percent=79, target_percent=80)
    outlet.step(3600)
    assert outlet.is_full
    assert outlet.sample().soc_percent == pytest.approx(80)


def test_an_empty_outlet_delivers_nothing_and_keeps_its_register() -> None:
    outlet = charging(AC_22_KW)
    energy_wh = outlet.sample().energy_wh
    outlet.disconnect()
    outlet.step(60)
    assert (outlet.sample().energy_wh, outlet.sample().power_w, outlet.sample().soc_percent) == (energy_wh, 0, None)


def test_no_time_changes_nothing() -> None:
    outlet = charging(AC_22_KW)
    before = outlet.sample()
    outlet.step(0)
    assert outlet.sample() == before


def test_the_same_seed_gives_the_same_readings() -> None:
    assert charging(AC_22_KW, seed=3).sample() == charging(AC_22_KW, seed=3).sample()
    assert charging(AC_22_KW, seed=3).sample() != charging(AC_22_KW, seed=4).sample()


def test_the_main_meter_reads_the_sum() -> None:
    """MET-004: connector 0 is the main meter."""
    samples = [charging(AC_22_KW).sample(), charging(AC_7_KW).sample()]
    assert total(samples).energy_wh == samples[0].energy_wh + samples[1].energy_wh
    assert total(samples).power_w == samples[0].power_w + samples[1].power_w
    assert total(samples).soc_percent is None

"""What makes a simulated station and a fleet of them."""

from __future__ import annotations

from typing import Any

import pytest

from chargewire import v21
from chargewire.simulator import Fleet, SimulatedStation, StationConfig, identities


@pytest.mark.parametrize(
    ("first", "count", "expected"),
    [
        ("CP001", 1, ["CP001"]),
        ("CP009", 3, ["CP009", "CP010", "CP011"]),
        ("Depot", 2, ["Depot-001", "Depot-002"]),
        ("Depot", 1, ["Depot"]),
        ("9", 2, ["9", "10"]),
        ("A1B07", 2, ["A1B07", "A1B08"]),
    ],
)
def test_identities_are_numbered_from_the_first_one(first: str, count: int, expected: list[str]) -> None:
    assert identities(first, count) == expected


def test_a_fleet_has_at_least_one_station() -> None:
    with pytest.raises(ValueError, match=r"count: .* got 0"):
        identities("CP001", 0)


def test_a_fleet_is_switched_on_at_some_rate() -> None:
    with pytest.raises(ValueError, match="per_second"):
        Fleet([], per_second=0)


@pytest.mark.parametrize(("option", "value"), [("identity", ""), ("connectors", 0), ("time_scale", 0)])
def test_what_makes_no_station_is_refused_by_name(option: str, value: Any) -> None:
    with pytest.raises(ValueError, match=option):
        StationConfig(**({"identity": "CP001"} | {option: value}))


def test_a_version_without_a_simulated_station_is_refused() -> None:
    with pytest.raises(ValueError, match=r"version: .* ocpp2\.1"):
        SimulatedStation(StationConfig(identity="CP001", version=v21), "ws://127.0.0.1:1")


def test_stations_of_a_fleet_do_not_share_their_settings() -> None:
    config = StationConfig(identity="CP001")
    first, second = (SimulatedStation(config, "ws://127.0.0.1:1") for _ in range(2))
    first.settings.sampled_measurands.clear()
    assert second.settings.sampled_measurands == config.settings.sampled_measurands != []


def test_the_identity_is_the_seed_unless_another_is_given() -> None:
    def meter(**changes: Any) -> int:
        station = SimulatedStation(StationConfig(**({"identity": "CP001"} | changes)), "ws://127.0.0.1:1")
        return station.model.sample(1, 0).energy_wh

    assert meter() == meter()
    assert meter() != meter(identity="CP002")
    assert meter(seed=1) == meter(identity="CP002", seed=1)

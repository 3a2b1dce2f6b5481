"""Slots on the clock (MET-002)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargewire.simulator.timing import next_slot

MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "interval", "expected"),
    [
        (timedelta(), 900, timedelta(minutes=15)),
        (timedelta(minutes=14, seconds=59.9), 900, timedelta(minutes=15)),
        (timedelta(minutes=15), 900, timedelta(minutes=30)),
        (timedelta(hours=23, minutes=50), 900, timedelta(days=1)),
        (timedelta(hours=23, minutes=50), 5000, timedelta(days=1)),
    ],
)
def test_slots_are_counted_from_midnight(at: timedelta, interval: int, expected: timedelta) -> None:
    """MET-002."""
    assert next_slot(MIDNIGHT + at, interval) == MIDNIGHT + expected


def test_an_interval_of_fifteen_minutes_gives_ninety_six_slots_a_day() -> None:
    """MET-002."""
    slots, at = 0, MIDNIGHT
    while at < MIDNIGHT + timedelta(days=1):
        at = next_slot(at, 900)
        slots += 1
    assert slots == 96


@given(at=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), interval=st.integers(1, 200_000))  # noqa: DTZ001
def test_the_next_slot_is_always_ahead_and_never_too_far(at: datetime, interval: int) -> None:
    at = at.replace(tzinfo=UTC)
    assert at < next_slot(at, interval) <= at + timedelta(seconds=interval)

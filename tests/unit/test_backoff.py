"""Reconnect delays (CON-024 to CON-028)."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargewire.backoff import Backoff

EXACT = Backoff(wait_minimum=10, random_range=0, repeat_times=2)


def test_the_wait_doubles_as_often_as_allowed_and_then_stays() -> None:
    """CON-024, CON-026: the vector of TC_B_57_CS."""
    assert list(islice(EXACT.delays(lambda: 0.7), 5)) == [10, 20, 40, 40, 40]


def test_a_new_outage_starts_at_the_minimum() -> None:
    """CON-025."""
    list(islice(EXACT.delays(lambda: 0), 4))
    assert next(EXACT.delays(lambda: 0)) == 10


def test_the_random_part_is_new_for_every_wait_and_not_doubled() -> None:
    """CON-024, CON-026."""
    draws = iter([0.0, 0.5, 1.0, 0.25])
    backoff = Backoff(wait_minimum=10, random_range=4, repeat_times=2)
    assert list(islice(backoff.delays(lambda: next(draws)), 4)) == [10, 22, 44, 41]


@pytest.mark.parametrize("setting", ["wait_minimum", "random_range", "repeat_times"])
def test_a_negative_setting_is_refused_by_name(setting: str) -> None:
    with pytest.raises(ValueError, match=setting):
        Backoff(**{setting: -1})  # pyright: ignore[reportArgumentType]


@given(
    minimum=st.floats(0, 1e6),
    random_range=st.floats(0, 1e6),
    repeats=st.integers(0, 20),
    attempt=st.integers(0, 10_000),
    draw=st.floats(0, 1),
)
def test_a_wait_lies_between_the_minimum_and_the_last_doubling(
    minimum: float, random_range: float, repeats: int, attempt: int, draw: float
) -> None:
    """CON-024: also after years of outage the wait is a finite number."""
    backoff = Backoff(wait_minimum=minimum, random_range=random_range, repeat_times=repeats)
    assert minimum <= backoff.delay(attempt, draw) <= minimum * 2**repeats + random_range

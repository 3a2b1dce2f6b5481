"""How often something may happen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargewire.rates import CallMeter, CallRates, Rate, TokenBuckets


def test_as_many_as_the_limit_may_come_at_once_and_the_next_is_told_when() -> None:
    buckets = TokenBuckets(Rate(3, per=6.0))
    assert [buckets.take("a", 0.0) for _ in range(3)] == [0, 0, 0]
    assert buckets.take("a", 0.0) == 2.0
    assert buckets.take("a", 1.5) == 0.5
    assert buckets.take("a", 2.0) == 0
    assert buckets.take("a", 2.0) == 2.0


def test_keys_do_not_count_for_each_other() -> None:
    buckets = TokenBuckets(Rate(1, per=1.0))
    assert [buckets.take(key, 0.0) for key in "abab"] == [0, 0, 1, 1]


def test_a_full_bucket_is_forgotten() -> None:
    buckets = TokenBuckets(Rate(1, per=10.0))
    for second in range(1000):
        buckets.take(str(second), float(second))
        assert len(buckets) <= 10
    assert buckets.take("999", 999.0) > 0


@given(st.lists(st.floats(0, 5), min_size=1), st.integers(1, 5), st.floats(0.1, 10))
def test_no_more_pass_than_the_limit_and_what_time_adds(gaps: list[float], limit: int, per: float) -> None:
    buckets = TokenBuckets(Rate(limit, per))
    now, passed = 0.0, 0
    for gap in gaps:
        now += gap
        passed += buckets.take("a", now) == 0
        assert passed <= limit + now * limit / per + 1e-6


@pytest.mark.parametrize(("limit", "per"), [(0, 1.0), (1, 0.0), (1, -1.0)])
def test_a_rate_lets_something_through(limit: int, per: float) -> None:
    with pytest.raises(ValueError, match="rate: expected more than 0"):
        Rate(limit, per)


def test_calls_are_counted_by_peer_and_action() -> None:
    meter = CallMeter(CallRates(of={"Heartbeat": Rate(1, per=10)}))
    assert meter.take("A", "Heartbeat", 0.0) == 0
    assert meter.take("A", "Heartbeat", 4.0) == pytest.approx(6)
    assert meter.take("B", "Heartbeat", 4.0) == 0
    assert meter.take("A", "Authorize", 4.0) == 0
    assert meter.take("A", "Heartbeat", 10.0) == 0


def test_all_calls_of_a_peer_count_together_but_for_those_refused_by_their_action() -> None:
    meter = CallMeter(CallRates(every=Rate(2, per=10), of={"Heartbeat": Rate(1, per=10)}))
    assert meter.take("A", "Heartbeat", 0.0) == 0
    assert meter.take("A", "Heartbeat", 0.0) > 0
    assert meter.take("A", "Authorize", 0.0) == 0
    assert meter.take("A", "Authorize", 0.0) == pytest.approx(5)

"""Times that stations tell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from chargewire.backoffice.domain import iso, utc
from chargewire.backoffice.domain.clock import is_plausible

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
AHEAD, BEHIND = timezone(timedelta(hours=14)), timezone(timedelta(hours=-12))


def test_offsets_and_fractions_are_read_as_utc_with_milliseconds() -> None:
    """16E 3.14: receivers take both."""
    at = datetime(2026, 5, 4, 14, 0, 0, 123999, tzinfo=timezone(timedelta(hours=2)))
    assert iso(at) == "2026-05-04T12:00:00.123Z"
    assert iso(None) is None


def test_times_beyond_the_calendar_become_its_ends() -> None:
    assert utc(datetime(1, 1, 1, tzinfo=AHEAD)) == datetime.min.replace(tzinfo=UTC)
    assert utc(datetime(9999, 12, 31, 23, tzinfo=BEHIND)) == datetime.max.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (NOW, True),
        (NOW - timedelta(days=365), True),
        (NOW + timedelta(hours=23), True),
        (NOW + timedelta(days=2), False),
        (datetime(2019, 12, 31, tzinfo=UTC), False),
        (datetime(1, 1, 1, tzinfo=AHEAD), False),
    ],
)
def test_a_working_clock_is_neither_in_the_past_century_nor_in_the_future(at: datetime, *, expected: bool) -> None:
    assert is_plausible(at, now=NOW) is expected

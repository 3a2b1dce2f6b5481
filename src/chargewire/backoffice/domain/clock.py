"""Times as a CSMS keeps them: aware, in UTC, and sometimes wrong. Reads no clock itself."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import overload

Clock = Callable[[], datetime]
"""Tells the present as an aware datetime in UTC; injected wherever the present matters."""

EARLIEST_PLAUSIBLE = datetime(2020, 1, 1, tzinfo=UTC)
"""Before it no OCPP station in the field was built: its clock was never set."""

FUTURE_TOLERANCE = timedelta(days=1)
"""More than any time zone mistake can explain."""

_EARLIEST = datetime.min.replace(tzinfo=UTC)
_LATEST = datetime.max.replace(tzinfo=UTC)


def utc(at: datetime) -> datetime:
    """Convert an aware time to UTC; the few beyond the calendar's ends become those ends."""
    try:
        return at.astimezone(UTC)
    except OverflowError:
        return _LATEST if at.year > EARLIEST_PLAUSIBLE.year else _EARLIEST


def is_plausible(at: datetime, *, now: datetime) -> bool:
    """Tell whether a station that says ``at`` can have a working clock."""
    return EARLIEST_PLAUSIBLE <= at <= now + FUTURE_TOLERANCE


@overload
def iso(at: datetime) -> str: ...
@overload
def iso(at: None) -> None: ...
@overload
def iso(at: datetime | None) -> str | None: ...
def iso(at: datetime | None) -> str | None:
    """Write a time as JSON carries it: UTC, milliseconds, ``Z``."""
    if at is None:
        return None
    return utc(at).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"

"""When something on the clock is due. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta


def next_slot(at: datetime, interval: int) -> datetime:
    """Return the next multiple of an interval in seconds, counted from midnight (MET-002).

    The last slot of a day is cut short where the interval does not divide it: every day begins anew.
    """
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    passed = int((at - midnight).total_seconds()) // interval
    return min(midnight + timedelta(seconds=(passed + 1) * interval), midnight + timedelta(days=1))

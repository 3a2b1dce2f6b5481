"""The boot gate, and whose word counts about a status."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chargewire.backoffice.domain import Registration, UnknownStations
from chargewire.backoffice.domain.stations import is_admitted, status_time, triggered_by

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
ACCEPTED, PENDING, REJECTED = Registration.ACCEPTED, Registration.PENDING, Registration.REJECTED


@pytest.mark.parametrize(
    ("registration", "boot_answer", "is_triggered", "expected"),
    [
        (ACCEPTED, ACCEPTED, False, True),
        (ACCEPTED, None, False, False),
        (ACCEPTED, PENDING, False, False),
        (ACCEPTED, PENDING, True, True),
        (PENDING, PENDING, False, False),
        (PENDING, PENDING, True, True),
        (PENDING, ACCEPTED, False, False),
        (REJECTED, REJECTED, False, False),
        (REJECTED, REJECTED, True, False),
        (REJECTED, ACCEPTED, True, False),
    ],
)
def test_a_station_may_talk_once_it_is_accepted_and_was_told_so(
    registration: Registration, boot_answer: Registration | None, *, is_triggered: bool, expected: bool
) -> None:
    """BOOT-010, RPC-097."""
    assert is_admitted(registration=registration, boot_answer=boot_answer, is_triggered=is_triggered) is expected


@pytest.mark.parametrize(
    ("action", "payload", "expected"),
    [
        ("TriggerMessage", {"requestedMessage": "StatusNotification"}, "StatusNotification"),
        ("TriggerMessage", {"requestedMessage": "SignV2GCertificate"}, "SignCertificate"),
        ("TriggerMessage", {}, None),
        ("GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"}, "NotifyReport"),
        ("GetReport", {"requestId": 1}, "NotifyReport"),
        ("Reset", {"type": "Immediate"}, None),
    ],
)
def test_a_command_announces_what_the_station_will_send(
    action: str, payload: dict[str, object], expected: str | None
) -> None:
    """BOOT-006."""
    assert triggered_by(action, payload) == expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (None, NOW),
        (NOW - timedelta(hours=3), NOW - timedelta(hours=3)),
        (NOW + timedelta(minutes=5), NOW),
        (NOW + timedelta(days=400), NOW),
        (datetime(1970, 1, 1, tzinfo=UTC), NOW),
    ],
)
def test_a_status_counts_from_the_stations_time_unless_its_clock_is_wrong(
    at: datetime | None, expected: datetime
) -> None:
    assert status_time(at, now=NOW) == expected


def test_an_unknown_station_starts_accepted_only_where_that_is_automatic() -> None:
    assert UnknownStations.AUTO.registration is ACCEPTED
    assert UnknownStations.PENDING.registration is PENDING

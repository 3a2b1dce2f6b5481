"""What becomes of a second connection of a station."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest

from chargewire.duplicates import TAKEOVERS, Duplicates


def test_a_newcomer_takes_over() -> None:
    """CON-031."""
    assert Duplicates("replace").check("CS001", 0.0) is None


def test_a_war_of_two_is_damped_and_others_do_not_notice() -> None:
    """The incumbent lets them fight on (defect 12)."""
    duplicates = Duplicates("replace")
    for _ in range(TAKEOVERS.limit):
        assert duplicates.check("CS001", 0.0) is None
    reject = duplicates.check("CS001", 0.0)
    assert reject is not None
    assert (reject.status, reject.headers) == (HTTPStatus.CONFLICT, {"Retry-After": "12"})
    assert duplicates.check("CS002", 0.0) is None
    assert duplicates.check("CS001", 12.0) is None
    assert duplicates.check("CS001", 12.0) is not None
    assert duplicates.check("CS001", 100.0) is None


def test_a_newcomer_may_be_refused() -> None:
    reject = Duplicates("refuse").check("CS001", 0.0)
    assert reject is not None
    assert (reject.status, reject.reason) == (HTTPStatus.CONFLICT, "the station is connected already")


def test_both_may_stay() -> None:
    assert all(Duplicates("keep_both").check("CS001", 0.0) is None for _ in range(99))


def test_there_are_no_other_policies() -> None:
    policy: Any = "ignore"
    with pytest.raises(ValueError, match="unknown 'ignore'"):
        Duplicates(policy)

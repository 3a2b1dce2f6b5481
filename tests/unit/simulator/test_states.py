"""States of a connector (T16-012, T16-013, AVL-003)."""

from __future__ import annotations

from itertools import pairwise, product

import pytest

from chargewire.simulator.states import TRANSITIONS, Occupancy, Status, occupancy, path

NUMBERED = (
    Status.AVAILABLE, Status.PREPARING, Status.CHARGING, Status.SUSPENDED_EV, Status.SUSPENDED_EVSE,
    Status.FINISHING, Status.RESERVED, Status.UNAVAILABLE, Status.FAULTED,
)  # fmt: skip
# T16-013, as the rule numbers them.
ALLOWED = {1: "2345789", 2: "134569", 3: "145689", 4: "135689", 5: "134689", 6: "1289", 7: "1289", 8: "123459"}


def test_the_table_of_transitions_is_the_one_of_the_specification() -> None:
    """T16-013."""
    for number, successors in ALLOWED.items():
        assert TRANSITIONS[NUMBERED[number - 1]] == {NUMBERED[int(digit) - 1] for digit in successors}
    assert TRANSITIONS[Status.FAULTED] == set(Status) - {Status.FAULTED}


@pytest.mark.parametrize("plugged", [True, False])
@pytest.mark.parametrize("before_fault", sorted(set(Status) - {Status.FAULTED}))
def test_every_change_is_told_in_legal_steps(before_fault: Status, *, plugged: bool) -> None:
    """T16-013: also a change that is not allowed directly."""
    for current, target in product(Status, Status):
        steps = path(current, target, before_fault=before_fault, plugged=plugged)
        told = (current, *steps)
        assert told[-1] is target
        for earlier, later in pairwise(told):
            assert later in TRANSITIONS[earlier]
            assert earlier is not Status.FAULTED or later is before_fault


def test_a_connector_with_a_cable_winds_up_before_it_becomes_unavailable() -> None:
    steps = path(Status.PREPARING, Status.UNAVAILABLE, before_fault=Status.AVAILABLE, plugged=True)
    assert steps == (Status.FINISHING, Status.UNAVAILABLE)


def test_a_connector_without_a_cable_is_available_before_it_becomes_unavailable() -> None:
    steps = path(Status.PREPARING, Status.UNAVAILABLE, before_fault=Status.AVAILABLE, plugged=False)
    assert steps == (Status.AVAILABLE, Status.UNAVAILABLE)


@pytest.mark.parametrize(
    ("status", "plugged", "expected"),
    [
        (Status.AVAILABLE, False, Occupancy.AVAILABLE),
        (Status.PREPARING, False, Occupancy.AVAILABLE),
        (Status.PREPARING, True, Occupancy.OCCUPIED),
        (Status.CHARGING, True, Occupancy.OCCUPIED),
        (Status.FINISHING, True, Occupancy.OCCUPIED),
        (Status.RESERVED, False, Occupancy.RESERVED),
        (Status.UNAVAILABLE, True, Occupancy.UNAVAILABLE),
        (Status.FAULTED, True, Occupancy.FAULTED),
    ],
)
def test_the_states_of_the_second_version_follow_from_the_cable(
    status: Status, expected: Occupancy, *, plugged: bool
) -> None:
    """AVL-003."""
    assert occupancy(status, plugged=plugged) is expected

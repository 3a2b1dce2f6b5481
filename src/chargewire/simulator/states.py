"""The states of a connector as OCPP reports them, and which may follow which. Pure tables; knows no transactions."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Status(StrEnum):
    """The nine states of OCPP 1.6, 7.7. Finer than those of 2.x, which `occupancy` derives from them."""

    AVAILABLE = "Available"
    PREPARING = "Preparing"
    CHARGING = "Charging"
    SUSPENDED_EV = "SuspendedEV"
    SUSPENDED_EVSE = "SuspendedEVSE"
    FINISHING = "Finishing"
    RESERVED = "Reserved"
    UNAVAILABLE = "Unavailable"
    FAULTED = "Faulted"


class Occupancy(StrEnum):
    """The five states of a connector in OCPP 2.x."""

    AVAILABLE = "Available"
    OCCUPIED = "Occupied"
    RESERVED = "Reserved"
    UNAVAILABLE = "Unavailable"
    FAULTED = "Faulted"


class ChargingState(StrEnum):
    """How far a transaction of OCPP 2.x has come."""

    IDLE = "Idle"
    EV_CONNECTED = "EVConnected"
    CHARGING = "Charging"
    SUSPENDED_EV = "SuspendedEV"
    SUSPENDED_EVSE = "SuspendedEVSE"


_A, _P, _C = Status.AVAILABLE, Status.PREPARING, Status.CHARGING
_EV, _EVSE, _F = Status.SUSPENDED_EV, Status.SUSPENDED_EVSE, Status.FINISHING
_R, _U, _X = Status.RESERVED, Status.UNAVAILABLE, Status.FAULTED

# OCPP 1.6, 4.9 with errata 3.19 and 3.20. From Faulted a connector returns to the state it had before.
TRANSITIONS: Mapping[Status, frozenset[Status]] = MappingProxyType(
    {
        _A: frozenset({_P, _C, _EV, _EVSE, _R, _U, _X}),
        _P: frozenset({_A, _C, _EV, _EVSE, _F, _X}),
        _C: frozenset({_A, _EV, _EVSE, _F, _U, _X}),
        _EV: frozenset({_A, _C, _EVSE, _F, _U, _X}),
        _EVSE: frozenset({_A, _C, _EV, _F, _U, _X}),
        _F: frozenset({_A, _P, _U, _X}),
        _R: frozenset({_A, _P, _U, _X}),
        _U: frozenset({_A, _P, _C, _EV, _EVSE, _X}),
        _X: frozenset({_A, _P, _C, _EV, _EVSE, _F, _R, _U}),
    }
)


def path(current: Status, target: Status, *, before_fault: Status, plugged: bool) -> tuple[Status, ...]:
    """List the states to report on the way from one to another, the last one included.

    A change that OCPP 1.6 does not allow directly passes through the state which is closest to the truth: a connector
    with a cable in it winds up, one without becomes available.

    Args:
        current: The state reported last.
        target: The state to arrive at.
        before_fault: What `current` was before it became Faulted.
        plugged: Whether a cable is in the connector.
    """
    if current is target:
        return ()
    if current is Status.FAULTED and target is not before_fault:
        return (before_fault, *path(before_fault, target, before_fault=before_fault, plugged=plugged))
    if target in TRANSITIONS[current]:
        return (target,)
    waypoints = (_F, _P, _A) if plugged else (_A, _P, _F)
    via = next(way for way in waypoints if way in TRANSITIONS[current] and target in TRANSITIONS[way])
    return (via, target)


def occupancy(status: Status, *, plugged: bool) -> Occupancy:
    """Reduce a state to those of OCPP 2.x.

    An authorized driver who has not plugged in yet leaves the connector Available (G01).
    """
    match status:
        case Status.RESERVED:
            return Occupancy.RESERVED
        case Status.UNAVAILABLE:
            return Occupancy.UNAVAILABLE
        case Status.FAULTED:
            return Occupancy.FAULTED
        case _:
            return Occupancy.OCCUPIED if plugged else Occupancy.AVAILABLE

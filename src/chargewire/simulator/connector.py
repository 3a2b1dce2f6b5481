"""One connector of a simulated station: what is true about it, and what follows from that. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from .actions import IdToken, RemoteStart, StatusChanged, StopReason
from .meter import Outlet, Vehicle
from .settings import TxPoint
from .states import ChargingState, Status


@dataclass(frozen=True, slots=True, eq=False)
class Authorization:
    """Who may charge at a connector."""

    id_token: IdToken
    group: IdToken | None
    remote: RemoteStart | None


@dataclass(slots=True)
class Transaction:
    """A running transaction. To be read outside this module, not written.

    Attributes:
        told: What the CSMS heard of: the latest authorization.
        stop_reason: Set when its authorization ended before it did.
    """

    id: str
    last_sample_at: float
    next_seq_no: int = 0
    charging_state: ChargingState | None = None
    told: Authorization | None = None
    told_connector: bool = False
    stop_reason: StopReason | None = None


@dataclass(slots=True)
class Connector:
    """One connector, which is an EVSE of its own in 2.x. To be read outside this module, not written.

    Attributes:
        id: From 1.
        cable: Whether a cable is in it; a locked cable stays when the vehicle leaves.
        blocked: Whether the station withholds energy because the CSMS refused the token.
        connect_by: When an authorized driver must have plugged in.
        energy_from: When vehicle and station will have agreed on charging.
        is_finished: Whether a transaction ended since the cable was plugged.
    """

    id: int
    outlet: Outlet
    operative: bool = True
    fault: str | None = None
    fault_info: str | None = None
    cable: bool = False
    vehicle: Vehicle | None = None
    vehicle_ready: bool = True
    station_ready: bool = True
    blocked: bool = False
    authorization: Authorization | None = None
    connect_by: float | None = None
    energy_from: float | None = None
    transaction: Transaction | None = None
    is_finished: bool = False
    points: frozenset[TxPoint] = field(default_factory=frozenset[TxPoint])
    before_fault: Status = Status.AVAILABLE
    reported: StatusChanged = field(init=False)

    def __post_init__(self) -> None:
        """Start as an idle connector is taken for before it said anything."""
        self.reported = StatusChanged(self.id, Status.AVAILABLE)

    @property
    def is_free(self) -> bool:
        """Whether a driver could begin here."""
        unclaimed = self.transaction is None or self.transaction.told is None
        return self.operative and self.fault is None and self.authorization is None and unclaimed

    def charging_state(self, now: float) -> ChargingState:
        """Tell how far charging has come, with or without a transaction."""
        if not self.cable:
            return ChargingState.IDLE
        if self.vehicle is None:
            return ChargingState.SUSPENDED_EV  # the cable is locked, its other end lies on the street
        if self.energy_from is None or now < self.energy_from:
            return ChargingState.EV_CONNECTED
        if self.blocked or not self.station_ready:
            return ChargingState.SUSPENDED_EVSE  # T16-014: before SuspendedEV
        if not self.vehicle_ready or self.outlet.is_full:
            return ChargingState.SUSPENDED_EV
        return ChargingState.CHARGING

    def holding(self, now: float) -> frozenset[TxPoint]:
        """List the conditions for transactions that are fulfilled."""
        closed = self.cable and self.authorization is not None
        holds = {
            TxPoint.EV_CONNECTED: self.cable,
            TxPoint.AUTHORIZED: self.authorization is not None,
            TxPoint.POWER_PATH_CLOSED: closed,
            TxPoint.ENERGY_TRANSFER: closed and self.charging_state(now) is ChargingState.CHARGING,
        }
        return frozenset(point for point, held in holds.items() if held)

    def status(self, now: float, *, operative: bool) -> Status:
        """Tell the state that OCPP 1.6 has for this.

        Args:
            now: The time.
            operative: Whether the station as a whole may be used.
        """
        if self.fault is not None:
            return Status.FAULTED
        if self.transaction is not None and self.authorization is not None:
            return _STATUS_IN_TRANSACTION[self.charging_state(now)]
        if self.transaction is None and not (operative and self.operative):
            return Status.UNAVAILABLE
        if self.cable:
            return Status.FINISHING if self.is_finished else Status.PREPARING
        return Status.AVAILABLE if self.authorization is None else Status.PREPARING

    def deadlines(self, now: float, *, sample_interval: float, meter_step: float) -> Iterator[float]:
        """List when time alone will change something."""
        if self.connect_by is not None:
            yield self.connect_by
        if self.energy_from is not None and self.energy_from > now:
            yield self.energy_from
        if self.charging_state(now) is ChargingState.CHARGING:
            yield now + meter_step
        if self.transaction is not None and sample_interval > 0:
            yield self.transaction.last_sample_at + sample_interval


_STATUS_IN_TRANSACTION = {
    ChargingState.IDLE: Status.PREPARING,
    ChargingState.EV_CONNECTED: Status.PREPARING,
    ChargingState.CHARGING: Status.CHARGING,
    ChargingState.SUSPENDED_EV: Status.SUSPENDED_EV,
    ChargingState.SUSPENDED_EVSE: Status.SUSPENDED_EVSE,
}

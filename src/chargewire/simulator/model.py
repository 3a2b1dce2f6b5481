"""The state machine of a charging station: what people, vehicles and the CSMS do to it, and what it says about that.

Pure: no OCPP messages, sockets, clock or randomness of its own. Every input is a method that takes the monotonic time
and returns the actions it causes, in order. Both versions of OCPP share it; each reads from an action what it needs.

Three facts about a connector decide everything else: is a vehicle connected, is somebody authorized, does the power
flow. A transaction starts when one of the configured start points comes true and ends when one of the stop points
ceases to be (OCPP 2.x, E01 and E06); OCPP 1.6 is the special case that `Settings` has as default (TX-007).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

from .actions import (
    NO_ERROR,
    Action,
    Actions,
    AuthorizationNeeded,
    Availability,
    EventType,
    IdToken,
    RebootDue,
    RemoteStart,
    StatusChanged,
    StopReason,
    TransactionChanged,
    Trigger,
)
from .connector import Authorization, Connector, Transaction
from .meter import Outlet, Sample, Vehicle, total
from .settings import Settings, TxPoint
from .states import ChargingState, Status, path

_FAULT_REASONS = {
    "GroundFailure": StopReason.GROUND_FAULT,
    "OverCurrentFailure": StopReason.OVERCURRENT_FAULT,
}


@dataclass(frozen=True, slots=True)
class _Cause:
    trigger: Trigger
    stop_reason: StopReason = StopReason.LOCAL
    id_token: IdToken | None = None


class StationModel:
    """A station with its connectors.

    Attributes:
        settings: What the CSMS configured; shared with whoever changes it.
        operative: Whether the station as a whole may be used.
    """

    def __init__(
        self,
        outlets: Sequence[Outlet],
        settings: Settings,
        *,
        new_transaction_id: Callable[[], str],
        handshake: float = 1.5,
        meter_step: float = 1.0,
        time_scale: float = 1.0,
    ) -> None:
        """Set up an idle station.

        Args:
            outlets: One for each connector.
            settings: The configuration.
            new_transaction_id: Called once a transaction; never returns the same twice (TX-001).
            handshake: Seconds from connected and authorized until the power flows.
            meter_step: Seconds between two steps of the meter while charging.
            time_scale: How many seconds the batteries live in one second. Power stays true, energy grows faster.
        """
        self.settings = settings
        self.operative = True
        self.connectors = tuple(Connector(number, outlet) for number, outlet in enumerate(outlets, 1))
        self._new_transaction_id = new_transaction_id
        self._handshake = handshake
        self._meter_step = meter_step
        self._time_scale = time_scale
        self._now = float("-inf")
        self._reported = StatusChanged(0, Status.AVAILABLE)
        self._reset_scheduled = False
        self._actions: list[Action] = []

    # What people and vehicles do

    def plug_in(self, connector: int, vehicle: Vehicle, now: float) -> Actions:
        """Connect a vehicle. Nothing happens when there is one already."""
        self._advance(now)
        it = self._at(connector)
        if it.vehicle is None:
            it.cable, it.vehicle, it.vehicle_ready, it.connect_by = True, vehicle, True, None
            it.outlet.connect(vehicle)
            self._settle(it, _Cause(Trigger.CABLE_PLUGGED_IN))
        return self._flush()

    def unplug(self, connector: int, now: float) -> Actions:
        """Disconnect the vehicle (T16-010, TX-017)."""
        self._advance(now)
        it = self._at(connector)
        if it.vehicle is not None:
            it.vehicle = None
            it.outlet.disconnect()
            if self.settings.stop_on_ev_disconnect:
                it.authorization = None
            # A cable that is locked waits for the driver who may end the transaction.
            it.cable = it.authorization is not None
            it.connect_by = None
            self._settle(it, _Cause(Trigger.EV_COMMUNICATION_LOST, StopReason.EV_DISCONNECTED))
        return self._flush()

    def swipe(self, id_token: IdToken, now: float, *, connector: int | None = None) -> Actions:
        """Present a token at the reader; without a connector the station finds out which one is meant.

        The token that started a transaction ends it without question (AUT-003); one that waits for its vehicle is
        taken back; any other has to be authorized first.
        """
        self._advance(now)
        for it in self._candidates(connector):
            if it.authorization is not None and id_token.matches(it.authorization.id_token):
                self._deauthorize(it, _Cause(Trigger.STOP_AUTHORIZED, StopReason.LOCAL, id_token))
                return self._flush()
        self._actions.append(AuthorizationNeeded(id_token, connector))
        return self._flush()

    def set_vehicle_ready(self, connector: int, now: float, *, ready: bool) -> Actions:
        """Let the vehicle ask for energy, or not."""
        self._advance(now)
        it = self._at(connector)
        it.vehicle_ready = ready
        self._settle(it, _Cause(Trigger.CHARGING_STATE_CHANGED))
        return self._flush()

    def set_station_ready(self, connector: int, now: float, *, ready: bool) -> Actions:
        """Let the station offer energy, or not."""
        self._advance(now)
        it = self._at(connector)
        it.station_ready = ready
        self._settle(it, _Cause(Trigger.CHARGING_STATE_CHANGED))
        return self._flush()

    def fail(self, connector: int, error_code: str, now: float, *, info: str | None = None) -> Actions:
        """Break something. A running transaction ends before the fault is reported.

        Args:
            connector: Where.
            error_code: A ChargePointErrorCode of OCPP 1.6.
            now: The time.
            info: Free text for the operator.
        """
        self._advance(now)
        it = self._at(connector)
        if it.transaction is not None:
            self._end(
                it, it.transaction, _Cause(Trigger.ABNORMAL_CONDITION, _FAULT_REASONS.get(error_code, StopReason.OTHER))
            )
        self._withdraw(it)
        self._settle(it, _Cause(Trigger.ABNORMAL_CONDITION))
        it.fault, it.fault_info = error_code, info
        self._report(it)
        return self._flush()

    def repair(self, connector: int, now: float) -> Actions:
        """Remove a fault."""
        self._advance(now)
        it = self._at(connector)
        it.fault, it.fault_info = None, None
        self._report(it)
        return self._flush()

    # What the CSMS does

    def authorized(
        self,
        id_token: IdToken,
        now: float,
        *,
        connector: int | None = None,
        group: IdToken | None = None,
        remote: RemoteStart | None = None,
    ) -> Actions:
        """Act on a token that was accepted: end a transaction of its group, or prepare to charge."""
        self._advance(now)
        for it in self._candidates(connector):
            running = it.authorization
            if remote is None and running is not None and group is not None and group.matches(running.group):
                self._deauthorize(it, _Cause(Trigger.STOP_AUTHORIZED, StopReason.LOCAL, id_token))
                return self._flush()
        free = self.find_free(connector)
        if free is not None:
            self._authorize(free, Authorization(id_token, group, remote))
        return self._flush()

    def remote_start(self, connector: int, id_token: IdToken, now: float, *, id: int | None = None) -> Actions:
        """Begin for somebody who is not at the reader (REM-001, REM-003). The connector comes from `find_free`."""
        if self.settings.authorize_remote and id_token.type != "Central":
            return [AuthorizationNeeded(id_token, connector, RemoteStart(id))]
        return self.authorized(id_token, now, connector=connector, remote=RemoteStart(id))

    def remote_stop(self, transaction_id: str, now: float) -> Actions | None:
        """End a transaction like its driver would; None when there is no such transaction (REM-002, REM-006)."""
        self._advance(now)
        it = self.find(transaction_id)
        if it is None:
            return None
        self._deauthorize(it, _Cause(Trigger.REMOTE_STOP, StopReason.REMOTE))
        return self._flush()

    def refused(self, transaction_id: str, now: float) -> Actions:
        """Act on a token that the CSMS refused after the start (T16-003, TX-013)."""
        self._advance(now)
        it = self.find(transaction_id)
        if it is not None and self.settings.stop_on_invalid_id:
            self._deauthorize(it, _Cause(Trigger.DEAUTHORIZED, StopReason.DE_AUTHORIZED))
        elif it is not None:
            it.blocked = True
            self._settle(it, _Cause(Trigger.CHARGING_STATE_CHANGED))
        return self._flush()

    def change_availability(self, connector: int, now: float, *, operative: bool) -> tuple[Availability, Actions]:
        """Take a connector, or with 0 the station, out of use or back (AVL-001, AVL-002).

        A running transaction is not disturbed: the connector becomes unavailable when it ends.
        """
        self._advance(now)
        if connector == 0:
            self.operative = operative
        else:
            self._at(connector).operative = operative
        affected = [it for it in self.connectors if connector in (0, it.id)]
        busy = not operative and any(it.transaction is not None for it in affected)
        for it in affected:
            if it.transaction is None and not operative:
                self._withdraw(it)
            self._settle(it, _Cause(Trigger.CHARGING_STATE_CHANGED))
        self._report_station()
        return Availability.SCHEDULED if busy else Availability.ACCEPTED, self._flush()

    def unlock(self, connector: int, now: float) -> Actions:
        """Release the cable; a running transaction ends first (REM-007)."""
        self._advance(now)
        it = self._at(connector)
        cause = _Cause(Trigger.UNLOCK_COMMAND, StopReason.UNLOCK_COMMAND)
        if it.transaction is not None:
            self._end(it, it.transaction, cause)
        self._withdraw(it)
        self._settle(it, cause)
        return self._flush()

    def reset(self, reason: StopReason, now: float, *, when_idle: bool = False) -> tuple[Availability, Actions]:
        """Reboot now, ending every transaction, or when the last one has ended (RST-001 to RST-004)."""
        self._advance(now)
        if when_idle and self._is_busy():
            self._reset_scheduled = True
            return Availability.SCHEDULED, self._flush()
        for it in self.connectors:
            if it.transaction is not None:
                self._end(it, it.transaction, _Cause(Trigger.RESET_COMMAND, reason))
            self._withdraw(it)
            self._settle(it, _Cause(Trigger.RESET_COMMAND, reason))
        self._reset_scheduled = False
        self._actions.append(RebootDue())
        return Availability.ACCEPTED, self._flush()

    # What time does

    def tick(self, now: float) -> Actions:
        """Let the batteries fill, timeouts pass and samples fall due."""
        self._advance(now)
        for it in self.connectors:
            if it.connect_by is not None and now >= it.connect_by:
                self._deauthorize(it, _Cause(Trigger.EV_CONNECT_TIMEOUT, StopReason.TIMEOUT))
            self._settle(it, _Cause(Trigger.CHARGING_STATE_CHANGED))
            self._take_due_sample(it)
        return self._flush()

    def deadline(self) -> float | None:
        """Return when `tick` has something to do, or None while only an input can change anything."""
        interval = self.settings.sample_interval
        each = (
            it.deadlines(self._now, sample_interval=interval, meter_step=self._meter_step) for it in self.connectors
        )
        return min(chain.from_iterable(each), default=None)

    # What can be asked

    def find(self, transaction_id: str) -> Connector | None:
        """Return the connector where a transaction runs."""
        for it in self.connectors:
            if it.transaction is not None and it.transaction.id == transaction_id:
                return it
        return None

    def find_free(self, connector: int | None = None) -> Connector | None:
        """Return a connector where somebody could be authorized: with a vehicle rather than without one."""
        free = [it for it in self._candidates(connector) if it.is_free and self.operative]
        return min(free, key=lambda it: (it.vehicle is None, it.is_finished), default=None)

    def has(self, connector: int) -> bool:
        """Whether the station has this connector; 0 is none."""
        return 1 <= connector <= len(self.connectors)

    def statuses(self) -> Sequence[StatusChanged]:
        """Describe the present state of the station and then of every connector."""
        return [self._reported, *(it.reported for it in self.connectors)]

    def sample(self, connector: int, now: float) -> Sample:
        """Read the meter of a connector; 0 is the main meter, the sum of all."""
        self._advance(now)
        if connector != 0:
            return self._at(connector).outlet.sample()
        return total([it.outlet.sample() for it in self.connectors])

    def trigger(self, connector: int, now: float) -> Actions:
        """Tell about a running transaction because the CSMS asked (REM-010)."""
        self._advance(now)
        it = self._at(connector)
        if it.transaction is not None:
            self._tell(it, it.transaction, EventType.UPDATED, _Cause(Trigger.TRIGGER), repeat_state=True)
        return self._flush()

    # How it works

    def _at(self, connector: int) -> Connector:
        if not self.has(connector):
            raise ValueError(f"there is no connector {connector}, only 1 to {len(self.connectors)}")
        return self.connectors[connector - 1]

    def _candidates(self, connector: int | None) -> Sequence[Connector]:
        return self.connectors if connector is None else [self._at(connector)]

    def _advance(self, now: float) -> None:
        """Bring every meter up to date, so that what is told now is true now."""
        for it in self.connectors:
            if it.charging_state(self._now) is ChargingState.CHARGING:
                it.outlet.step((now - self._now) * self._time_scale)
        self._now = now

    def _flush(self) -> Actions:
        actions, self._actions = self._actions, []
        return actions

    def _authorize(self, it: Connector, authorization: Authorization) -> None:
        it.authorization = authorization
        it.is_finished = it.blocked = False
        if it.vehicle is None:
            it.connect_by = self._now + self.settings.connection_timeout
        self._settle(it, _Cause(Trigger.AUTHORIZED))

    def _deauthorize(self, it: Connector, cause: _Cause) -> None:
        self._withdraw(it)
        if it.vehicle is None:
            it.cable = False
        if it.transaction is not None:
            it.transaction.stop_reason = cause.stop_reason
        self._settle(it, cause)

    def _withdraw(self, it: Connector) -> None:
        it.authorization = it.connect_by = it.energy_from = None
        it.blocked = False

    def _settle(self, it: Connector, cause: _Cause) -> None:
        """Draw the consequences of a change: energy, transaction, status."""
        if it.authorization is None or it.vehicle is None:
            it.energy_from = None
        elif it.energy_from is None:
            it.energy_from = self._now + self._handshake
        if it.charging_state(self._now) is not ChargingState.CHARGING:
            it.outlet.switch_off()
        it.is_finished &= it.cable
        before, it.points = it.points, it.holding(self._now)
        if TxPoint.EV_CONNECTED in it.points - before:
            self._report(it)  # a CSMS hears of the vehicle before it hears of what it does (E02)
        running = it.transaction
        if running is None:
            if self._begins(it):
                self._start(it, cause)
        elif (before - it.points) & self.settings.stop_points or not it.points:
            self._end(it, running, cause)
        elif it.charging_state(self._now) is not running.charging_state or (before ^ it.points) & _TOLD_POINTS:
            self._tell(it, running, EventType.UPDATED, cause)
        self._report(it)

    def _begins(self, it: Connector) -> bool:
        usable = self.operative and it.operative and it.fault is None
        return usable and not it.is_finished and bool(it.points & self.settings.start_points)

    def _start(self, it: Connector, cause: _Cause) -> None:
        it.transaction = Transaction(self._new_transaction_id(), last_sample_at=self._now)
        self._tell(it, it.transaction, EventType.STARTED, cause)

    def _end(self, it: Connector, running: Transaction, cause: _Cause) -> None:
        self._withdraw(it)
        it.outlet.switch_off()
        it.cable = it.vehicle is not None
        it.points = it.holding(self._now)
        self._tell(it, running, EventType.ENDED, cause)
        it.transaction, it.is_finished = None, True
        if self.operative and it.operative:
            # T16-010: winding up is told even when the cable is gone already.
            self._report_as(it, Status.FINISHING)
        it.is_finished = it.cable
        self._report_station()
        if self._reset_scheduled and not self._is_busy():
            self._reset_scheduled = False
            self._actions.append(RebootDue())

    def _tell(
        self, it: Connector, running: Transaction, type: EventType, cause: _Cause, *, repeat_state: bool = False
    ) -> None:
        state = it.charging_state(self._now)
        news = it.authorization if it.authorization is not running.told else None
        running.told = news or running.told
        remote = news.remote if news is not None else None
        tells_connector = it.cable and not running.told_connector
        running.told_connector |= tells_connector
        ended = type is EventType.ENDED
        self._actions.append(
            TransactionChanged(
                type=type,
                transaction_id=running.id,
                connector=it.id,
                seq_no=running.next_seq_no,
                # REM-005: the first message after a remote start says so, whatever made it due.
                trigger=cause.trigger if remote is None else Trigger.REMOTE_START,
                sample=it.outlet.sample(),
                charging_state=state if repeat_state or state is not running.charging_state else None,
                tells_connector=tells_connector,
                id_token=cause.id_token if news is None else news.id_token,
                remote_start_id=None if remote is None else remote.id,
                stop_reason=(running.stop_reason or cause.stop_reason) if ended else None,
            )
        )
        running.charging_state = state
        running.next_seq_no += 1

    def _take_due_sample(self, it: Connector) -> None:
        running, interval = it.transaction, self.settings.sample_interval
        if running is None or interval <= 0 or self._now < running.last_sample_at + interval:
            return
        # Keeps the rhythm of the interval, but makes up for nothing that was slept through.
        late = self._now >= running.last_sample_at + 2 * interval
        running.last_sample_at = self._now if late else running.last_sample_at + interval
        self._tell(it, running, EventType.UPDATED, _Cause(Trigger.METER_VALUE_PERIODIC))

    def _is_busy(self) -> bool:
        return any(it.transaction is not None for it in self.connectors)

    def _report(self, it: Connector) -> None:
        self._report_as(it, it.status(self._now, operative=self.operative))

    def _report_as(self, it: Connector, status: Status) -> None:
        """Tell a new status, with the states in between that OCPP wants (T16-013)."""
        info = it.fault_info
        if it.fault is None and it.cable and it.vehicle is None:
            info = "EV side disconnected"  # T16-010
        news = StatusChanged(it.id, status, it.cable, it.fault or NO_ERROR, info)
        if news == it.reported:
            return
        current = it.reported.status
        if status is Status.FAULTED and current is not Status.FAULTED:
            it.before_fault = current
        steps = path(current, status, before_fault=it.before_fault, plugged=it.cable)
        self._actions.extend(StatusChanged(it.id, step, it.cable) for step in steps[:-1])
        self._actions.append(news)
        it.reported = news

    def _report_station(self) -> None:
        status = Status.AVAILABLE if self.operative or self._is_busy() else Status.UNAVAILABLE
        if status is not self._reported.status:
            self._reported = StatusChanged(0, status)
            self._actions.append(self._reported)


_TOLD_POINTS = {TxPoint.AUTHORIZED, TxPoint.EV_CONNECTED}

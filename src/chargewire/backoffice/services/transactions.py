"""Transactions: what stations tell is stored whatever it is, folded, and answered after the commit.

Knows no message of any version, and no rule of folding: those are the domain's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from chargewire.backoffice.domain import (
    Decision,
    Flag,
    PresentedToken,
    Reading,
    Registration,
    Start,
    Stop,
    TransactionEvent,
    TransactionRecord,
    TransactionState,
)
from chargewire.backoffice.domain.events import (
    message_orphaned,
    meter_values,
    transaction_ended,
    transaction_started,
    transaction_updated,
)
from chargewire.backoffice.domain.meter import TRANSACTION_BEGIN, TRANSACTION_END
from chargewire.backoffice.domain.transactions import begin, fold, meter, stop
from chargewire.backoffice.services.authorization import Authorization
from chargewire.backoffice.services.connections import Connections, Scope
from chargewire.backoffice.services.sessions import Peer
from chargewire.backoffice.store import Novelty, Sample
from chargewire.backoffice.store.base import UNKNOWN_EVSE


@dataclass(frozen=True, slots=True)
class Started:
    """What a StartTransaction is answered with."""

    transaction_id: int
    decision: Decision


@dataclass(frozen=True, slots=True)
class MeterReport:
    """What a MeterValues tells.

    Attributes:
        evse_id: where; 0 is the main meter of the station.
        connector_id: 1 in OCPP 1.6, unknown in OCPP 2.x.
        transaction_id: the id that OCPP 1.6 may give.
        body: writes the message as JSON, for the case that somebody must look at it.
    """

    evse_id: int
    connector_id: int | None
    readings: tuple[Reading, ...]
    transaction_id: int | None
    body: Callable[[], bytes]


class Transactions:
    """What stations tell about charging.

    Nothing here refuses a message: what belongs nowhere becomes an orphan, what is doubtful a flag (T16-002, TX-003).
    """

    def __init__(self, connections: Connections, authorization: Authorization) -> None:
        self._connections = connections
        self._authorization = authorization

    async def start(self, station: Peer, start: Start) -> Started:
        """Open an OCPP 1.6 transaction, or find it when its start is repeated.

        It gets an id whatever is decided about the token: the station may charge all the same, and its stop will come.
        """

        def open_it(scope: Scope) -> Started:
            unit, claim, now = scope.unit, scope.claim, scope.now
            decision = self._authorization.judge(scope, PresentedToken(start.id_token))
            record = begin(start, station=claim.identity, now=now).marked(
                *self._doubts(scope, decision), *_overlap(scope, start.connector, other_than=None)
            )
            stored, is_new = unit.transactions.start(claim, record, key=start.key, at=now)
            if is_new:
                unit.stations.sight(claim, evse_id=start.connector, connector_id=1)
                register = Reading(at=start.at, context=TRANSACTION_BEGIN, energy_import_wh=float(start.meter_start_wh))
                unit.add_samples(claim, [Sample(start.connector, stored.id, register)], at=now)
                unit.emit(transaction_started(stored.view(), at=now))
            return Started(stored.id, decision)

        return await self._connections.write(station, open_it)

    async def stop(self, station: Peer, stopped: Stop, *, body: Callable[[], bytes]) -> Decision | None:
        """Close an OCPP 1.6 transaction. Returns what is decided about the token, when there is one."""

        def close_it(scope: Scope) -> Decision | None:
            record = scope.unit.transactions.find(scope.claim, stopped.transaction_id)
            if record is None:
                _orphan(scope, body, action="StopTransaction", reason=f"no transaction {stopped.transaction_id}")
            else:
                _close(scope, record, stopped=stopped, body=body)
            if stopped.id_token is None:
                return None
            return self._authorization.judge(scope, PresentedToken(stopped.id_token))

        return await self._connections.write(station, close_it)

    async def meter_values(self, station: Peer, report: MeterReport) -> None:
        """Store readings, with the transaction they belong to if there is one."""

        def keep(scope: Scope) -> None:
            transactions = scope.unit.transactions
            if report.transaction_id is None:
                owners = transactions.open_at(scope.claim, report.evse_id)
            elif (record := transactions.find(scope.claim, report.transaction_id)) is not None:
                owners = (record,)
            else:
                owners = ()
                _orphan(scope, report.body, action="MeterValues", reason=f"no transaction {report.transaction_id}")
            _meter(scope, report, owners=owners)

        await self._connections.write(station, keep)

    async def event(
        self, station: Peer, event: TransactionEvent, *, token: PresentedToken | None = None
    ) -> Decision | None:
        """Fold in an OCPP 2.x event, in whatever order it comes.

        Returns:
            What is decided about the token, when the event has one (TX-012).
        """

        def fold_in(scope: Scope) -> Decision | None:
            transactions, now = scope.unit.transactions, scope.now
            decision = None if token is None else self._authorization.judge(scope, token)
            record, is_new = transactions.adopt(scope.claim, event.transaction_id, at=now)
            novelty = transactions.add_event(record, event, at=now)
            if novelty is not Novelty.REPEATED:
                folded = fold(record, event, seq_seen=novelty is Novelty.OTHER_BODY, now=now)
                folded = folded.marked(
                    *(self._doubts(scope, decision) if decision else ()), *_new_place(scope, record, after=folded)
                )
                transactions.save(folded, at=now)
                _keep_event_readings(scope, event, record=folded)
                _tell(scope, record, after=folded, is_new=is_new)
            return decision

        return await self._connections.write(station, fold_in)

    def _doubts(self, scope: Scope, decision: Decision) -> Iterable[Flag]:
        """Name what is doubtful about who charges, and where."""
        if self._connections.registration(scope.claim) is not Registration.ACCEPTED:
            yield Flag.NOT_ACCEPTED
        if not decision.is_accepted:
            yield Flag.ID_TOKEN_REFUSED


def _close(scope: Scope, record: TransactionRecord, *, stopped: Stop, body: Callable[[], bytes]) -> None:
    """Fold in a stop of a known transaction."""
    folded = stop(record, stopped, now=scope.now)
    if folded is record:
        return  # told before, word for word
    scope.unit.transactions.save(folded, at=scope.now)
    if record.state is TransactionState.ENDED:
        _orphan(scope, body, action="StopTransaction", reason=f"transaction {record.id} had ended already")
    else:
        end = Reading(at=stopped.at, context=TRANSACTION_END, energy_import_wh=float(stopped.meter_stop_wh))
        evse_id = UNKNOWN_EVSE if record.evse_id is None else record.evse_id
        samples = (Sample(evse_id, record.id, reading) for reading in (*stopped.readings, end))
        scope.unit.add_samples(scope.claim, samples, at=scope.now)
    _tell(scope, record, after=folded, is_new=False)


def _meter(scope: Scope, report: MeterReport, *, owners: tuple[TransactionRecord, ...]) -> None:
    """Store readings, and move the totals of the transactions that they belong to."""
    running = {owner.id: owner for owner in owners}
    samples: list[Sample] = []
    for reading in report.readings:
        owner = _owner(running.values(), reading.at, is_named=report.transaction_id is not None)
        if owner is not None:
            running[owner.id] = meter(owner, [reading])
        samples.append(Sample(report.evse_id, None if owner is None else owner.id, reading))
    scope.unit.add_samples(scope.claim, samples, at=scope.now)
    _tell_readings(scope, samples, evse_id=report.evse_id, connector_id=report.connector_id)
    for before in owners:
        if running[before.id] != before:
            scope.unit.transactions.save(running[before.id], at=scope.now)
            _tell(scope, before, after=running[before.id], is_new=False)


def _owner(candidates: Iterable[TransactionRecord], at: datetime, *, is_named: bool) -> TransactionRecord | None:
    """Choose the transaction that was running when a reading was taken (16E 3.16), the newest if there are several.

    One that the station names has it from before its start, too: clocks are set and readings rounded. After an end
    nothing belongs to it.
    """
    running = [
        record
        for record in candidates
        if (record.ended_at is None or at <= record.ended_at)
        and (is_named or record.started_at is None or record.started_at <= at)
    ]
    return running[-1] if running else None


def _keep_event_readings(scope: Scope, event: TransactionEvent, *, record: TransactionRecord) -> None:
    """Store the readings of an event; they belong to its EVSE (MET-013), told now or before."""
    evse_id = UNKNOWN_EVSE if record.evse_id is None else record.evse_id
    samples = [Sample(evse_id, record.id, reading) for reading in event.readings]
    scope.unit.add_samples(scope.claim, samples, at=scope.now)
    _tell_readings(scope, samples, evse_id=record.evse_id, connector_id=record.connector_id)


def _new_place(scope: Scope, before: TransactionRecord, *, after: TransactionRecord) -> Iterable[Flag]:
    """Look at where a transaction takes place, when it is told for the first time."""
    if before.evse_id is not None or after.evse_id is None:
        return ()
    if after.connector_id is not None:
        scope.unit.stations.sight(scope.claim, evse_id=after.evse_id, connector_id=after.connector_id)
    return _overlap(scope, after.evse_id, other_than=after.id) if after.is_open else ()


def _overlap(scope: Scope, evse_id: int, *, other_than: int | None) -> Iterable[Flag]:
    """Flag a second open transaction at one place: the stop of the first was lost, or still waits in a queue."""
    if any(record.id != other_than for record in scope.unit.transactions.open_at(scope.claim, evse_id)):
        yield Flag.OVERLAPPING


def _tell(scope: Scope, before: TransactionRecord, *, after: TransactionRecord, is_new: bool) -> None:
    """Tell what happened to a transaction."""
    view = after.view()
    if after.state is TransactionState.ENDED and before.state is not TransactionState.ENDED:
        scope.unit.emit(transaction_ended(view, at=scope.now))
    elif is_new:
        scope.unit.emit(transaction_started(view, at=scope.now))
    else:
        scope.unit.emit(transaction_updated(view, at=scope.now))


def _tell_readings(scope: Scope, samples: Iterable[Sample], *, evse_id: int | None, connector_id: int | None) -> None:
    """Tell what meters showed."""
    for sample in samples:
        event = meter_values(
            scope.claim.identity,
            at=scope.now,
            evse_id=evse_id,
            connector_id=connector_id,
            transaction=sample.transaction,
            reading=sample.reading,
        )
        scope.unit.emit(event)


def _orphan(scope: Scope, body: Callable[[], bytes], *, action: str, reason: str) -> None:
    """Keep a message that belongs to no transaction."""
    scope.unit.add_orphan(scope.claim, action=action, reason=reason, body=body(), at=scope.now)
    scope.unit.emit(message_orphaned(scope.claim.identity, at=scope.now, action=action, reason=reason))

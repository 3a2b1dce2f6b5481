"""Charging transactions, folded from what stations tell about them. Knows no version's messages, no storage, no clock.

OCPP 1.6 tells a start, readings and a stop; OCPP 2.x tells numbered events, and they may come in any order. Both fold
into one record, never through a state machine that could refuse something: an end is final, what is older than what is
known only fills gaps, and every doubt becomes a flag.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from chargewire.backoffice.domain.authorization import is_same_token
from chargewire.backoffice.domain.clock import is_plausible
from chargewire.backoffice.domain.meter import Reading

T = TypeVar("T")

LOCAL = "Local"
"""The stop reason when a station gives none (T16-009)."""


class TransactionState(StrEnum):
    """Whether charging goes on, as far as the CSMS knows."""

    OPEN = "open"
    ENDED = "ended"
    INFERRED_ENDED = "inferredEnded"


class Flag(StrEnum):
    """A doubt about a transaction, for people to look at.

    The first two describe what is missing and go when it arrives; the others stay.
    """

    NO_START = "no_start"  # its start was not told yet
    GAP = "gap"  # sequence numbers are missing, which may be legal for good (E12.FR.04)
    CLOCK = "clock"  # a time in it cannot be true
    ENDED_TWICE = "ended_twice"  # two different ends were told; the first one holds
    ID_TOKEN_DIFFERS = "id_token_differs"  # noqa: S105 - started by one token, stopped or continued by another
    ID_TOKEN_REFUSED = "id_token_refused"  # noqa: S105 - the token that started it is not accepted
    METER_BACKWARDS = "meter_backwards"  # the register fell
    NOT_ACCEPTED = "not_accepted"  # the station was not accepted when it began
    OVERLAPPING = "overlapping"  # another transaction was open at the same place when it began
    SEQ_REUSED = "seq_reused"  # two different events have one sequence number


class EventType(StrEnum):
    """What a transaction event of OCPP 2.x is about."""

    STARTED = "Started"
    UPDATED = "Updated"
    ENDED = "Ended"


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction as everybody sees it.

    Attributes:
        id: the CSMS's number; in OCPP 1.6 the transaction id that the station was given.
        transaction_id: what the station calls it.
        meter_start_wh: register at the beginning.
        meter_stop_wh: register at the end; ``None`` while it is open.
        energy_wh: what was charged so far; ``None`` when it cannot be known.
        flags: values of :class:`Flag`, sorted.
    """

    id: int
    station: str
    evse_id: int | None
    connector_id: int | None
    transaction_id: str
    id_token: str | None
    state: TransactionState
    charging_state: str | None
    started_at: datetime | None
    ended_at: datetime | None
    stop_reason: str | None
    meter_start_wh: float | None
    meter_stop_wh: float | None
    energy_wh: float | None
    power_w: float | None
    soc_percent: float | None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Orphan:
    """A message about a transaction that is not on record, kept for people to look at.

    Attributes:
        reason: why it belongs nowhere.
        body: the message as JSON.
    """

    id: int
    station: str
    received_at: datetime
    action: str
    reason: str
    body: str


# A frozen dataclass of this width takes ten times as long to copy, and it is copied for every message.
class TransactionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is kept about a transaction, running totals included; :meth:`view` is what others see.

    Attributes:
        station_transaction_id: the station's own id of OCPP 2.x; ``None`` in OCPP 1.6, where ``id`` is the id.
        meter_start_wh: as told by StartTransaction.
        meter_stop_wh: as told by StopTransaction.
        first_register_wh: the earliest register reading by the station's time, and its time.
        last_register_wh: the latest one.
        seq_first: lowest, highest and number of the different sequence numbers.
        seq_started: sequence number of the Started event; likewise ``seq_ended``.
        marks: the flags that stay.
    """

    id: int
    station: str
    station_transaction_id: str | None = None
    evse_id: int | None = None
    connector_id: int | None = None
    id_token: str | None = None
    id_token_at: datetime | None = None
    id_token_seq: int | None = None
    stop_id_token: str | None = None
    state: TransactionState = TransactionState.OPEN
    charging_state: str | None = None
    charging_state_at: datetime | None = None
    charging_state_seq: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    stop_reason: str | None = None
    meter_start_wh: float | None = None
    meter_stop_wh: float | None = None
    first_register_wh: float | None = None
    first_register_at: datetime | None = None
    last_register_wh: float | None = None
    last_register_at: datetime | None = None
    power_w: float | None = None
    power_at: datetime | None = None
    soc_percent: float | None = None
    soc_at: datetime | None = None
    seq_started: int | None = None
    seq_ended: int | None = None
    seq_first: int | None = None
    seq_last: int | None = None
    seq_count: int = 0
    remote_start_id: int | None = None
    reservation_id: int | None = None
    marks: tuple[Flag, ...] = ()

    @property
    def is_open(self) -> bool:
        """Nobody told or inferred its end."""
        return self.state is TransactionState.OPEN

    def marked(self, *flags: Flag) -> TransactionRecord:
        """Add flags that stay."""
        if set(flags) <= set(self.marks):
            return self
        return replace(self, marks=tuple(sorted({*self.marks, *flags})))

    def view(self) -> Transaction:
        """Show what others see of it."""
        ended = self.state is not TransactionState.OPEN
        return Transaction(
            id=self.id,
            station=self.station,
            evse_id=self.evse_id,
            connector_id=self.connector_id,
            transaction_id=self.station_transaction_id or str(self.id),
            id_token=self.id_token,
            state=self.state,
            charging_state=self.charging_state,
            started_at=self.started_at,
            ended_at=self.ended_at,
            stop_reason=self.stop_reason,
            meter_start_wh=_first(self.meter_start_wh, self.first_register_wh),
            meter_stop_wh=_first(self.meter_stop_wh, self.last_register_wh) if ended else None,
            energy_wh=_energy(self),
            power_w=None if ended else self.power_w,
            soc_percent=self.soc_percent,
            flags=_flags(self),
        )


@dataclass(frozen=True, slots=True)
class Start:
    """What a StartTransaction of OCPP 1.6 tells."""

    connector: int
    id_token: str
    at: datetime
    meter_start_wh: int
    reservation_id: int | None = None

    @property
    def key(self) -> bytes:
        """What a repeated attempt has in common with the first (T16-008); the message id may differ."""
        told = f"{self.connector}\0{self.id_token}\0{self.at.timestamp():.6f}\0{self.meter_start_wh}"
        return hashlib.blake2b(told.encode(), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Stop:
    """What a StopTransaction of OCPP 1.6 tells."""

    transaction_id: int
    at: datetime
    meter_stop_wh: int
    reason: str = LOCAL
    id_token: str | None = None
    readings: tuple[Reading, ...] = ()


@dataclass(frozen=True, slots=True)
class TransactionEvent:
    """What a TransactionEvent of OCPP 2.x tells.

    Attributes:
        body: the message as JSON, without ``offline``: a station sets it on a message it has to send again (TX-019).
    """

    type: EventType
    at: datetime
    seq_no: int
    trigger_reason: str
    transaction_id: str
    body: bytes
    offline: bool = False
    evse_id: int | None = None
    connector_id: int | None = None
    id_token: str | None = None
    charging_state: str | None = None
    stopped_reason: str | None = None
    remote_start_id: int | None = None
    reservation_id: int | None = None
    readings: tuple[Reading, ...] = ()

    @property
    def key(self) -> bytes:
        """What a repeated attempt has in common with the first (TX-004)."""
        return hashlib.blake2b(self.body, digest_size=16).digest()


def begin(start: Start, *, station: str, now: datetime) -> TransactionRecord:
    """Open the record of an OCPP 1.6 transaction; its id is allotted when it is stored."""
    return TransactionRecord(
        id=0,
        station=station,
        evse_id=start.connector,
        connector_id=1,
        id_token=start.id_token,
        started_at=start.at,
        meter_start_wh=float(start.meter_start_wh),
        first_register_wh=float(start.meter_start_wh),
        first_register_at=start.at,
        last_register_wh=float(start.meter_start_wh),
        last_register_at=start.at,
        reservation_id=start.reservation_id,
        marks=() if is_plausible(start.at, now=now) else (Flag.CLOCK,),
    )


def stop(record: TransactionRecord, stopped: Stop, *, now: datetime) -> TransactionRecord:
    """Fold in a StopTransaction. The same stop again changes nothing, another one leaves a flag."""
    register = float(stopped.meter_stop_wh)
    if record.state is TransactionState.ENDED:
        told = (record.ended_at, record.meter_stop_wh, record.stop_reason, record.stop_id_token)
        is_repeated = told == (stopped.at, register, stopped.reason, stopped.id_token)
        return record if is_repeated else record.marked(Flag.ENDED_TWICE)
    record = meter(record, stopped.readings)
    flags: list[Flag] = []
    if not is_plausible(stopped.at, now=now) or (record.started_at is not None and stopped.at < record.started_at):
        flags.append(Flag.CLOCK)
    if register < max(_first(record.meter_start_wh, 0.0), _first(record.last_register_wh, 0.0)):
        flags.append(Flag.METER_BACKWARDS)
    if stopped.id_token and record.id_token and not is_same_token(stopped.id_token, record.id_token):
        flags.append(Flag.ID_TOKEN_DIFFERS)
    ended = replace(
        record,
        state=TransactionState.ENDED,
        ended_at=stopped.at,
        stop_reason=stopped.reason,
        stop_id_token=stopped.id_token,
        meter_stop_wh=register,
    )
    return ended.marked(*flags)


def meter(record: TransactionRecord, readings: Iterable[Reading]) -> TransactionRecord:
    """Fold in readings. Only registers move the totals; a late reading never takes the place of a newer one.

    A late register is compared with both ends of the curve, not with its neighbours: those would have to be read back.
    """
    for reading in readings:
        if reading.energy_import_wh is not None:
            record = _register(record, reading.at, reading.energy_import_wh)
        if reading.power_import_w is not None and _is_newer(reading.at, record.power_at):
            record = replace(record, power_w=reading.power_import_w, power_at=reading.at)
        if reading.soc_percent is not None and _is_newer(reading.at, record.soc_at):
            record = replace(record, soc_percent=reading.soc_percent, soc_at=reading.at)
    return record


def fold(record: TransactionRecord, event: TransactionEvent, *, seq_seen: bool, now: datetime) -> TransactionRecord:
    """Fold in an OCPP 2.x event that is no repetition, whatever came before it.

    Args:
        record: what is known so far; an empty record before the first event.
        event: what the station tells.
        seq_seen: another event of the transaction has the same sequence number.
        now: the CSMS's time, to judge the station's.
    """
    record = _count(record, event, seq_seen=seq_seen)
    record = meter(record, event.readings)
    record = _place(record, event)
    if event.id_token is not None:
        record = _identify(record, event, event.id_token)
    order = (event.at, event.seq_no)
    if event.charging_state is not None and (
        record.charging_state_at is None or order >= (record.charging_state_at, record.charging_state_seq or 0)
    ):
        record = replace(
            record,
            charging_state=event.charging_state,
            charging_state_at=event.at,
            charging_state_seq=event.seq_no,
        )
    if not is_plausible(event.at, now=now):
        record = record.marked(Flag.CLOCK)
    match event.type:
        case EventType.STARTED:
            return _start(record, event)
        case EventType.UPDATED:
            return record
        case EventType.ENDED:
            return _end(record, event)


def _count(record: TransactionRecord, event: TransactionEvent, *, seq_seen: bool) -> TransactionRecord:
    """Keep account of the sequence numbers."""
    if seq_seen:
        return record.marked(Flag.SEQ_REUSED)
    return replace(
        record,
        seq_first=event.seq_no if record.seq_first is None else min(record.seq_first, event.seq_no),
        seq_last=event.seq_no if record.seq_last is None else max(record.seq_last, event.seq_no),
        seq_count=record.seq_count + 1,
    )


def _place(record: TransactionRecord, event: TransactionEvent) -> TransactionRecord:
    """Take what is told once in a transaction, with whichever event it comes (TX-010)."""
    return replace(
        record,
        evse_id=_first(record.evse_id, event.evse_id),
        connector_id=_first(record.connector_id, event.connector_id),
        remote_start_id=_first(record.remote_start_id, event.remote_start_id),
        reservation_id=_first(record.reservation_id, event.reservation_id),
    )


def _identify(record: TransactionRecord, event: TransactionEvent, id_token: str) -> TransactionRecord:
    """Take the token of the earliest event that has one: a later one may be that of who stopped it."""
    if record.id_token is not None and not is_same_token(record.id_token, id_token):
        record = record.marked(Flag.ID_TOKEN_DIFFERS)
    if record.id_token_at is not None and (event.at, event.seq_no) >= (record.id_token_at, record.id_token_seq or 0):
        return record
    return replace(record, id_token=id_token, id_token_at=event.at, id_token_seq=event.seq_no)


def _start(record: TransactionRecord, event: TransactionEvent) -> TransactionRecord:
    if record.started_at is not None and record.started_at <= event.at:
        return record
    return replace(record, started_at=event.at, seq_started=event.seq_no)


def _end(record: TransactionRecord, event: TransactionEvent) -> TransactionRecord:
    if record.state is TransactionState.ENDED:
        return record.marked(Flag.ENDED_TWICE)
    return replace(
        record,
        state=TransactionState.ENDED,
        ended_at=event.at,
        stop_reason=event.stopped_reason or LOCAL,
        seq_ended=event.seq_no,
    )


def _register(record: TransactionRecord, at: datetime, register: float) -> TransactionRecord:
    """Fold in one reading of the energy register."""
    if record.first_register_at is None or record.first_register_wh is None:
        return replace(
            record,
            first_register_at=at,
            first_register_wh=register,
            last_register_at=at,
            last_register_wh=register,
        )
    first_at, last_at = record.first_register_at, record.last_register_at or record.first_register_at
    first, last = record.first_register_wh, _first(record.last_register_wh, record.first_register_wh)
    falls = (at > first_at and register < first) or (at > last_at and register < last)
    falls = falls or (at < last_at and register > last) or (at < first_at and register > first)
    if falls:
        record = record.marked(Flag.METER_BACKWARDS)
    # Several readings may carry one time (E12.FR.06): the ends are then the lowest and the highest of them.
    if at < first_at or (at == first_at and register < first):
        record = replace(record, first_register_at=at, first_register_wh=register)
    if at > last_at or (at == last_at and register > last):
        record = replace(record, last_register_at=at, last_register_wh=register)
    return record


def _energy(record: TransactionRecord) -> float | None:
    """Tell what was charged: registers are not rebased (MET-010), so it is the last minus the first."""
    first = _first(record.meter_start_wh, record.first_register_wh)
    last = _first(record.meter_stop_wh, record.last_register_wh)
    if first is None or last is None or last < first:
        return None
    is_single = record.meter_start_wh is None and record.first_register_at == record.last_register_at and first == last
    if is_single and not record.is_open:
        return None  # one reading tells where the meter stood, not what flowed
    return round(last - first, 6)


def _flags(record: TransactionRecord) -> tuple[str, ...]:
    """Join the flags that stay with those that say what is missing now."""
    flags: set[str] = set(record.marks)
    if record.station_transaction_id is not None and record.seq_started is None:
        flags.add(Flag.NO_START)
    # TX-003: complete is every number between the first and the last, in any order of arrival.
    if record.seq_first is not None and record.seq_last is not None:
        span = record.seq_last - record.seq_first + 1
        if record.seq_count < span:
            flags.add(Flag.GAP)
    return tuple(sorted(str(flag) for flag in flags))


def _is_newer(at: datetime, known: datetime | None) -> bool:
    return known is None or at >= known


def _first(one: T | None, other: T) -> T:
    return other if one is None else one

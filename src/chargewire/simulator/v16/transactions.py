"""The transactions of a simulated station as OCPP 1.6 tells them: messages that must arrive, in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from msgspec.structs import replace

from chargewire import v16
from chargewire.errors import OcppError
from chargewire.simulator.actions import EventType, IdToken, StopReason, TransactionChanged, Trigger
from chargewire.simulator.dialect import Context, Host
from chargewire.simulator.meter import Sample
from chargewire.simulator.readings import readings
from chargewire.simulator.tokens import TokenInfo

MAX_TRANSACTION_DATA = 60  # readings in one StopTransaction: what fits a message of 128 KiB with room to spare
NEVER_CONFIRMED = -1  # T16-006

_REASONS = {
    StopReason.REMOTE: v16.Reason.REMOTE,
    StopReason.EV_DISCONNECTED: v16.Reason.EV_DISCONNECTED,
    StopReason.DE_AUTHORIZED: v16.Reason.DE_AUTHORIZED,
    StopReason.SOFT_RESET: v16.Reason.SOFT_RESET,
    StopReason.HARD_RESET: v16.Reason.HARD_RESET,
    StopReason.UNLOCK_COMMAND: v16.Reason.UNLOCK_COMMAND,
    StopReason.EMERGENCY_STOP: v16.Reason.EMERGENCY_STOP,
}

Q = TypeVar("Q", v16.StopTransaction, v16.MeterValues)


@dataclass(slots=True)
class _Started:
    """A transaction that the CSMS was told of.

    Attributes:
        answer: Of the StartTransaction; has the id that the CSMS gave.
        readings: For the StopTransaction.
    """

    id_token: IdToken
    answer: asyncio.Future[v16.StartTransactionResponse]
    readings: list[v16.MeterValue] = field(default_factory=list[v16.MeterValue])

    def transaction_id(self) -> int | None:
        """Return the id that the CSMS gave; None while it gave none."""
        if not self.answer.done() or self.answer.cancelled() or self.answer.exception() is not None:
            return None
        return self.answer.result().transaction_id


class Transactions:
    """The transactions of one station, and what the CSMS knows about them."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._started: dict[str, _Started] = {}

    def tell(self, event: TransactionChanged) -> None:
        """Deliver StartTransaction, MeterValues or StopTransaction (T16-004)."""
        at = self._host.clock()
        match event.type:
            case EventType.STARTED:
                self._tell_started(event, at)
            case EventType.UPDATED:
                self._tell_sample(event, at)
            case EventType.ENDED:
                self._tell_ended(event, at)

    def deliver_aligned(self, connector: int, at: datetime) -> None:
        """Deliver what a connector reads at a time on the clock; 0 is the main meter."""
        value = self._read(connector, self._host.settings.aligned_measurands, Context.CLOCK, at)
        self._deliver_value(connector, self._running(connector), value)

    def values_now(self, connector: int, measurands: list[str], context: Context) -> v16.MeterValues | None:
        """Write what a connector reads now, 0 being the main meter; None when no measurand applies."""
        value = self._read(connector, measurands, context, self._host.clock())
        if not value.sampled_value:
            return None
        started = self._running(connector)
        known = None if started is None else started.transaction_id()
        return v16.MeterValues(connector_id=connector, transaction_id=known, meter_value=[value])

    def find(self, transaction_id: int) -> str | None:
        """Return the station's own name of a transaction that the CSMS knows by number."""
        for name, started in self._started.items():
            if started.transaction_id() == transaction_id and self._host.model.find(name) is not None:
                return name
        return None

    def _tell_started(self, event: TransactionChanged, at: datetime) -> None:
        id_token = event.id_token or IdToken("")
        answer: asyncio.Future[v16.StartTransactionResponse] = self._host.deliver(
            v16.StartTransaction(
                connector_id=event.connector,
                id_tag=id_token.value[:20],
                meter_start=event.sample.energy_wh,
                timestamp=at,
            )
        )
        started = self._started[event.transaction_id] = _Started(id_token, answer)
        self._keep(started, event.sample, Context.BEGIN, at)
        self._host.spawn(self._confirm(event.transaction_id, started))

    async def _confirm(self, name: str, started: _Started) -> None:
        """Act on the answer to a StartTransaction (T16-003)."""
        try:
            answer = await started.answer
        except OcppError:
            return  # given up; the rest of the transaction says so with its id
        info = token_info(answer.id_tag_info)
        self._host.tokens.learn(started.id_token, info)
        if not info.accepted:
            self._host.perform(self._host.model.refused(name, self._host.now()))

    def _tell_sample(self, event: TransactionChanged, at: datetime) -> None:
        """Deliver a reading that is due; 1.6 hears of other changes by their status."""
        if event.trigger is not Trigger.METER_VALUE_PERIODIC:
            return
        started = self._started[event.transaction_id]
        value = meter_value(event.sample, self._host.settings.sampled_measurands, Context.PERIODIC, at)
        self._deliver_value(event.connector, started, value)
        self._keep(started, event.sample, Context.PERIODIC, at)

    def _tell_ended(self, event: TransactionChanged, at: datetime) -> None:
        started = self._started[event.transaction_id]
        self._keep(started, event.sample, Context.END, at)
        reason = event.stop_reason or StopReason.LOCAL
        answer = self._host.deliver(
            v16.StopTransaction(
                transaction_id=NEVER_CONFIRMED,
                id_tag=event.id_token.value[:20] if event.id_token is not None else None,
                meter_stop=event.sample.energy_wh,
                timestamp=at,
                # T16-009: without a reason it is Local.
                reason=None if reason is StopReason.LOCAL else _REASONS.get(reason, v16.Reason.OTHER),
                transaction_data=started.readings or None,
            ),
            revise=self._numbered(started),
        )
        answer.add_done_callback(lambda _: self._started.pop(event.transaction_id, None))

    def _read(self, connector: int, measurands: list[str], context: Context, at: datetime) -> v16.MeterValue:
        return meter_value(self._host.model.sample(connector, self._host.now()), measurands, context, at)

    def _running(self, connector: int) -> _Started | None:
        """Return the transaction of a connector; the main meter has none (MET-004)."""
        running = self._host.model.connectors[connector - 1].transaction if connector else None
        return None if running is None else self._started[running.id]

    def _deliver_value(self, connector: int, started: _Started | None, value: v16.MeterValue) -> None:
        if not value.sampled_value:
            return
        request = v16.MeterValues(connector_id=connector, meter_value=[value])
        self._host.deliver(request, revise=None if started is None else self._numbered(started))

    def _keep(self, started: _Started, sample: Sample, context: Context, at: datetime) -> None:
        """Collect a reading for the end of the transaction (T16-011)."""
        measurands = self._host.settings.stopped_measurands
        if not measurands:
            return
        readings = started.readings
        readings.append(meter_value(sample, measurands, context, at))
        if len(readings) > MAX_TRANSACTION_DATA:
            # Begin and the latest stay; of those in between every second one goes.
            del readings[1:-1:2]

    def _numbered(self, started: _Started) -> Callable[[Q], Q]:
        """Fill in the number that the CSMS gave, which may not be known before the message leaves."""

        def revise(message: Q) -> Q:
            known = started.transaction_id()
            return replace(message, transaction_id=NEVER_CONFIRMED if known is None else known)

        return revise


def meter_value(sample: Sample, measurands: list[str], context: Context, at: datetime) -> v16.MeterValue:
    """Write a reading."""
    return v16.MeterValue(
        timestamp=at,
        sampled_value=[
            v16.SampledValue(
                value=str(reading),
                measurand=v16.Measurand(reading.measurand),
                unit=v16.UnitOfMeasure(reading.unit),
                phase=None if reading.phase is None else v16.Phase(reading.phase),
                context=v16.ReadingContext(context),
            )
            for reading in readings(sample, measurands)
        ],
    )


def token_info(info: v16.IdTagInfo) -> TokenInfo:
    """Read what the CSMS says about a token."""
    group = None if info.parent_id_tag is None else IdToken(info.parent_id_tag)
    return TokenInfo(info.status is v16.AuthorizationStatus.ACCEPTED, group, info.expiry_date)

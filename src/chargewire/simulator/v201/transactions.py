"""The transactions of a simulated station as OCPP 2.0.1 tells them: events that must arrive, in order."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime

from msgspec.structs import replace

from chargewire import v201
from chargewire.errors import OcppError
from chargewire.simulator.actions import EventType, IdToken, StopReason, TransactionChanged, Trigger
from chargewire.simulator.dialect import Context, Host
from chargewire.simulator.meter import Sample
from chargewire.simulator.readings import readings
from chargewire.simulator.tokens import TokenInfo

_REASONS = {
    StopReason.SOFT_RESET: v201.ReasonEnumType.IMMEDIATE_RESET,
    StopReason.HARD_RESET: v201.ReasonEnumType.IMMEDIATE_RESET,
    StopReason.UNLOCK_COMMAND: v201.ReasonEnumType.OTHER,
}


class Transactions:
    """The transactions of one station, and which of their events are still on the way."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._queued: Counter[str] = Counter()
        self._first: dict[str, tuple[Sample, datetime]] = {}

    def is_queued(self, transaction_id: str | None) -> bool:
        """Whether an event of the transaction, or of any, waits for its answer (TX-023)."""
        return self._queued.total() > 0 if transaction_id is None else self._queued[transaction_id] > 0

    def tell(self, event: TransactionChanged) -> None:
        """Deliver a TransactionEvent."""
        at = self._host.clock()
        if event.type is EventType.STARTED:
            self._first[event.transaction_id] = (event.sample, at)
        request = self._request(event, at)
        self._queued[event.transaction_id] += 1
        answer = self._host.deliver(request, revise=self._offline())
        self._host.spawn(self._confirm(event, answer))

    def _request(self, event: TransactionChanged, at: datetime) -> v201.TransactionEvent:
        reason = event.stop_reason
        stopped = None if reason is None else _REASONS.get(reason) or v201.ReasonEnumType(reason)
        state = event.charging_state
        charging = event.sample.power_w > 0
        return v201.TransactionEvent(
            event_type=v201.TransactionEventEnumType(event.type),
            timestamp=at,
            trigger_reason=v201.TriggerReasonEnumType(event.trigger),
            seq_no=event.seq_no,
            offline=None if self._host.is_online else True,
            # TX-025: when energy begins to flow.
            number_of_phases_used=event.sample.phases if state is not None and charging else None,
            transaction_info=v201.TransactionType(
                transaction_id=event.transaction_id,
                charging_state=None if state is None else v201.ChargingStateEnumType(state),
                stopped_reason=stopped,
                remote_start_id=event.remote_start_id,
            ),
            evse=v201.EVSEType(id=event.connector, connector_id=1) if event.tells_connector else None,
            id_token=None if event.id_token is None else id_token_type(event.id_token),
            meter_value=self._values(event, at) or None,
        )

    def _values(self, event: TransactionChanged, at: datetime) -> list[v201.MeterValueType]:
        """Choose the readings that belong to an event (MET-007)."""
        settings = self._host.settings
        match event.type:
            case EventType.STARTED:
                return meter_values([(event.sample, Context.BEGIN, at)], settings.started_measurands)
            case EventType.UPDATED if event.trigger is Trigger.METER_VALUE_PERIODIC:
                return meter_values([(event.sample, Context.PERIODIC, at)], settings.sampled_measurands)
            case EventType.UPDATED if event.trigger is Trigger.TRIGGER:
                return meter_values([(event.sample, Context.TRIGGER, at)], settings.sampled_measurands)
            case EventType.UPDATED:
                return []
            case EventType.ENDED:
                first, begun_at = self._first.pop(event.transaction_id)
                taken = [(first, Context.BEGIN, begun_at), (event.sample, Context.END, at)]
                return meter_values(taken, settings.stopped_measurands)

    def _offline(self) -> Callable[[v201.TransactionEvent], v201.TransactionEvent]:
        """Mark an event that could not leave before the link was lost (TX-019)."""
        outages = self._host.outages

        def revise(event: v201.TransactionEvent) -> v201.TransactionEvent:
            return event if self._host.outages == outages else replace(event, offline=True)

        return revise

    async def _confirm(self, event: TransactionChanged, answer: asyncio.Future[v201.TransactionEventResponse]) -> None:
        """Act on what the CSMS says about the token (TX-012, TX-013)."""
        name = event.transaction_id
        try:
            info = (await answer).id_token_info
        except OcppError:
            info = None  # given up
        self._queued[name] -= 1
        if event.type is EventType.ENDED:
            del self._queued[name]
        if info is None:
            return
        known = token_info(info)
        if event.id_token is not None:
            self._host.tokens.learn(event.id_token, known)
        if not known.accepted:
            self._host.perform(self._host.model.refused(name, self._host.now()))


def meter_values(
    samples: Iterable[tuple[Sample, Context, datetime]], measurands: list[str]
) -> list[v201.MeterValueType]:
    """Write readings; none where no measurand applies."""
    values: list[v201.MeterValueType] = []
    for sample, context, at in samples:
        sampled = [
            v201.SampledValueType(
                value=round(reading.value, reading.decimals),
                context=v201.ReadingContextEnumType(context),
                measurand=v201.MeasurandEnumType(reading.measurand),
                phase=None if reading.phase is None else v201.PhaseEnumType(reading.phase),
                unit_of_measure=v201.UnitOfMeasureType(unit=reading.unit),
            )
            for reading in readings(sample, measurands)
        ]
        if sampled:
            values.append(v201.MeterValueType(timestamp=at, sampled_value=sampled))
    return values


def id_token_type(id_token: IdToken) -> v201.IdTokenType:
    """Write a token."""
    return v201.IdTokenType(id_token=id_token.value, type=v201.IdTokenEnumType(id_token.type))


def read_id_token(id_token: v201.IdTokenType) -> IdToken:
    """Read a token."""
    return IdToken(id_token.id_token, id_token.type)


def token_info(info: v201.IdTokenInfoType) -> TokenInfo:
    """Read what the CSMS says about a token."""
    group = None if info.group_id_token is None else read_id_token(info.group_id_token)
    accepted = info.status is v201.AuthorizationStatusEnumType.ACCEPTED
    return TokenInfo(accepted, group, info.cache_expiry_date_time)

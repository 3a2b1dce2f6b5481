"""Transactions, OCPP 2.0.1 block E."""

from __future__ import annotations

from msgspec.structs import replace

from chargewire import on, v201
from chargewire.backoffice.domain import EventType, TransactionEvent
from chargewire.backoffice.handlers.station import ChargingStation
from chargewire.backoffice.handlers.v201.authorization import id_token_info, presented_token
from chargewire.backoffice.handlers.v201.gate import GatedHandlers
from chargewire.backoffice.handlers.v201.metering import read_meter_values
from chargewire.validation import encode


class TransactionHandlers(GatedHandlers):
    """Confirms every event: the station only tells what has happened already (TX-003)."""

    @on(v201.TransactionEvent)
    async def event(self, station: ChargingStation, request: v201.TransactionEvent) -> v201.TransactionEventResponse:
        """Answer with the status of the token, if one was given (TX-012)."""
        decision = await self._services.transactions.event(
            station,
            read_event(request),
            token=None if request.id_token is None else presented_token(request.id_token),
        )
        return v201.TransactionEventResponse(id_token_info=None if decision is None else id_token_info(decision))


def read_event(request: v201.TransactionEvent) -> TransactionEvent:
    """Read an event into the domain."""
    info, evse = request.transaction_info, request.evse
    return TransactionEvent(
        type=EventType(request.event_type.value),
        at=request.timestamp,
        seq_no=request.seq_no,
        trigger_reason=request.trigger_reason.value,
        transaction_id=info.transaction_id,
        body=encode(request if request.offline is None else replace(request, offline=None)),
        offline=bool(request.offline),
        evse_id=None if evse is None else evse.id,
        connector_id=None if evse is None else evse.connector_id,
        id_token=None if request.id_token is None else request.id_token.id_token,
        charging_state=None if info.charging_state is None else info.charging_state.value,
        stopped_reason=None if info.stopped_reason is None else info.stopped_reason.value,
        remote_start_id=info.remote_start_id,
        reservation_id=request.reservation_id,
        readings=read_meter_values(request.meter_value or ()),
    )

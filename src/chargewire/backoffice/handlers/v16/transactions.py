"""Start and stop of transactions, OCPP 1.6."""

from __future__ import annotations

from functools import partial

from chargewire import Handlers, on, v16
from chargewire.backoffice.domain import Start, Stop
from chargewire.backoffice.domain.transactions import LOCAL
from chargewire.backoffice.handlers.station import ChargingStation
from chargewire.backoffice.handlers.v16.authorization import id_tag_info
from chargewire.backoffice.handlers.v16.metering import read_meter_values
from chargewire.backoffice.services.transactions import Transactions
from chargewire.validation import encode


class TransactionHandlers(Handlers):
    """Confirms every start and stop: the station only tells what has happened already (T16-002)."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    @on(v16.StartTransaction)
    async def start(self, station: ChargingStation, request: v16.StartTransaction) -> v16.StartTransactionResponse:
        """Answer with an id, and with the status of the tag."""
        start = Start(
            connector=request.connector_id,
            id_token=request.id_tag,
            at=request.timestamp,
            meter_start_wh=request.meter_start,
            reservation_id=request.reservation_id,
        )
        started = await self._transactions.start(station, start)
        return v16.StartTransactionResponse(
            transaction_id=started.transaction_id, id_tag_info=id_tag_info(started.decision)
        )

    @on(v16.StopTransaction)
    async def stop(self, station: ChargingStation, request: v16.StopTransaction) -> v16.StopTransactionResponse:
        """Answer with the status of the tag, if one was given."""
        stopped = Stop(
            transaction_id=request.transaction_id,
            at=request.timestamp,
            meter_stop_wh=request.meter_stop,
            reason=LOCAL if request.reason is None else request.reason.value,
            id_token=request.id_tag,
            readings=read_meter_values(request.transaction_data or ()),
        )
        decision = await self._transactions.stop(station, stopped, body=partial(encode, request))
        return v16.StopTransactionResponse(id_tag_info=None if decision is None else id_tag_info(decision))

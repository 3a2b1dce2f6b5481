"""Meter values, OCPP 1.6."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from itertools import chain

from chargewire import Handlers, on, v16
from chargewire.backoffice.domain import Reading, SampledValue, read_samples
from chargewire.backoffice.domain.meter import ENERGY_REGISTER, OUTLET, PERIODIC, RAW
from chargewire.backoffice.domain.stations import STATION_EVSE
from chargewire.backoffice.handlers.station import ChargingStation
from chargewire.backoffice.services import MeterReport
from chargewire.backoffice.services.transactions import Transactions
from chargewire.validation import encode


class MeteringHandlers(Handlers):
    """Takes note of what meters show."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    @on(v16.MeterValues)
    async def meter_values(self, station: ChargingStation, request: v16.MeterValues) -> v16.MeterValuesResponse:
        """Confirm all meter values (MET-006)."""
        report = MeterReport(
            evse_id=request.connector_id,
            connector_id=0 if request.connector_id == STATION_EVSE else 1,
            readings=read_meter_values(request.meter_value),
            transaction_id=request.transaction_id,
            body=partial(encode, request),
        )
        await self._transactions.meter_values(station, report)
        return v16.MeterValuesResponse()


def read_meter_values(meter_values: Iterable[v16.MeterValue]) -> tuple[Reading, ...]:
    """Read meter values into readings."""
    return tuple(
        chain.from_iterable(
            read_samples(meter_value.timestamp, map(_sampled_value, meter_value.sampled_value))
            for meter_value in meter_values
        )
    )


def _sampled_value(sample: v16.SampledValue) -> SampledValue:
    return SampledValue(
        value=sample.value,
        context=sample.context or PERIODIC,
        measurand=sample.measurand or ENERGY_REGISTER,
        phase=sample.phase,
        location=sample.location or OUTLET,
        unit=sample.unit,
        format=sample.format or RAW,
    )

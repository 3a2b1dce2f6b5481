"""Meter values, OCPP 2.0.1 block J."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from itertools import chain

import msgspec

from chargewire import on, v201
from chargewire.backoffice.domain import Reading, SampledValue, read_samples
from chargewire.backoffice.domain.meter import ENERGY_REGISTER, OUTLET, PERIODIC
from chargewire.backoffice.handlers.station import ChargingStation
from chargewire.backoffice.handlers.v201.gate import GatedHandlers
from chargewire.backoffice.services import MeterReport
from chargewire.validation import encode


class MeteringHandlers(GatedHandlers):
    """Takes note of what meters show."""

    @on(v201.MeterValues)
    async def meter_values(self, station: ChargingStation, request: v201.MeterValues) -> v201.MeterValuesResponse:
        """Confirm all meter values (MET-006)."""
        report = MeterReport(
            evse_id=request.evse_id,
            connector_id=None,
            readings=read_meter_values(request.meter_value),
            transaction_id=None,
            body=partial(encode, request),
        )
        await self._services.transactions.meter_values(station, report)
        return v201.MeterValuesResponse()


def read_meter_values(meter_values: Iterable[v201.MeterValueType]) -> tuple[Reading, ...]:
    """Read meter values into readings."""
    return tuple(
        chain.from_iterable(
            read_samples(meter_value.timestamp, map(_sampled_value, meter_value.sampled_value))
            for meter_value in meter_values
        )
    )


def _sampled_value(sample: v201.SampledValueType) -> SampledValue:
    unit, signed = sample.unit_of_measure, sample.signed_meter_value
    return SampledValue(
        value=sample.value,
        context=sample.context or PERIODIC,
        measurand=sample.measurand or ENERGY_REGISTER,
        phase=sample.phase,
        location=sample.location or OUTLET,
        unit=None if unit is None else unit.unit,
        multiplier=0 if unit is None else unit.multiplier or 0,
        signed=None if signed is None else msgspec.to_builtins(signed),
    )

"""Vendors' own messages, OCPP 2.0.1 block P."""

from __future__ import annotations

from chargewire import on, v201
from chargewire.backoffice.handlers.station import ChargingStation
from chargewire.backoffice.handlers.v201.gate import GatedHandlers


class DataTransferHandlers(GatedHandlers):
    """Knows no vendor."""

    @on(v201.DataTransfer)
    async def data_transfer(self, station: ChargingStation, _: v201.DataTransfer) -> v201.DataTransferResponse:
        """Answer that nobody here speaks for the vendor."""
        await self._services.provisioning.notification(station, "DataTransfer")
        return v201.DataTransferResponse(status=v201.DataTransferStatusEnumType.UNKNOWN_VENDOR_ID)

"""Vendors' own messages, OCPP 1.6."""

from __future__ import annotations

from chargewire import Handlers, on, v16
from chargewire.backoffice.handlers.station import ChargingStation
from chargewire.backoffice.services.provisioning import Provisioning


class DataTransferHandlers(Handlers):
    """Knows no vendor."""

    def __init__(self, provisioning: Provisioning) -> None:
        self._provisioning = provisioning

    @on(v16.DataTransfer)
    async def data_transfer(self, station: ChargingStation, _: v16.DataTransfer) -> v16.DataTransferResponse:
        """Answer that nobody here speaks for the vendor."""
        await self._provisioning.notification(station, "DataTransfer")
        return v16.DataTransferResponse(status=v16.DataTransferStatus.UNKNOWN_VENDOR_ID)

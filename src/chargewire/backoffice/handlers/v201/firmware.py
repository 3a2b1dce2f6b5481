"""Progress of firmware updates, OCPP 2.0.1 block L."""

from __future__ import annotations

from chargewire import on, v201
from chargewire.backoffice.handlers.station import ChargingStation
from chargewire.backoffice.handlers.v201.gate import GatedHandlers


class FirmwareHandlers(GatedHandlers):
    """Takes note of progress."""

    @on(v201.FirmwareStatusNotification)
    async def firmware_status(
        self, station: ChargingStation, _: v201.FirmwareStatusNotification
    ) -> v201.FirmwareStatusNotificationResponse:
        """Confirm the progress of a firmware update."""
        await self._services.provisioning.notification(station, "FirmwareStatusNotification")
        return v201.FirmwareStatusNotificationResponse()

    @on(v201.PublishFirmwareStatusNotification)
    async def publish_status(
        self, station: ChargingStation, _: v201.PublishFirmwareStatusNotification
    ) -> v201.PublishFirmwareStatusNotificationResponse:
        """Confirm the progress of a local controller's publication."""
        await self._services.provisioning.notification(station, "PublishFirmwareStatusNotification")
        return v201.PublishFirmwareStatusNotificationResponse()

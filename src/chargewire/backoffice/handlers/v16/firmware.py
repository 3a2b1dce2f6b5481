"""Progress of firmware updates, diagnostics and logs, OCPP 1.6 with its security extension."""

from __future__ import annotations

from chargewire import Handlers, on, v16
from chargewire.backoffice.handlers.station import ChargingStation
from chargewire.backoffice.services.provisioning import Provisioning


class FirmwareHandlers(Handlers):
    """Takes note of progress."""

    def __init__(self, provisioning: Provisioning) -> None:
        self._provisioning = provisioning

    @on(v16.DiagnosticsStatusNotification)
    async def diagnostics_status(
        self, station: ChargingStation, _: v16.DiagnosticsStatusNotification
    ) -> v16.DiagnosticsStatusNotificationResponse:
        """Confirm the progress of a diagnostics upload."""
        await self._provisioning.notification(station, "DiagnosticsStatusNotification")
        return v16.DiagnosticsStatusNotificationResponse()

    @on(v16.FirmwareStatusNotification)
    async def firmware_status(
        self, station: ChargingStation, _: v16.FirmwareStatusNotification
    ) -> v16.FirmwareStatusNotificationResponse:
        """Confirm the progress of a firmware update."""
        await self._provisioning.notification(station, "FirmwareStatusNotification")
        return v16.FirmwareStatusNotificationResponse()

    @on(v16.SignedFirmwareStatusNotification)
    async def signed_firmware_status(
        self, station: ChargingStation, _: v16.SignedFirmwareStatusNotification
    ) -> v16.SignedFirmwareStatusNotificationResponse:
        """Confirm the progress of a signed firmware update."""
        await self._provisioning.notification(station, "SignedFirmwareStatusNotification")
        return v16.SignedFirmwareStatusNotificationResponse()

    @on(v16.LogStatusNotification)
    async def log_status(
        self, station: ChargingStation, _: v16.LogStatusNotification
    ) -> v16.LogStatusNotificationResponse:
        """Confirm the progress of a log upload."""
        await self._provisioning.notification(station, "LogStatusNotification")
        return v16.LogStatusNotificationResponse()

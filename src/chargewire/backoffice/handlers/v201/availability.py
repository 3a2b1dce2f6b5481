"""Status of connectors and of reservations, OCPP 2.0.1 block G and H."""

from __future__ import annotations

from chargewire import on, v201
from chargewire.backoffice.domain import StatusReport
from chargewire.backoffice.handlers.station import ChargingStation
from chargewire.backoffice.handlers.v201.gate import GatedHandlers


class AvailabilityHandlers(GatedHandlers):
    """Takes note of what connectors are doing."""

    @on(v201.StatusNotification)
    async def status(
        self, station: ChargingStation, request: v201.StatusNotification
    ) -> v201.StatusNotificationResponse:
        """Confirm every status, whatever it was before."""
        report = StatusReport(
            evse_id=request.evse_id,
            connector_id=request.connector_id,
            status=request.connector_status.value,
            at=request.timestamp,
        )
        await self._services.provisioning.status(station, report)
        return v201.StatusNotificationResponse()

    @on(v201.ReservationStatusUpdate)
    async def reservation_status(
        self, station: ChargingStation, _: v201.ReservationStatusUpdate
    ) -> v201.ReservationStatusUpdateResponse:
        """Confirm the end of a reservation."""
        await self._services.provisioning.notification(station, "ReservationStatusUpdate")
        return v201.ReservationStatusUpdateResponse()

"""Status of connectors, OCPP 1.6."""

from __future__ import annotations

from chargewire import Handlers, on, v16
from chargewire.backoffice.domain import StatusReport
from chargewire.backoffice.domain.stations import STATION_EVSE
from chargewire.backoffice.handlers.station import ChargingStation
from chargewire.backoffice.services.provisioning import Provisioning


class AvailabilityHandlers(Handlers):
    """Takes note of what connectors are doing."""

    def __init__(self, provisioning: Provisioning) -> None:
        self._provisioning = provisioning

    @on(v16.StatusNotification)
    async def status(self, station: ChargingStation, request: v16.StatusNotification) -> v16.StatusNotificationResponse:
        """Confirm every status, whatever it was before (T16-015)."""
        is_fine = request.error_code is v16.ChargePointErrorCode.NO_ERROR
        report = StatusReport(
            evse_id=request.connector_id,
            connector_id=0 if request.connector_id == STATION_EVSE else 1,
            status=request.status.value,
            at=request.timestamp,
            error_code=None if is_fine else request.error_code.value,
            info=request.info,
            vendor_error_code=request.vendor_error_code,
        )
        await self._provisioning.status(station, report)
        return v16.StatusNotificationResponse()

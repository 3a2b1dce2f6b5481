"""Boot, heartbeat and reports, OCPP 2.0.1 block B and G."""

from __future__ import annotations

from chargewire import on, v201
from chargewire.backoffice.domain import BootReport
from chargewire.backoffice.handlers.station import ChargingStation
from chargewire.backoffice.handlers.v201.gate import GatedHandlers


class ProvisioningHandlers(GatedHandlers):
    """Answers what a station sends to be let in, and to stay in touch."""

    @on(v201.BootNotification)
    async def boot(self, station: ChargingStation, request: v201.BootNotification) -> v201.BootNotificationResponse:
        """Answer with the registration of the station."""
        charging_station = request.charging_station
        report = BootReport(
            vendor=charging_station.vendor_name,
            model=charging_station.model,
            serial_number=charging_station.serial_number,
            firmware_version=charging_station.firmware_version,
            reason=request.reason.value,
        )
        answer = await self._services.provisioning.boot(station, report)
        return v201.BootNotificationResponse(
            current_time=answer.current_time,
            interval=answer.interval,
            status=v201.RegistrationStatusEnumType(answer.registration.value),
        )

    @on(v201.Heartbeat)
    async def heartbeat(self, station: ChargingStation, _: v201.Heartbeat) -> v201.HeartbeatResponse:
        """Answer with the time (HB-002)."""
        return v201.HeartbeatResponse(current_time=await self._services.provisioning.heartbeat(station))

    @on(v201.NotifyReport)
    async def report(self, station: ChargingStation, _: v201.NotifyReport) -> v201.NotifyReportResponse:
        """Confirm a part of a report."""
        await self._services.provisioning.notification(station, "NotifyReport")
        return v201.NotifyReportResponse()

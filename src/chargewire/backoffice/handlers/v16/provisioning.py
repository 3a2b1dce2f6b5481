"""Boot and heartbeat, OCPP 1.6."""

from __future__ import annotations

from chargewire import Handlers, on, v16
from chargewire.backoffice.domain import BootReport
from chargewire.backoffice.handlers.station import ChargingStation
from chargewire.backoffice.services.provisioning import Provisioning


class ProvisioningHandlers(Handlers):
    """Answers what a station sends to be let in, and to stay in touch."""

    def __init__(self, provisioning: Provisioning) -> None:
        self._provisioning = provisioning

    @on(v16.BootNotification)
    async def boot(self, station: ChargingStation, request: v16.BootNotification) -> v16.BootNotificationResponse:
        """Answer with the registration of the station."""
        report = BootReport(
            vendor=request.charge_point_vendor,
            model=request.charge_point_model,
            # chargeBoxSerialNumber is deprecated, and older stations send nothing else.
            serial_number=request.charge_point_serial_number or request.charge_box_serial_number,
            firmware_version=request.firmware_version,
        )
        answer = await self._provisioning.boot(station, report)
        return v16.BootNotificationResponse(
            status=v16.RegistrationStatus(answer.registration.value),
            current_time=answer.current_time,
            interval=answer.interval,
        )

    @on(v16.Heartbeat)
    async def heartbeat(self, station: ChargingStation, _: v16.Heartbeat) -> v16.HeartbeatResponse:
        """Answer with the time (HB-002)."""
        return v16.HeartbeatResponse(current_time=await self._provisioning.heartbeat(station))

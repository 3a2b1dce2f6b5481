"""Security events and certificates, OCPP 2.0.1 block A and M."""

from __future__ import annotations

from chargewire import on, v201
from chargewire.backoffice.handlers.station import ChargingStation
from chargewire.backoffice.handlers.v201.gate import GatedHandlers


class SecurityHandlers(GatedHandlers):
    """Takes note of security events. There is no certificate authority to ask."""

    @on(v201.SecurityEventNotification)
    async def security_event(
        self, station: ChargingStation, _: v201.SecurityEventNotification
    ) -> v201.SecurityEventNotificationResponse:
        """Confirm a security event."""
        await self._services.provisioning.notification(station, "SecurityEventNotification")
        return v201.SecurityEventNotificationResponse()

    @on(v201.SignCertificate)
    async def sign_certificate(self, station: ChargingStation, _: v201.SignCertificate) -> v201.SignCertificateResponse:
        """Refuse to sign."""
        await self._services.provisioning.notification(station, "SignCertificate")
        return v201.SignCertificateResponse(status=v201.GenericStatusEnumType.REJECTED)

    @on(v201.GetCertificateStatus)
    async def certificate_status(
        self, station: ChargingStation, _: v201.GetCertificateStatus
    ) -> v201.GetCertificateStatusResponse:
        """Answer that the status could not be found out."""
        await self._services.provisioning.notification(station, "GetCertificateStatus")
        return v201.GetCertificateStatusResponse(status=v201.GetCertificateStatusEnumType.FAILED)

    @on(v201.Get15118EVCertificate)
    async def ev_certificate(
        self, station: ChargingStation, _: v201.Get15118EVCertificate
    ) -> v201.Get15118EVCertificateResponse:
        """Answer that there is no certificate for the vehicle."""
        await self._services.provisioning.notification(station, "Get15118EVCertificate")
        return v201.Get15118EVCertificateResponse(
            status=v201.Iso15118EVCertificateStatusEnumType.FAILED, exi_response=""
        )

"""Security events and certificates, security extension of OCPP 1.6."""

from __future__ import annotations

from chargewire import Handlers, on, v16
from chargewire.backoffice.handlers.station import ChargingStation
from chargewire.backoffice.services.provisioning import Provisioning


class SecurityHandlers(Handlers):
    """Takes note of security events. There is no certificate authority to sign requests."""

    def __init__(self, provisioning: Provisioning) -> None:
        self._provisioning = provisioning

    @on(v16.SecurityEventNotification)
    async def security_event(
        self, station: ChargingStation, _: v16.SecurityEventNotification
    ) -> v16.SecurityEventNotificationResponse:
        """Confirm a security event."""
        await self._provisioning.notification(station, "SecurityEventNotification")
        return v16.SecurityEventNotificationResponse()

    @on(v16.SignCertificate)
    async def sign_certificate(self, station: ChargingStation, _: v16.SignCertificate) -> v16.SignCertificateResponse:
        """Refuse to sign."""
        await self._provisioning.notification(station, "SignCertificate")
        return v16.SignCertificateResponse(status=v16.GenericStatusEnumType.REJECTED)

"""What the CSMS answers to stations that speak OCPP 1.6."""

from __future__ import annotations

from collections.abc import Sequence

from chargewire import Handlers
from chargewire.backoffice.handlers.v16.authorization import AuthorizationHandlers
from chargewire.backoffice.handlers.v16.availability import AvailabilityHandlers
from chargewire.backoffice.handlers.v16.data_transfer import DataTransferHandlers
from chargewire.backoffice.handlers.v16.firmware import FirmwareHandlers
from chargewire.backoffice.handlers.v16.metering import MeteringHandlers
from chargewire.backoffice.handlers.v16.provisioning import ProvisioningHandlers
from chargewire.backoffice.handlers.v16.security import SecurityHandlers
from chargewire.backoffice.handlers.v16.transactions import TransactionHandlers
from chargewire.backoffice.services import Services

__all__ = ["handlers"]


def handlers(services: Services) -> Sequence[Handlers]:
    """Make the handlers of OCPP 1.6."""
    return (
        ProvisioningHandlers(services.provisioning),
        AvailabilityHandlers(services.provisioning),
        AuthorizationHandlers(services.authorization),
        TransactionHandlers(services.transactions),
        MeteringHandlers(services.transactions),
        FirmwareHandlers(services.provisioning),
        SecurityHandlers(services.provisioning),
        DataTransferHandlers(services.provisioning),
    )

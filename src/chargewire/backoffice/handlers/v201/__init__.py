"""What the CSMS answers to stations that speak OCPP 2.0.1."""

from __future__ import annotations

from collections.abc import Sequence

from chargewire import Handlers
from chargewire.backoffice.handlers.v201.authorization import AuthorizationHandlers
from chargewire.backoffice.handlers.v201.availability import AvailabilityHandlers
from chargewire.backoffice.handlers.v201.data_transfer import DataTransferHandlers
from chargewire.backoffice.handlers.v201.diagnostics import DiagnosticsHandlers
from chargewire.backoffice.handlers.v201.firmware import FirmwareHandlers
from chargewire.backoffice.handlers.v201.gate import GatedHandlers
from chargewire.backoffice.handlers.v201.metering import MeteringHandlers
from chargewire.backoffice.handlers.v201.provisioning import ProvisioningHandlers
from chargewire.backoffice.handlers.v201.security import SecurityHandlers
from chargewire.backoffice.handlers.v201.smart_charging import SmartChargingHandlers
from chargewire.backoffice.handlers.v201.transactions import TransactionHandlers
from chargewire.backoffice.services import Services

__all__ = ["handlers"]

_BLOCKS: tuple[type[GatedHandlers], ...] = (
    ProvisioningHandlers,
    AvailabilityHandlers,
    AuthorizationHandlers,
    TransactionHandlers,
    MeteringHandlers,
    SmartChargingHandlers,
    FirmwareHandlers,
    DiagnosticsHandlers,
    SecurityHandlers,
    DataTransferHandlers,
)


def handlers(services: Services) -> Sequence[Handlers]:
    """Make the handlers of OCPP 2.0.1."""
    return [block(services) for block in _BLOCKS]

"""What a simulated station tells a CSMS in OCPP 1.6."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime

from chargewire import v16
from chargewire.simulator.actions import IdToken, StatusChanged, TransactionChanged
from chargewire.simulator.dialect import BootReason, Dialect, Host, Registration
from chargewire.simulator.tokens import TokenInfo

from .handlers import Handlers16
from .transactions import Transactions, token_info


class Dialect16(Dialect):
    """OCPP 1.6, spoken by one station."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._transactions = Transactions(host)
        self.handlers = Handlers16(host, self._transactions)

    async def register(self, reason: BootReason) -> Registration:  # noqa: ARG002 - 1.6 does not ask for it
        """Send a BootNotification."""
        config = self._host.config
        answer = await self._host.call(
            v16.BootNotification(
                charge_point_vendor=config.vendor,
                charge_point_model=config.model,
                charge_point_serial_number=(config.serial_number or f"SN-{config.identity}")[:25],
                firmware_version=config.firmware_version,
                meter_type=f"{config.supply.phases}P" if config.supply.phases else "DC",
            )
        )
        return Registration(answer.status, answer.interval, answer.current_time)

    async def heartbeat(self) -> datetime:
        """Send a Heartbeat and return the time of the CSMS."""
        return (await self._host.call(v16.Heartbeat())).current_time

    async def authorize(self, id_token: IdToken) -> TokenInfo:
        """Ask the CSMS about a token."""
        answer = await self._host.call(v16.Authorize(id_tag=id_token.value[:20]))
        return token_info(answer.id_tag_info)

    def status_of(self, change: StatusChanged) -> Hashable | None:
        """Reduce a status to state, error and its text."""
        return (change.status, change.error_code, change.info)

    async def send_status(self, change: StatusChanged, at: datetime) -> None:
        """Send a StatusNotification."""
        await self._host.call(
            v16.StatusNotification(
                connector_id=change.connector,
                status=v16.ChargePointStatus(change.status),
                error_code=v16.ChargePointErrorCode(change.error_code),
                info=change.info,
                timestamp=at,
            )
        )

    def tell(self, event: TransactionChanged) -> None:
        """Deliver StartTransaction, MeterValues or StopTransaction (T16-004)."""
        self._transactions.tell(event)

    async def send_aligned(self, at: datetime) -> None:
        """Deliver the values of the main meter and of every connector (MET-002, MET-004)."""
        for connector in range(len(self._host.model.connectors) + 1):
            self._transactions.deliver_aligned(connector, at)

"""What a simulated station tells a CSMS in OCPP 2.0.1."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime

from chargewire import v201
from chargewire.simulator.actions import IdToken, StatusChanged, TransactionChanged
from chargewire.simulator.dialect import BootReason, Context, Dialect, Host, Registration
from chargewire.simulator.states import occupancy
from chargewire.simulator.tokens import TokenInfo

from .handlers import Handlers201
from .transactions import Transactions, id_token_type, meter_values, token_info


class Dialect201(Dialect):
    """OCPP 2.0.1, spoken by one station, whose every connector is an EVSE of its own."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._transactions = Transactions(host)
        self.handlers = Handlers201(host, self._transactions)

    async def register(self, reason: BootReason) -> Registration:
        """Send a BootNotification (BOOT-013)."""
        config = self._host.config
        answer = await self._host.call(
            v201.BootNotification(
                reason=v201.BootReasonEnumType(reason),
                charging_station=v201.ChargingStationType(
                    model=config.model,
                    vendor_name=config.vendor,
                    serial_number=(config.serial_number or f"SN-{config.identity}")[:25],
                    firmware_version=config.firmware_version,
                ),
            )
        )
        return Registration(answer.status, answer.interval, answer.current_time)

    async def heartbeat(self) -> datetime:
        """Send a Heartbeat and return the time of the CSMS."""
        return (await self._host.call(v201.Heartbeat())).current_time

    async def authorize(self, id_token: IdToken) -> TokenInfo:
        """Ask the CSMS about a token."""
        answer = await self._host.call(v201.Authorize(id_token=id_token_type(id_token)))
        return token_info(answer.id_token_info)

    def status_of(self, change: StatusChanged) -> Hashable | None:
        """Reduce a status to the five states of a connector; 2.0.1 has none for the station itself."""
        return None if change.connector == 0 else occupancy(change.status, plugged=change.plugged)

    async def send_status(self, change: StatusChanged, at: datetime) -> None:
        """Send a StatusNotification."""
        await self._host.call(
            v201.StatusNotification(
                timestamp=at,
                connector_status=v201.ConnectorStatusEnumType(occupancy(change.status, plugged=change.plugged)),
                evse_id=change.connector,
                connector_id=1,
            )
        )

    def tell(self, event: TransactionChanged) -> None:
        """Deliver a TransactionEvent."""
        self._transactions.tell(event)

    async def send_aligned(self, at: datetime) -> None:
        """Send the values of the main meter and of every EVSE (MET-008, MET-009)."""
        measurands = self._host.settings.aligned_measurands
        for evse in range(len(self._host.model.connectors) + 1):
            sample = self._host.model.sample(evse, self._host.now())
            if values := meter_values([(sample, Context.CLOCK, at)], measurands):
                await self._host.call(v201.MeterValues(evse_id=evse, meter_value=values))

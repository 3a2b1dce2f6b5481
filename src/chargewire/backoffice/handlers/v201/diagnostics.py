"""Logs, monitors, events and customers' data, OCPP 2.0.1 block N."""

from __future__ import annotations

from chargewire import on, v201
from chargewire.backoffice.handlers.station import ChargingStation
from chargewire.backoffice.handlers.v201.gate import GatedHandlers


class DiagnosticsHandlers(GatedHandlers):
    """Takes note of what stations watch."""

    @on(v201.LogStatusNotification)
    async def log_status(
        self, station: ChargingStation, _: v201.LogStatusNotification
    ) -> v201.LogStatusNotificationResponse:
        """Confirm the progress of a log upload."""
        await self._services.provisioning.notification(station, "LogStatusNotification")
        return v201.LogStatusNotificationResponse()

    @on(v201.NotifyEvent)
    async def event(self, station: ChargingStation, _: v201.NotifyEvent) -> v201.NotifyEventResponse:
        """Confirm events of monitored variables."""
        await self._services.provisioning.notification(station, "NotifyEvent")
        return v201.NotifyEventResponse()

    @on(v201.NotifyMonitoringReport)
    async def monitoring_report(
        self, station: ChargingStation, _: v201.NotifyMonitoringReport
    ) -> v201.NotifyMonitoringReportResponse:
        """Confirm a part of a report of monitors."""
        await self._services.provisioning.notification(station, "NotifyMonitoringReport")
        return v201.NotifyMonitoringReportResponse()

    @on(v201.NotifyCustomerInformation)
    async def customer_information(
        self, station: ChargingStation, _: v201.NotifyCustomerInformation
    ) -> v201.NotifyCustomerInformationResponse:
        """Confirm a part of a customer's data."""
        await self._services.provisioning.notification(station, "NotifyCustomerInformation")
        return v201.NotifyCustomerInformationResponse()

    @on(v201.NotifyDisplayMessages)
    async def display_messages(
        self, station: ChargingStation, _: v201.NotifyDisplayMessages
    ) -> v201.NotifyDisplayMessagesResponse:
        """Confirm a part of a report of display messages (block O)."""
        await self._services.provisioning.notification(station, "NotifyDisplayMessages")
        return v201.NotifyDisplayMessagesResponse()

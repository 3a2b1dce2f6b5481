"""Limits, schedules and needs that stations report, OCPP 2.0.1 block K."""

from __future__ import annotations

from chargewire import on, v201
from chargewire.backoffice.handlers.station import ChargingStation
from chargewire.backoffice.handlers.v201.gate import GatedHandlers


class SmartChargingHandlers(GatedHandlers):
    """Takes note, and plans nothing."""

    @on(v201.ClearedChargingLimit)
    async def cleared_limit(
        self, station: ChargingStation, _: v201.ClearedChargingLimit
    ) -> v201.ClearedChargingLimitResponse:
        """Confirm the end of an external limit."""
        await self._services.provisioning.notification(station, "ClearedChargingLimit")
        return v201.ClearedChargingLimitResponse()

    @on(v201.NotifyChargingLimit)
    async def limit(self, station: ChargingStation, _: v201.NotifyChargingLimit) -> v201.NotifyChargingLimitResponse:
        """Confirm an external limit."""
        await self._services.provisioning.notification(station, "NotifyChargingLimit")
        return v201.NotifyChargingLimitResponse()

    @on(v201.NotifyEVChargingNeeds)
    async def needs(
        self, station: ChargingStation, _: v201.NotifyEVChargingNeeds
    ) -> v201.NotifyEVChargingNeedsResponse:
        """Answer that no schedule will be made for the vehicle."""
        await self._services.provisioning.notification(station, "NotifyEVChargingNeeds")
        return v201.NotifyEVChargingNeedsResponse(status=v201.NotifyEVChargingNeedsStatusEnumType.REJECTED)

    @on(v201.NotifyEVChargingSchedule)
    async def schedule(
        self, station: ChargingStation, _: v201.NotifyEVChargingSchedule
    ) -> v201.NotifyEVChargingScheduleResponse:
        """Confirm the vehicle's schedule."""
        await self._services.provisioning.notification(station, "NotifyEVChargingSchedule")
        return v201.NotifyEVChargingScheduleResponse(status=v201.GenericStatusEnumType.ACCEPTED)

    @on(v201.ReportChargingProfiles)
    async def profiles(
        self, station: ChargingStation, _: v201.ReportChargingProfiles
    ) -> v201.ReportChargingProfilesResponse:
        """Confirm a part of a report of charging profiles."""
        await self._services.provisioning.notification(station, "ReportChargingProfiles")
        return v201.ReportChargingProfilesResponse()

"""Test handlers with ``chargewire.testing``: a station in memory, and thirty seconds that pass at once."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from chargewire import CSMS, Accept, CallTimeout, Handlers, Handshake, Station, on, v16
from chargewire.testing import FakeClock, RecordingStation, link


class Depot(Handlers):
    """What is to be tested: accepts every station, and unlocks the connector of one that reports a fault."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock

    @on(v16.BootNotification)
    async def boot(self, station: Station[None], request: v16.BootNotification) -> v16.BootNotificationResponse:
        return v16.BootNotificationResponse(
            status=v16.RegistrationStatus.ACCEPTED, current_time=self.clock(), interval=300
        )

    @on(v16.StatusNotification)
    async def status(self, station: Station[None], request: v16.StatusNotification) -> v16.StatusNotificationResponse:
        if request.error_code is v16.ChargePointErrorCode.CONNECTOR_LOCK_FAILURE:
            await station.call(v16.UnlockConnector(connector_id=request.connector_id))
        return v16.StatusNotificationResponse()


async def anyone(handshake: Handshake) -> Accept[None]:
    return Accept(None)


STUCK = v16.StatusNotification(
    connector_id=2,
    error_code=v16.ChargePointErrorCode.CONNECTOR_LOCK_FAILURE,
    status=v16.ChargePointStatus.FAULTED,
)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(datetime(2026, 3, 1, tzinfo=UTC))


@pytest.fixture
def csms(clock: FakeClock) -> CSMS[None]:
    return CSMS(v16, authenticate=anyone, handlers=Depot(clock))


async def test_a_station_is_told_the_time(csms: CSMS[None], clock: FakeClock) -> None:
    async with link(csms, v16) as (charge_point, _):
        boot = await charge_point.call(v16.BootNotification(charge_point_vendor="Acme", charge_point_model="Home 11"))
    assert boot.current_time == clock()


async def test_a_connector_that_is_stuck_is_unlocked(csms: CSMS[None]) -> None:
    wallbox = RecordingStation(v16)
    wallbox.answer(v16.UnlockConnector, v16.UnlockConnectorResponse(status=v16.UnlockStatus.UNLOCKED))
    async with link(csms, v16, handlers=wallbox) as (charge_point, _):
        await charge_point.call(STUCK)
    assert wallbox.received == [v16.UnlockConnector(connector_id=2)]


async def test_a_station_that_does_not_answer_costs_thirty_seconds(csms: CSMS[None], clock: FakeClock) -> None:
    async def never(request: v16.Reset) -> v16.ResetResponse:
        return await asyncio.Future()

    wallbox = RecordingStation(v16)
    wallbox.answer(v16.Reset, never)
    async with link(csms, v16, handlers=wallbox) as (_, station):
        with clock:
            call = asyncio.create_task(station.call(v16.Reset(type=v16.ResetType.SOFT)))
            await clock.advance(30)
            with pytest.raises(CallTimeout):
                await call

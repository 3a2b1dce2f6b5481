"""Who is let in, and whose connection counts."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

import pytest
from support.depot import NOON, FakeStation, memory_depot

from chargewire import Accept, Handshake, Reject, v16
from chargewire.backoffice.domain import Registration, UnknownStations
from chargewire.backoffice.services import StationSession


def handshake(identity: str) -> Handshake:
    return Handshake(identity, f"/{identity}", "127.0.0.1:4711", ("ocpp1.6",), None, None, {})


@pytest.mark.parametrize("policy", [UnknownStations.AUTO, UnknownStations.PENDING])
async def test_an_unknown_station_is_let_in_unless_that_is_refused(policy: UnknownStations) -> None:
    depot = memory_depot(unknown_stations=policy)
    answer = await depot.services.authenticate(handshake("CP1"))
    assert isinstance(answer, Accept)
    assert isinstance(answer.session, StationSession)
    assert await depot.store.stations.load("CP1") is None
    await depot.connect()
    stored = await depot.store.stations.load("CP1")
    assert stored is not None
    assert stored.registration is policy.registration


async def test_where_unknown_stations_are_refused_only_known_ones_are_let_in() -> None:
    depot = memory_depot(unknown_stations=UnknownStations.REFUSE)
    assert await depot.services.authenticate(handshake("CP1")) == Reject(HTTPStatus.NOT_FOUND, "unknown station")
    await depot.connect()
    assert isinstance(await depot.services.authenticate(handshake("CP1")), Accept)


async def test_a_connection_is_claimed_once_by_whoever_needs_it_first() -> None:
    depot = memory_depot()
    station = FakeStation("CP1", v16)
    await asyncio.gather(
        depot.send(station, v16.Heartbeat()), depot.services.connected(station), depot.send(station, v16.Heartbeat())
    )
    assert depot.types() == ["station.connected", "station.heartbeat", "station.heartbeat"]
    stored = await depot.store.stations.load("CP1")
    assert stored is not None
    assert (stored.connection_epoch, stored.connected_at) == (1, NOON)


async def test_a_cancelled_message_does_not_cancel_the_claim_that_others_wait_for() -> None:
    depot = memory_depot()
    station = FakeStation("CP1", v16)
    first = asyncio.ensure_future(depot.services.connected(station))
    await asyncio.sleep(0)
    first.cancel()
    await depot.services.connected(station)
    assert depot.types() == ["station.connected"]


async def test_any_message_is_a_sign_of_life_and_few_of_them_are_written() -> None:
    """HB-002."""
    depot = memory_depot()
    station = await depot.connect()

    async def seen(seconds: float) -> float:
        depot.clock.advance(seconds)
        await depot.send(station, v16.Authorize(id_tag="TAG"))
        stored = await depot.store.stations.load("CP1")
        assert stored is not None
        assert stored.last_seen_at is not None
        return (stored.last_seen_at - NOON).total_seconds()

    assert [await seen(9), await seen(1), await seen(5), await seen(5)] == [0, 10, 10, 20]


async def test_a_decision_of_the_operator_holds_for_open_connections() -> None:
    depot = memory_depot(unknown_stations=UnknownStations.PENDING)
    station = await depot.boot()
    assert (await depot.send(station, v16.Authorize(id_tag="TAG"))).id_tag_info.status.value == "Invalid"
    await depot.store.stations.set_registration("CP1", Registration.ACCEPTED)
    assert (await depot.send(station, v16.Authorize(id_tag="TAG"))).id_tag_info.status.value == "Accepted"

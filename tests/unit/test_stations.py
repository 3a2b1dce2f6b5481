"""Many stations at once, in memory."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from types import ModuleType
from typing import Any

import pytest
from support.library import new_csms

from chargewire import CSMS, CallRejected, CallTimeout, NotConnected, Station, v16, v201
from chargewire.testing import FakeClock, RecordingStation, link

RESET = v16.Reset(type=v16.ResetType.SOFT)
ACCEPTED = v16.ResetResponse(status=v16.ResetStatus.ACCEPTED)
ACCEPTED_201 = v201.ResetResponse(status=v201.ResetStatusEnumType.ACCEPTED)


async def connect(
    stack: AsyncExitStack, csms: CSMS[str], identity: str, version: ModuleType = v16, answer: Any = None
) -> RecordingStation:
    """Connect a station that answers a Reset as told."""
    wallbox = RecordingStation(version)
    if answer is not None:
        wallbox.answer(version.Reset, answer)
    await stack.enter_async_context(link(csms, version, identity=identity, handlers=wallbox))
    return wallbox


async def never(_: object) -> Any:
    await asyncio.get_running_loop().create_future()


async def test_the_stations_are_a_mapping_that_changes_as_they_come_and_go() -> None:
    csms = new_csms()
    stations = csms.stations
    assert (len(stations), list(stations), "A" in stations, repr(stations)) == (0, [], False, "<0 stations>")
    async with link(csms, v16, identity="A") as (_, station):
        assert dict(stations) == {"A": station}
    assert "A" not in stations


async def test_a_station_can_be_waited_for() -> None:
    csms = new_csms()
    waiting = asyncio.create_task(csms.stations.wait_for("B"))
    async with AsyncExitStack() as stack:
        await connect(stack, csms, "A")
        assert not waiting.done()
        await connect(stack, csms, "B")
        assert await waiting is csms.stations["B"]
        assert await csms.stations.wait_for("A") is csms.stations["A"]


async def test_who_gives_up_waiting_for_a_station_leaves_nothing_behind() -> None:
    csms = new_csms()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await csms.stations.wait_for("A")
    assert csms._hub._listeners == []


async def test_each_station_has_an_outcome_of_its_own() -> None:
    csms = new_csms()
    async with AsyncExitStack() as stack:
        await connect(stack, csms, "GOOD", answer=ACCEPTED)
        await connect(stack, csms, "BAD", answer=CallRejected("SecurityError", "no"))
        await connect(stack, csms, "MUTE", answer=never)
        await connect(stack, csms, "NEWER", v201)
        with FakeClock() as clock:
            calling = asyncio.create_task(csms.call_many(["MUTE", "BAD", "GONE", "NEWER", "GOOD"], RESET, timeout=5))
            await clock.advance(5)
            outcomes = await calling
    assert list(outcomes) == ["MUTE", "BAD", "GONE", "NEWER", "GOOD"]
    assert outcomes["GOOD"] == ACCEPTED
    for identity, kind in {"MUTE": CallTimeout, "BAD": CallRejected, "GONE": NotConnected, "NEWER": ValueError}.items():
        assert isinstance(outcomes[identity], kind), identity


async def test_a_function_makes_the_request_of_each_station() -> None:
    csms = new_csms()

    def reset(station: Station[str]) -> v16.Reset:
        if station.identity == "C":
            raise LookupError(station.identity)
        return v16.Reset(type=v16.ResetType.SOFT if station.identity == "A" else v16.ResetType.HARD)

    async with AsyncExitStack() as stack:
        wallboxes = [await connect(stack, csms, identity, answer=ACCEPTED) for identity in "ABC"]
        outcomes = await csms.call_many("ABC", reset)
    assert isinstance(outcomes["C"], LookupError)
    assert [wallbox.received for wallbox in wallboxes] == [[RESET], [v16.Reset(type=v16.ResetType.HARD)], []]


async def test_only_so_many_calls_are_under_way_at_once() -> None:
    csms = new_csms()
    running = most = 0

    async def slow(_: v16.Reset) -> v16.ResetResponse:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(20):
            await asyncio.sleep(0)
        running -= 1
        return ACCEPTED

    async with AsyncExitStack() as stack:
        for number in range(10):
            await connect(stack, csms, str(number), answer=slow)
        outcomes = await csms.call_many(csms.stations, RESET, parallel=3)
    assert list(outcomes.values()) == [ACCEPTED] * 10
    assert most == 3


async def test_a_station_that_is_named_twice_is_called_once() -> None:
    csms = new_csms()
    async with AsyncExitStack() as stack:
        wallbox = await connect(stack, csms, "A", answer=ACCEPTED)
        assert await csms.call_many(["A", "A"], RESET) == {"A": ACCEPTED}
    assert wallbox.received == [RESET]


async def test_a_broadcast_goes_to_those_whose_version_has_the_message() -> None:
    csms = new_csms()
    async with AsyncExitStack() as stack:
        await connect(stack, csms, "A", answer=ACCEPTED)
        await connect(stack, csms, "B", v201, answer=ACCEPTED_201)
        assert await csms.broadcast(RESET) == {"A": ACCEPTED}
        reset = v201.Reset(type=v201.ResetEnumType.IMMEDIATE)
        assert await csms.broadcast(reset) == {"B": ACCEPTED_201}
        both = await csms.broadcast(lambda station: RESET if station.version is v16 else reset)  # type: ignore[misc]
        assert both == {"A": ACCEPTED, "B": ACCEPTED_201}


async def test_a_broadcast_to_nobody_has_no_outcomes() -> None:
    assert await new_csms().broadcast(RESET) == {}


async def test_no_calls_at_once_is_no_way_to_call() -> None:
    with pytest.raises(ValueError, match="parallel: expected more than 0, got 0"):
        await new_csms().call_many([], RESET, parallel=0)

"""The kit for tests of applications, used as its readers would."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest
import uvloop
from support.library import NOW, Recorder, anyone, new_csms

from chargewire import (
    CSMS,
    Accept,
    CallRejected,
    CallTimeout,
    ChargePoint,
    Connected,
    ConnectionLost,
    Disconnected,
    FrameReceived,
    Handshake,
    Limits,
    NotConnected,
    Reject,
    SecurityProfile,
    Station,
    Timeouts,
    UpgradeRefused,
    v16,
    v21,
    v201,
    verify_password,
)
from chargewire.testing import FakeClock, RecordingStation, link, serving

RESET = v16.Reset(type=v16.ResetType.SOFT)
ACCEPTED = v16.ResetResponse(status=v16.ResetStatus.ACCEPTED)


# link


async def test_linked_peers_call_each_other() -> None:
    csms = new_csms()
    station = RecordingStation(v16)
    station.answer(v16.Reset, ACCEPTED)
    async with link(csms, v16, handlers=station) as ends:
        assert (await ends.charge_point.call(v16.Heartbeat())).current_time == NOW
        assert await ends.station.call(RESET) == ACCEPTED
        assert csms.stations == {"CP001": ends.station}
        assert ends.station.session == "CP001"
    assert station.received == [RESET]
    assert not csms.stations


async def test_a_link_is_an_event_like_any_connection() -> None:
    csms = new_csms()
    events = Recorder(csms, Connected, Disconnected, FrameReceived)
    async with link(csms, v201, identity="RDAM 12/3") as (charge_point, station):
        assert (charge_point.subprotocol, station.identity) == ("ocpp2.0.1", "RDAM 12/3")
        with pytest.raises(CallRejected):
            await charge_point.call(v201.Heartbeat())
    await events.wait_for(Disconnected)
    assert [type(event) for event in events.events] == [Connected, FrameReceived, Disconnected]


async def test_a_linked_station_is_authenticated() -> None:
    async def authenticate(handshake: Handshake) -> Accept[str] | Reject:
        assert handshake.headers["x-site"] == "7"
        if not verify_password(handshake, "open sesame 12345"):
            return Reject(HTTPStatus.UNAUTHORIZED, "wrong password")
        return Accept("ours")

    csms = new_csms(authenticate=authenticate, security_profile=SecurityProfile.TLS_BASIC)
    site = {"X-Site": "7"}
    with pytest.raises(UpgradeRefused, match="401: wrong password"):
        async with link(csms, v16, password=b"guess", encrypted=True, headers=site):
            pass
    with pytest.raises(UpgradeRefused, match="403"):
        async with link(csms, v16, password=b"open sesame 12345", headers=site):
            pass
    async with link(csms, v16, password=b"open sesame 12345", encrypted=True, headers=site) as ends:
        assert ends.station.session == "ours"


@pytest.mark.parametrize("policy", ["refuse", "close_after_handshake"])
async def test_a_version_that_is_not_spoken_is_refused(policy: str) -> None:
    csms: CSMS[str] = CSMS(v16, authenticate=anyone, on_no_subprotocol=policy)
    with pytest.raises(UpgradeRefused, match=r"ocpp2\.1"):
        async with link(csms, v21):
            pass


async def test_either_end_of_a_link_can_close_it() -> None:
    csms = new_csms()
    async with link(csms, v16) as (charge_point, station):
        await station.close(4000, "out of service")
        await charge_point.wait_closed()
        with pytest.raises(NotConnected):
            await charge_point.call(v16.Heartbeat())
    async with link(csms, v16) as (charge_point, station):
        waiting = asyncio.create_task(station.call(RESET))
        await asyncio.sleep(0)
        await charge_point.close()
        with pytest.raises((ConnectionLost, CallRejected)):
            await waiting
        await station.wait_closed()


async def test_a_station_that_is_slow_to_answer_is_not_flooded() -> None:
    csms = new_csms(limits=Limits(concurrent_calls=1))
    go_on = asyncio.Event()

    @csms.on(v16.Authorize)
    async def authorize(station: Station[str], request: v16.Authorize) -> v16.AuthorizeResponse:
        await go_on.wait()
        return v16.AuthorizeResponse(id_tag_info=v16.IdTagInfo(status=v16.AuthorizationStatus.ACCEPTED))

    async with link(csms, v16) as (first, _), link(csms, v16, identity="CP002") as (second, _):
        calls = [asyncio.create_task(peer.call(v16.Authorize(id_tag="TAG"))) for peer in (first, second) * 5]
        await asyncio.sleep(0)
        go_on.set()
        assert len(await asyncio.gather(*calls)) == 10


async def test_a_link_and_a_socket_serve_the_same_csms() -> None:
    csms = new_csms()
    station = RecordingStation(v16)
    station.answer(v16.Reset, ACCEPTED)
    async with (
        serving(csms) as url,
        ChargePoint(url, v16, identity="SOCKET", handlers=station),
        link(csms, v16, identity="MEMORY", handlers=station),
    ):
        for identity in ("SOCKET", "MEMORY"):
            assert await csms.stations[identity].call(RESET) == ACCEPTED
    assert station.received == [RESET, RESET]


# RecordingStation


async def test_a_recording_station_answers_as_it_was_told() -> None:
    station = RecordingStation(v16)

    async def by_key(request: v16.ChangeConfiguration) -> v16.ChangeConfigurationResponse:
        known = request.key == "HeartbeatInterval"
        status = v16.ConfigurationStatus.ACCEPTED if known else v16.ConfigurationStatus.NOT_SUPPORTED
        return v16.ChangeConfigurationResponse(status=status)

    station.answer(v16.ChangeConfiguration, by_key)
    station.answer(v16.Reset, CallRejected("SecurityError", "not from you"))
    async with link(new_csms(), v16, handlers=station) as (_, seen):
        reply = await seen.call(v16.ChangeConfiguration(key="HeartbeatInterval", value="60"))
        assert reply.status is v16.ConfigurationStatus.ACCEPTED
        with pytest.raises(CallRejected, match="not from you"):
            await seen.call(RESET)
        with pytest.raises(CallRejected, match="no answer to ClearCache is scripted"):
            await seen.call(v16.ClearCache())
    assert [type(message).__name__ for message in station.received] == ["ChangeConfiguration", "Reset", "ClearCache"]
    assert station.of(v16.Reset) == [RESET]


async def test_a_recording_station_can_be_waited_for() -> None:
    station = RecordingStation(v16)
    station.answer(v16.Reset, ACCEPTED)
    async with link(new_csms(), v16, handlers=station) as (_, seen):
        waiting = asyncio.create_task(station.wait_for(v16.Reset, count=2))
        for kind in (v16.ResetType.SOFT, v16.ResetType.HARD):
            await seen.call(v16.Reset(type=kind))
        assert (await waiting).type is v16.ResetType.HARD


# FakeClock


async def test_a_call_times_out_without_anybody_waiting() -> None:
    """RPC-033."""
    station = RecordingStation(v16)

    async def never(request: v16.Reset) -> v16.ResetResponse:
        return await asyncio.Future()

    station.answer(v16.Reset, never)
    csms = new_csms(timeouts=Timeouts(call=30))
    async with link(csms, v16, handlers=station) as (_, seen):
        with FakeClock() as clock:
            call = asyncio.create_task(seen.call(RESET))
            await clock.advance(29.9)
            assert not call.done()
            await clock.advance(0.1)
            with pytest.raises(CallTimeout):
                await call


async def test_what_becomes_due_happens_at_its_time_and_in_its_order() -> None:
    seen: list[tuple[str, float]] = []
    clock = FakeClock(datetime(2026, 3, 1, tzinfo=UTC))
    started = clock()

    def note(name: str) -> None:
        seen.append((name, (clock() - started).total_seconds()))

    async def beat() -> None:
        while True:
            await asyncio.sleep(10)
            note("beat")

    with clock:
        beating = asyncio.create_task(beat())
        loop = asyncio.get_running_loop()
        loop.call_later(15, note, "late")
        loop.call_later(5, note, "never").cancel()
        loop.call_at(loop.time(), note, "now")
        await clock.advance(35)
        beating.cancel()
    assert [(name, round(at, 6)) for name, at in seen] == [
        ("now", 0), ("beat", 10), ("late", 15), ("beat", 20), ("beat", 30),
    ]  # fmt: skip
    assert clock() == started + timedelta(seconds=35)


async def test_what_still_waits_goes_on_in_real_time_after_the_clock() -> None:
    woken = asyncio.Event()
    with FakeClock() as clock:
        asyncio.get_running_loop().call_later(1.01, woken.set)
        await clock.advance(1)
    async with asyncio.timeout(5):
        await woken.wait()


def test_a_clock_cannot_take_over_a_loop_in_c() -> None:
    async def main() -> None:
        with pytest.raises(RuntimeError, match="uvloop"), FakeClock():
            pass

    uvloop.run(main())

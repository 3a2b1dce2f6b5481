"""The upgrade pipeline on real sockets: what the door, the routes and the authenticator decide."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from http import HTTPStatus

import pytest
from support.library import Recorder, anyone, new_csms
from support.rawpeer import CLOSE, RawPeer, upgrade_request

from chargewire import (
    CSMS,
    Accept,
    Disconnected,
    Door,
    Handshake,
    Limits,
    Rate,
    Reject,
    Replaced,
    Route,
    SecurityProfile,
    UpgradeAborted,
    UpgradeError,
    v16,
    v21,
)
from chargewire.duplicates import TAKEOVERS

# What the authenticator changes


async def test_the_authenticator_chooses_among_the_offered_versions_and_names_the_station() -> None:
    async def authenticate(handshake: Handshake) -> Accept[str]:
        return Accept("tenant", protocol="ocpp1.6", identity=f"acme-{handshake.identity}")

    csms = new_csms(authenticate=authenticate)
    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.dial(server.port) as peer:
        answer = await peer.upgrade("/ocpp/7", subprotocols=("ocpp2.0.1", "ocpp1.6"), extensions="permessage-deflate")
        assert (answer.status, answer.headers["sec-websocket-protocol"]) == (101, "ocpp1.6")
        assert "sec-websocket-extensions" not in answer.headers
        assert csms.stations["acme-7"].subprotocol == "ocpp1.6"
        assert (await peer.call("1", "Heartbeat"))[0] == 3


async def test_a_version_that_was_not_offered_is_our_own_error(caplog: pytest.LogCaptureFixture) -> None:
    """The incumbent answers with it, and the station hangs up (defects 6 and 7)."""

    async def authenticate(handshake: Handshake) -> Accept[str]:
        return Accept("", protocol="ocpp2.1")

    csms = new_csms(authenticate=authenticate)
    events = Recorder(csms)
    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.dial(server.port) as peer:
        assert (await peer.upgrade(subprotocols=("ocpp1.6",))).status == 500
        assert "'ocpp2.1' was not offered" in str((await events.wait_for(UpgradeError)).error)
        assert (await events.wait_for(UpgradeAborted)).status == 500
    assert "was not offered" in caplog.text


# Many at once


async def test_a_thousand_stalled_handshakes_keep_nobody_out() -> None:
    """Half of them say nothing at all, half hang in authentication; all are answered 408, and told of."""

    async def authenticate(handshake: Handshake) -> Accept[str]:
        if handshake.identity.startswith("SLOW"):
            await asyncio.Event().wait()
        return Accept("")

    csms = new_csms(authenticate=authenticate, handshake_timeout=4.0)
    events = Recorder(csms, UpgradeAborted)
    loop = asyncio.get_running_loop()
    async with csms.serve("127.0.0.1", 0) as server, AsyncExitStack() as peers:
        stalled = [await peers.enter_async_context(await RawPeer.dial(server.port)) for _ in range(1000)]
        for number, peer in enumerate(stalled[::2]):
            await peer.write(upgrade_request(f"/ocpp/SLOW{number}"))
        begun = loop.time()
        for number in range(50):
            peer = await peers.enter_async_context(await RawPeer.connect(server.port, f"/ocpp/QUICK{number}"))
            assert (await peer.call("1", "Heartbeat"))[0] == 3
        assert loop.time() - begun < 3
        answers = [(await peer.read_http()).status for peer in stalled]
        assert answers == [408] * 1000
        assert len(csms.stations) == 50
    assert [event.status for event in events.of(UpgradeAborted)] == [408] * 1000
    assert sum(event.identity is not None for event in events.of(UpgradeAborted)) == 500


# The door


async def test_a_full_server_refuses_until_somebody_leaves() -> None:
    csms = new_csms(limits=Limits(connections=2))
    events = Recorder(csms)
    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.connect(server.port, "/ocpp/A"):
        async with await RawPeer.connect(server.port, "/ocpp/B"):
            async with await RawPeer.dial(server.port) as late:
                answer = await late.upgrade("/ocpp/C")
                assert (answer.status, answer.body) == (503, b"the server is full\n")
                assert answer.headers["retry-after"] == "10"
            aborted = await events.wait_for(UpgradeAborted)
            assert (aborted.status, aborted.reason) == (503, "the server is full")
        await events.wait_for(Disconnected)
        async with await RawPeer.connect(server.port, "/ocpp/C"):
            assert sorted(csms.stations) == ["A", "C"]


async def test_undecided_connections_count() -> None:
    async with (
        new_csms(limits=Limits(connections=1)).serve("127.0.0.1", 0) as server,
        await RawPeer.dial(server.port) as stalled,
        await RawPeer.dial(server.port) as peer,
    ):
        assert (await peer.upgrade()).status == 503
        assert (await stalled.upgrade()).status == 101


async def test_a_client_of_a_trusted_proxy_is_counted_by_itself() -> None:
    csms = new_csms(door=Door(rate=Rate(1, per=60), trusted_proxies=["127.0.0.0/8"]))
    events = Recorder(csms)
    async with csms.serve("127.0.0.1", 0) as server:
        for client, status in {"192.0.2.1": 101, "192.0.2.2": 101, "192.0.2.1, 127.0.0.2": 429}.items():
            async with await RawPeer.dial(server.port) as peer:
                answer = await peer.upgrade(headers={"X-Forwarded-For": client})
                assert answer.status == status
        assert 0 < int(answer.headers["retry-after"]) <= 60
        assert (await events.wait_for(UpgradeAborted)).remote == "192.0.2.1:0"


async def test_what_a_client_says_about_itself_counts_for_nothing() -> None:
    """The incumbent takes the first of all the addresses."""
    async with new_csms(door=Door(rate=Rate(1, per=60))).serve("127.0.0.1", 0) as server:
        for number, status in enumerate([101, 429, 429]):
            async with await RawPeer.dial(server.port) as peer:
                answer = await peer.upgrade(headers={"X-Forwarded-For": f"192.0.2.{number}"})
                assert answer.status == status


@pytest.mark.parametrize(
    ("door", "headers", "reason"),
    [
        (Door(networks=["192.0.2.0/24"]), {}, b"this address may not connect\n"),
        (Door(origins=["https://a.example"]), {"Origin": "https://b.example"}, b"this origin may not connect\n"),
    ],
)
async def test_strangers_are_forbidden(door: Door, headers: dict[str, str], reason: bytes) -> None:
    csms = new_csms(door=door)
    events = Recorder(csms)
    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.dial(server.port) as peer:
        answer = await peer.upgrade(headers=headers)
        assert (answer.status, answer.body) == (403, reason)
        assert (await events.wait_for(UpgradeAborted)).identity == "RAW"


# Routes


async def test_routes_lead_stations_to_their_own_authenticator_and_versions() -> None:
    async def tenant(handshake: Handshake) -> Accept[str]:
        return Accept(handshake.parameters["tenant"])

    async def nobody(handshake: Handshake) -> Reject:
        return Reject(HTTPStatus.UNAUTHORIZED)

    csms = new_csms(
        routes={
            "/ocpp/{identity}": Route(),
            "/{tenant}/{identity}/socket": Route(authenticate=tenant, versions=[v16]),
            "/closed/*": Route(authenticate=nobody),
            "/inside/*": Route(networks=["192.0.2.0/24"]),
            "/safe/*": Route(security_profile=SecurityProfile.BASIC),
        }
    )
    events = Recorder(csms)
    async with csms.serve("127.0.0.1", 0) as server:
        async with await RawPeer.connect(server.port, "/ocpp/A"):
            assert csms.stations["A"].session == "A"
        async with await RawPeer.connect(server.port, "/ac%20me/B%2F1/socket"):
            assert csms.stations["B/1"].session == "ac me"
        for path, status in {
            "/ocpp/x/A": 404,
            "/closed/A": 401,
            "/inside/A": 403,
            "/safe/A": 401,
            "/%ff/A/socket": 400,
        }.items():
            async with await RawPeer.dial(server.port) as peer:
                assert (await peer.upgrade(path)).status == status, path
        async with await RawPeer.dial(server.port) as peer:
            answer = await peer.upgrade("/acme/B/socket", subprotocols=("ocpp2.0.1",))
            assert (answer.status, answer.body) == (400, answer.body)
            assert answer.body.endswith(b"spoken here: ocpp1.6\n")
        await events.wait_for(UpgradeAborted, count=6)
    assert [event.status for event in events.of(UpgradeAborted)] == [404, 401, 403, 401, 400, 400]


def test_what_no_station_could_meet_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match=r"versions: a route speaks ocpp2\.1; the CSMS ocpp1\.6"):
        CSMS(v16, authenticate=anyone, routes={"/*": Route(versions=[v21])})
    with pytest.raises(ValueError, match="does not begin with a slash"):
        new_csms(routes={"ocpp": Route()})
    with pytest.raises(ValueError, match="cannot show"):
        new_csms(routes={"/*": Route(security_profile=SecurityProfile.MUTUAL_TLS)}).asgi()


# One identity, two connections


async def test_a_war_of_two_connections_is_damped() -> None:
    """CON-031, defect 12."""
    csms = new_csms()
    events = Recorder(csms)
    async with csms.serve("127.0.0.1", 0) as server, AsyncExitStack() as peers:
        for _ in range(TAKEOVERS.limit + 1):
            await peers.enter_async_context(await RawPeer.connect(server.port))
        winner = csms.stations["RAW"]
        async with await RawPeer.dial(server.port) as late:
            answer = await late.upgrade()
            assert answer.status == 409
            assert int(answer.headers["retry-after"]) <= 12
        assert csms.stations["RAW"] is winner
        assert len(events.of(Replaced)) == TAKEOVERS.limit


async def test_a_stranger_cannot_take_over() -> None:
    """Defect 12: only a connection that has been accepted counts."""

    async def authenticate(handshake: Handshake) -> Accept[str] | Reject:
        return Accept("") if "authorization" in handshake.headers else Reject(HTTPStatus.UNAUTHORIZED)

    csms = new_csms(authenticate=authenticate)
    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.dial(server.port) as peer:
        assert (await peer.upgrade(headers={"Authorization": "Basic UkFXOng="})).status == 101
        for _ in range(10):
            async with await RawPeer.dial(server.port) as stranger:
                assert (await stranger.upgrade()).status == 401
        assert (await peer.call("1", "Heartbeat"))[0] == 3


async def test_a_second_connection_may_be_refused() -> None:
    csms = new_csms(on_duplicate="refuse")
    events = Recorder(csms)
    async with csms.serve("127.0.0.1", 0) as server:
        async with await RawPeer.connect(server.port) as first:
            async with await RawPeer.dial(server.port) as second:
                answer = await second.upgrade()
                assert (answer.status, answer.body) == (409, b"the station is connected already\n")
            assert (await first.call("1", "Heartbeat"))[0] == 3
        await events.wait_for(Disconnected)
        async with await RawPeer.connect(server.port):
            assert csms.stations["RAW"].is_open


async def test_both_connections_may_stay_and_the_newer_one_is_the_station() -> None:
    csms = new_csms(on_duplicate="keep_both")
    events = Recorder(csms)
    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.connect(server.port) as first:
        older = csms.stations["RAW"]
        async with await RawPeer.connect(server.port) as second:
            for peer in (first, second):
                assert (await peer.call("1", "Heartbeat"))[0] == 3
            assert csms.stations["RAW"] is not older
            async with await RawPeer.connect(server.port):
                pass
            await events.wait_for(Disconnected)
            await second.send(b"\x03\xe8", opcode=CLOSE)
            await events.wait_for(Disconnected, count=2)
        assert csms.stations["RAW"] is older
        async with await RawPeer.connect(server.port):
            await first.send(b"\x03\xe8", opcode=CLOSE)
            await events.wait_for(Disconnected, count=3)
            assert csms.stations["RAW"] is not older
        await events.wait_for(Disconnected, count=4)
        assert not csms.stations
        assert not events.of(Replaced)

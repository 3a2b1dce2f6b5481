"""A CSMS mounted in a web application, on the sockets of ASGI servers and on scripted ones."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from support.library import NOW, Recorder, new_charge_point, new_csms
from support.rawpeer import BINARY, TEXT, RawPeer, close_frame

from chargewire import (
    CSMS,
    Accept,
    BadMessage,
    CallRejected,
    ChargePoint,
    Connected,
    ConnectionLost,
    Disconnected,
    Door,
    Handshake,
    Limits,
    Reject,
    Replaced,
    Route,
    SecurityProfile,
    Station,
    Timeouts,
    UpgradeAborted,
    UpgradeError,
    UpgradeRefused,
    v16,
    v201,
    verify_password,
)

HEARTBEAT = '[2,"1","Heartbeat",{}]'
IMPLEMENTATIONS = ["websockets-sansio", "wsproto"]


@asynccontextmanager
async def hosting(app: Any, *, ws: Any = "websockets-sansio", **options: Any) -> AsyncIterator[int]:
    """Run an ASGI application on uvicorn; yields its port."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, ws=ws, log_config=None, **options))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def mounting(csms: CSMS[str], **options: Any) -> AsyncIterator[int]:
    """Mount a CSMS below a path of an application of Starlette; yields its port."""
    ocpp = csms.asgi()
    async with hosting(Starlette(routes=[Mount("/depot", app=ocpp)]), **options) as port:
        yield port
    await ocpp.close()


def charge_point(port: int, *versions: Any, **options: Any) -> ChargePoint:
    return ChargePoint(f"ws://127.0.0.1:{port}/depot", *(versions or (v16,)), **{"identity": "CP001", **options})


# On sockets


@pytest.mark.parametrize("ws", IMPLEMENTATIONS)
async def test_calls_go_both_ways(ws: str) -> None:
    csms = new_csms()
    events = Recorder(csms)
    async with mounting(csms, ws=ws) as port:
        peer = charge_point(port, v201, v16, identity="RDAM 12/3")

        @peer.on(v201.Reset)
        async def reset(_: object, request: v201.Reset) -> v201.ResetResponse:
            return v201.ResetResponse(status=v201.ResetStatusEnumType.ACCEPTED)

        async with peer:
            assert peer.subprotocol == "ocpp2.0.1"
            with pytest.raises(CallRejected):
                await peer.call(v201.Heartbeat())
            station = csms.stations["RDAM 12/3"]
            assert station.session == "RDAM 12/3"
            assert station.remote.startswith("127.0.0.1:")
            answer = await station.call(v201.Reset(type=v201.ResetEnumType.ON_IDLE))
            assert answer.status is v201.ResetStatusEnumType.ACCEPTED
        ended = await events.wait_for(Disconnected)
    assert (ended.code, ended.by) == (1000, "peer")
    assert [type(event) for event in events.events] == [Connected, Disconnected]
    assert not csms.stations


async def test_door_and_routes_are_those_of_the_csms() -> None:
    csms = new_csms(
        limits=Limits(connections=1),
        door=Door(trusted_proxies=["127.0.0.0/8"]),
        routes={"/depot/{a}/{identity}": Route()},
    )
    events = Recorder(csms)
    async with mounting(csms, proxy_headers=False) as port:
        async with await RawPeer.dial(port) as peer:
            assert (await peer.upgrade("/depot/CP001", headers={"X-Forwarded-For": "192.0.2.1"})).status == 404
        assert (await events.wait_for(UpgradeAborted)).remote == "192.0.2.1:0"
        async with await RawPeer.connect(port, "/depot/x/CP001"), await RawPeer.dial(port) as peer:
            assert csms.stations["CP001"].remote.startswith("127.0.0.1:")
            answer = await peer.upgrade("/depot/x/CP002")
            assert (answer.status, answer.headers["retry-after"]) == (503, "10")


@pytest.mark.parametrize("ws", IMPLEMENTATIONS)
async def test_a_refusal_has_its_status_and_reason_where_the_server_can_say_it(ws: str) -> None:
    """CON-006, SEC-005: uvicorn has the extension for it."""

    async def authenticate(handshake: Handshake) -> Accept[str] | Reject:
        if handshake.identity != "CP001":
            return Reject(HTTPStatus.NOT_FOUND, "unknown station")
        if not verify_password(handshake, "open sesame 12345"):
            return Reject(HTTPStatus.UNAUTHORIZED)
        return Accept("ours")

    csms = new_csms(authenticate=authenticate)
    events = Recorder(csms)
    async with mounting(csms, ws=ws) as port:
        async with await RawPeer.dial(port) as peer:
            answer = await peer.upgrade("/depot/NOBODY")
            assert (answer.status, answer.body) == (404, b"unknown station\n")
        async with await RawPeer.dial(port) as peer:
            credentials = base64.b64encode(b"CP001:\xff\xfe").decode()
            answer = await peer.upgrade("/depot/CP001", headers={"Authorization": f"Basic {credentials}"})
            assert (answer.status, "www-authenticate" in answer.headers) == (401, True)
        async with await RawPeer.dial(port) as peer:
            answer = await peer.upgrade("/depot/CP001", subprotocols=("ocpp0.1",))
            assert (answer.status, b"ocpp1.6, ocpp2.0.1" in answer.body) == (400, True)
        async with charge_point(port, password=b"open sesame 12345"):
            assert csms.stations["CP001"].session == "ours"
    assert [event.status for event in events.of(UpgradeAborted)] == [404, 401, 400]
    assert {event.identity for event in events.of(UpgradeAborted)} == {"NOBODY", "CP001"}


async def test_authentication_that_takes_too_long_or_fails_is_answered() -> None:
    async def authenticate(handshake: Handshake) -> Accept[str]:
        if handshake.identity == "SLOW":
            await asyncio.Event().wait()
        raise TimeoutError("the database sleeps")

    csms = new_csms(authenticate=authenticate, handshake_timeout=0.05)
    events = Recorder(csms)
    async with mounting(csms) as port:
        for identity, status in (("SLOW", 408), ("FAST", 500)):
            with pytest.raises(UpgradeRefused) as refusal:
                async with charge_point(port, identity=identity):
                    pass
            assert refusal.value.status == status
    (failure,) = events.of(UpgradeError)
    assert str(failure.error) == "the database sleeps"


async def test_a_newer_connection_takes_over() -> None:
    """CON-031."""
    csms = new_csms()
    events = Recorder(csms)
    async with (
        mounting(csms) as port,
        await RawPeer.connect(port, "/depot/CP001") as older,
        charge_point(port) as newer,
    ):
        assert (await events.wait_for(Replaced)).station is not csms.stations["CP001"]
        assert await older.read_close_code() == 4001
        assert (await newer.call(v16.Heartbeat())).current_time == NOW


@pytest.mark.parametrize("ws", IMPLEMENTATIONS)
@pytest.mark.parametrize(
    ("payload", "opcode", "code"), [(b"x" * 2000, TEXT, 1009), (b"binary", BINARY, 1003)], ids=["too long", "binary"]
)
async def test_what_is_no_message_of_ocpp_closes_the_connection(
    ws: str, payload: bytes, opcode: int, code: int
) -> None:
    """RPC-001."""
    csms = new_csms(limits=Limits(message=1000))
    events = Recorder(csms)
    async with mounting(csms, ws=ws) as port, await RawPeer.connect(port, "/depot/CP001") as peer:
        await peer.send(payload, opcode=opcode)
        assert await peer.read_close_code() == code
        await peer.send(HEARTBEAT)  # too late to be heard
        await peer.write(close_frame(code))
        ended = await events.wait_for(Disconnected)
        assert (ended.code, ended.by) == (code, "us")


async def test_a_frame_that_is_no_ocpp_is_an_event_and_the_connection_stays() -> None:
    csms = new_csms()
    events = Recorder(csms)
    async with mounting(csms) as port, await RawPeer.connect(port, "/depot/CP001") as peer:
        await peer.send("hello")
        assert (await events.wait_for(BadMessage)).data == b"hello"
        assert (await peer.call("1", "Heartbeat"))[0] == 3


async def test_calls_fail_at_once_when_the_station_is_lost() -> None:
    csms = new_csms()
    events = Recorder(csms)
    async with mounting(csms) as port:
        async with await RawPeer.connect(port, "/depot/CP001") as peer:
            call = asyncio.create_task(csms.stations["CP001"].call(v16.Reset(type=v16.ResetType.SOFT)))
            await peer.read_message()
        with pytest.raises(ConnectionLost):
            await call
        assert (await events.wait_for(Disconnected)).code in {1005, 1006}


async def test_a_station_that_is_closed_here_leaves_although_it_says_nothing() -> None:
    csms = new_csms(timeouts=Timeouts(close=0.1))
    events = Recorder(csms)
    async with mounting(csms) as port, await RawPeer.connect(port, "/depot/CP001") as peer:
        await csms.stations["CP001"].close(4000, "out of service")
        assert await peer.read_close_code() == 4000
        ended = await events.wait_for(Disconnected)
        assert (ended.code, ended.reason, ended.by) == (4000, "out of service", "us")


async def test_stations_that_reach_the_limit_wait_and_lose_nothing() -> None:
    csms = new_csms(limits=Limits(concurrent_calls=2))
    go_on = asyncio.Event()

    @csms.on(v16.Authorize)
    async def authorize(station: Station[str], request: v16.Authorize) -> v16.AuthorizeResponse:
        await go_on.wait()
        return v16.AuthorizeResponse(id_tag_info=v16.IdTagInfo(status=v16.AuthorizationStatus.ACCEPTED))

    async with mounting(csms) as port, await RawPeer.connect(port, "/depot/CP001") as peer:
        for number in range(20):
            await peer.send(f'[2,"{number}","Authorize",{{"idTag":"TAG"}}]')
        await asyncio.sleep(0.05)
        go_on.set()
        answers = {(await peer.read_message())[:7] for _ in range(20)}
        assert len(answers) == 20


async def test_when_the_server_stops_stations_are_told() -> None:
    csms = new_csms()
    events = Recorder(csms)
    async with asyncio.timeout(10):
        async with hosting(csms.asgi(), lifespan="on") as port:
            peer = await RawPeer.connect(port, "/CP001")
        async with peer:
            assert await peer.read_close_code() in {1001, 1012}
    assert (await events.wait_for(Disconnected)).station.identity == "CP001"


async def test_plain_http_is_told_to_use_a_websocket() -> None:
    async with (
        mounting(new_csms()) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/depot") as client,
    ):
        assert (await client.get("/CP001")).status_code == 426
        posted = await client.post("/CP001")
        assert (posted.status_code, posted.headers["allow"]) == (405, "GET")


async def test_a_server_without_websockets_is_found_out(caplog: pytest.LogCaptureFixture) -> None:
    async with hosting(new_csms().asgi(), ws="none") as port, await RawPeer.dial(port) as peer:
        assert (await peer.upgrade("/CP001")).status == 501
    assert "no support for WebSockets" in caplog.text


async def test_a_station_is_commanded_from_another_thread() -> None:
    csms = new_csms()
    async with csms.serve("127.0.0.1", 0) as server, new_charge_point(server.port):
        station = csms.stations["CP001"]
        reset = v16.Reset(type=v16.ResetType.SOFT)
        answer = await asyncio.to_thread(station.call_from_thread, reset, timeout=5)
        assert answer.status is v16.ResetStatus.ACCEPTED
        with pytest.raises(RuntimeError, match="await call"):
            station.call_from_thread(reset)


# Scripted


class Scripted:
    """An ASGI server of a test: it says what it is told to, and keeps what the application says."""

    def __init__(self, **scope: Any) -> None:
        self.scope: dict[str, Any] = {
            "type": "websocket", "path": "/CP001", "headers": [], "subprotocols": ["ocpp1.6"], **scope,
        }  # fmt: skip
        self.to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.to_app.put_nowait({"type": "websocket.connect"})
        self.failing = False

    async def send(self, event: dict[str, Any]) -> None:
        if self.failing:
            raise OSError("the client is gone")
        self.from_app.put_nowait(event)

    @asynccontextmanager
    async def running(self, csms: CSMS[str]) -> AsyncIterator[asyncio.Task[None]]:
        app = csms.asgi()
        task = asyncio.ensure_future(app(self.scope, self.to_app.get, self.send))
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await app.close()


async def test_a_refusal_is_a_403_where_the_server_can_say_no_more() -> None:
    server = Scripted(subprotocols=["ocpp0.1"], client=("10.0.0.1", 5))
    csms = new_csms()
    events = Recorder(csms)
    async with server.running(csms):
        assert await server.from_app.get() == {"type": "websocket.close"}
    (aborted,) = events.of(UpgradeAborted)
    assert (aborted.status, aborted.remote) == (400, "10.0.0.1:5")


async def test_the_path_may_come_decoded_and_the_query_apart() -> None:
    seen: list[Handshake] = []

    async def authenticate(handshake: Handshake) -> Accept[str]:
        seen.append(handshake)
        return Accept("")

    server = Scripted(path="/ocpp/CP 1", query_string=b"a=b", scheme="wss", headers=[(b"x-a", b"1"), (b"x-a", b"2")])
    async with server.running(new_csms(authenticate=authenticate)):
        assert await server.from_app.get() == {"type": "websocket.accept", "subprotocol": "ocpp1.6"}
    (asked,) = seen
    assert (asked.identity, asked.target, asked.encrypted) == ("CP 1", "/ocpp/CP%201?a=b", True)
    assert asked.headers["x-a"] == "1, 2"


async def test_a_profile_with_tls_goes_by_what_the_server_says() -> None:
    """SEC-002: the server says it is TLS, or a proxy's headers told it so."""
    credentials = [(b"authorization", b"Basic " + base64.b64encode(b"CP001:open sesame 12345"))]
    csms = new_csms(security_profile=SecurityProfile.TLS_BASIC)
    for scheme, answer in (("ws", "websocket.close"), ("wss", "websocket.accept")):
        server = Scripted(scheme=scheme, headers=credentials)
        async with server.running(csms):
            assert (await server.from_app.get())["type"] == answer


def test_a_profile_with_client_certificates_is_refused_when_the_application_is_made() -> None:
    with pytest.raises(ValueError, match="security_profile: 3 needs client certificates"):
        new_csms(security_profile=SecurityProfile.MUTUAL_TLS).asgi()


async def test_a_version_that_nobody_speaks_may_be_accepted_and_closed() -> None:
    """CON-011."""
    server = Scripted(subprotocols=["ocpp0.1"])
    async with server.running(new_csms(on_no_subprotocol="close_after_handshake")):
        assert await server.from_app.get() == {"type": "websocket.accept", "subprotocol": None}
        closed = await server.from_app.get()
        assert (closed["type"], closed["code"]) == ("websocket.close", 1002)
        server.to_app.put_nowait({"type": "websocket.disconnect", "code": 1002})


async def test_a_server_that_cancels_leaves_no_station_behind() -> None:
    csms = new_csms()
    events = Recorder(csms)
    server = Scripted()
    async with server.running(csms) as task:
        await server.from_app.get()
        await events.wait_for(Connected)
        task.cancel()
        assert (await events.wait_for(Disconnected)).code == 1006
    assert not csms.stations


async def test_a_message_that_cannot_be_sent_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    csms = new_csms()
    events = Recorder(csms)
    server = Scripted()
    with caplog.at_level(logging.WARNING):
        async with server.running(csms) as task:
            await events.wait_for(Connected)
            server.failing = True
            server.to_app.put_nowait({"type": "websocket.receive", "text": HEARTBEAT})
            await asyncio.sleep(0.01)
            server.to_app.put_nowait({"type": "websocket.disconnect", "code": 1006})
            await task
    assert caplog.text == ""


async def test_a_peer_that_does_not_read_is_not_read_from() -> None:
    """Every CALL makes an answer: what waits to be sent is bounded."""
    csms = new_csms()
    server = Scripted()
    gate = asyncio.Semaphore(1)

    async def slow(event: dict[str, Any]) -> None:
        await gate.acquire()
        server.from_app.put_nowait(event)

    server.send = slow
    async with server.running(csms) as task:
        for number in range(500):
            server.to_app.put_nowait({"type": "websocket.receive", "text": f'[2,"{number}","Heartbeat",{{}}]'})
        for _ in range(1000):
            await asyncio.sleep(0)
        assert server.to_app.qsize() > 400
        for _ in range(501):
            gate.release()
        for _ in range(501):
            await server.from_app.get()
        server.to_app.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await task


async def test_an_unknown_kind_of_scope_is_no_business_of_ours() -> None:
    with pytest.raises(ValueError, match="telepathy"):
        await new_csms().asgi()({"type": "telepathy"}, asyncio.Event().wait, asyncio.sleep)

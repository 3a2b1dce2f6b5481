"""Servers written with the PyPI package ``ocpp`` for ``websockets``, run on ours as they are.

What both servers must do alike is one test that runs on both.
"""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from types import ModuleType
from typing import Any

import ocpp.v16.call
import ocpp.v16.call_result
import ocpp.v21.call
import ocpp.v21.call_result
import ocpp.v201.call
import ocpp.v201.call_result
import pytest
import websockets
from ocpp.routing import after, on
from support.library import Recorder, anyone, new_charge_point
from support.rawpeer import PING, PONG, TEXT, RawPeer, close_frame
from websockets.protocol import State

from chargewire import (
    Accept,
    CallRejected,
    ChargePoint,
    Connected,
    Connection,
    Disconnected,
    FrameReceived,
    FrameSent,
    Handshake,
    Limits,
    Reject,
    Replaced,
    Timeouts,
    UpgradeAborted,
    UpgradeRefused,
    v16,
    v21,
    v201,
    verify_password,
)
from chargewire.compat import ocpp as compat

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BOOT_16 = v16.BootNotification(charge_point_vendor="Acme", charge_point_model="One")
HEARTBEAT = '[2,"1","Heartbeat",{}]'

Handler = Callable[[Any], Awaitable[None]]
Serve = Callable[[Handler], Any]


# The application: what its authors gave to websockets.serve


class Told:
    """What a charge point class heard, and what it wants to be asked."""

    def __init__(self, id: str, connection: Any) -> None:
        super().__init__(id, connection)
        self.told: list[str] = []
        self.heard = asyncio.Event()

    def note(self, text: str) -> None:
        self.told.append(text)
        self.heard.set()


class ChargePoint16(Told, ocpp.v16.ChargePoint):
    @on("BootNotification")
    def boot(
        self, charge_point_vendor: str, charge_point_model: str, **_: Any
    ) -> ocpp.v16.call_result.BootNotification:
        self.note(f"{charge_point_vendor} {charge_point_model}")
        return ocpp.v16.call_result.BootNotification(NOW.isoformat(), 300, "Accepted")

    @after("BootNotification")
    async def booted(self, **_: Any) -> None:
        answer = await self.call(ocpp.v16.call.Reset("Soft"))
        self.note(answer.status)


class ChargePoint201(Told, ocpp.v201.ChargePoint):
    @on("BootNotification")
    def boot(self, charging_station: dict[str, str], **_: Any) -> ocpp.v201.call_result.BootNotification:
        self.note(f"{charging_station['vendor_name']} {charging_station['model']}")
        return ocpp.v201.call_result.BootNotification(NOW.isoformat(), 300, "Accepted")

    @after("BootNotification")
    async def booted(self, **_: Any) -> None:
        answer = await self.call(ocpp.v201.call.Reset("OnIdle"))
        self.note(answer.status)


class ChargePoint21(Told, ocpp.v21.ChargePoint):
    @on("BootNotification")
    def boot(self, charging_station: dict[str, str], **_: Any) -> ocpp.v21.call_result.BootNotification:
        self.note(f"{charging_station['vendor_name']} {charging_station['model']}")
        return ocpp.v21.call_result.BootNotification(NOW.isoformat(), 300, "Accepted")

    @after("BootNotification")
    async def booted(self, **_: Any) -> None:
        answer = await self.call(ocpp.v21.call.Reset("OnIdle"))
        self.note(answer.status)


CLASSES: Mapping[str, Any] = {"ocpp1.6": ChargePoint16, "ocpp2.0.1": ChargePoint201, "ocpp2.1": ChargePoint21}


class Application:
    """The usual ``on_connect`` of the package's users, as a class to look into."""

    def __init__(self) -> None:
        self.charge_points: dict[str, Any] = {}
        self.endings: list[websockets.ConnectionClosed] = []
        self.ended = asyncio.Event()

    async def on_connect(self, websocket: Any) -> None:
        try:
            requested = websocket.request.headers["Sec-WebSocket-Protocol"]
        except KeyError:
            await websocket.close()
            return
        assert websocket.subprotocol in requested
        id = websocket.request.path.strip("/").rpartition("/")[2]
        charge_point = self.charge_points[id] = CLASSES[websocket.subprotocol](id, websocket)
        try:
            await charge_point.start()
        except websockets.ConnectionClosed as ending:
            self.endings.append(ending)
        finally:
            self.ended.set()


# The servers


@asynccontextmanager
async def serve_theirs(handler: Handler) -> AsyncIterator[int]:
    subprotocols = [websockets.Subprotocol(name) for name in CLASSES]
    async with websockets.serve(handler, "127.0.0.1", 0, subprotocols=subprotocols, close_timeout=0.5) as server:
        yield next(iter(server.sockets)).getsockname()[1]


@asynccontextmanager
async def serve_ours(handler: Handler) -> AsyncIterator[int]:
    async with compat.serve(
        handler, "127.0.0.1", 0, versions=[v16, v201, v21], authenticate=anyone, timeouts=Timeouts(close=1.0)
    ) as server:
        yield server.port


@pytest.fixture(params=[serve_theirs, serve_ours], ids=["theirs", "ours"])
def serve(request: pytest.FixtureRequest) -> Serve:
    server: Serve = request.param
    return server


# What is alike on both


def station(port: int, version: ModuleType) -> ChargePoint:
    """A station of ours that accepts to be reset."""
    charge_point = ChargePoint(f"ws://127.0.0.1:{port}/ocpp", version, identity="CP001")

    @charge_point.on(version.Reset)
    async def reset(csms: Connection, request: Any) -> Any:
        return version.ResetResponse(status="Accepted")

    return charge_point


@pytest.mark.parametrize(
    ("version", "boot"),
    [
        (v16, BOOT_16),
        *(
            (
                version,
                version.BootNotification(
                    reason=version.BootReasonEnumType.POWER_UP,
                    charging_station=version.ChargingStationType(vendor_name="Acme", model="One"),
                ),
            )
            for version in (v201, v21)
        ),
    ],
    ids=["1.6", "2.0.1", "2.1"],
)
async def test_a_class_of_the_package_is_called_and_calls(serve: Serve, version: ModuleType, boot: Any) -> None:
    application = Application()
    async with serve(application.on_connect) as port, station(port, version) as charge_point:
        answer = await charge_point.call(boot)
        assert (answer.status, answer.interval) == ("Accepted", 300)
        served = application.charge_points["CP001"]
        async with asyncio.timeout(5):
            while len(served.told) < 2:
                served.heard.clear()
                await served.heard.wait()
        assert served.told == ["Acme One", "Accepted"]
    await application.ended.wait()
    assert isinstance(application.endings[0], websockets.ConnectionClosedOK)


async def test_an_action_without_a_handler_is_answered_by_the_package(serve: Serve) -> None:
    async with serve(Application().on_connect) as port, new_charge_point(port) as charge_point:
        with pytest.raises(CallRejected) as refusal:
            await charge_point.call(v16.Heartbeat())
        assert refusal.value.code == "NotImplemented"


@pytest.mark.parametrize(
    ("close", "kind", "code"),
    [
        (close_frame(1000, "bye"), websockets.ConnectionClosedOK, 1000),
        (close_frame(1001), websockets.ConnectionClosedOK, 1001),
        (close_frame(3001, "out of paper"), websockets.ConnectionClosedError, 3001),
        (b"", websockets.ConnectionClosedError, None),
    ],
    ids=["normal", "going away", "own code", "no word"],
)
async def test_recv_raises_what_the_application_catches(
    serve: Serve, close: bytes, kind: type, code: int | None
) -> None:
    application = Application()
    async with serve(application.on_connect) as port:
        async with await RawPeer.connect(port) as peer:
            if close:
                await peer.write(close)
                await peer.read_frame()
        await application.ended.wait()
    (ending,) = application.endings
    assert type(ending) is kind
    assert (ending.rcvd and ending.rcvd.code) == code


async def test_messages_that_came_before_the_end_can_still_be_taken(serve: Serve) -> None:
    taken: list[Any] = []
    done = asyncio.Event()

    async def late(connection: Any) -> None:
        await connection.wait_closed()
        taken.append(await connection.recv())
        taken.extend([message async for message in connection])
        done.set()

    async with serve(late) as port:
        async with await RawPeer.connect(port) as peer:
            for number in range(3):
                await peer.send(str(number))
            await peer.write(close_frame(1000))
            assert await peer.read_close_code() == 1000
        await done.wait()
    assert taken == ["0", "1", "2"]


async def test_when_the_handler_returns_the_connection_closes_normally(serve: Serve) -> None:
    async def brief(connection: Any) -> None:
        await connection.send("hello")

    async with serve(brief) as port, await RawPeer.connect(port) as peer:
        assert await peer.read_message() == b"hello"
        assert await peer.read_close_code() == 1000


async def test_when_the_handler_raises_the_connection_closes_with_1011(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(connection: Any) -> None:
        raise LookupError("no such charger")

    with caplog.at_level(logging.ERROR):
        async with serve(broken) as port, await RawPeer.connect(port) as peer:
            assert await peer.read_close_code() == 1011
    assert "no such charger" in caplog.text


async def test_a_ping_is_answered_with_its_latency_and_answers_earlier_ones(serve: Serve) -> None:
    pongs: list[float] = []

    async def watch(connection: Any) -> None:
        earlier = await connection.ping("one")
        later = await connection.ping(b"two")
        pongs.extend([await later, await earlier])

    async with serve(watch) as port, await RawPeer.connect(port) as peer:
        first, second = await peer.read_frame(), await peer.read_frame()
        assert [(frame.opcode, frame.payload) for frame in (first, second)] == [(PING, b"one"), (PING, b"two")]
        await peer.send(b"unasked", opcode=PONG)
        await peer.send(second.payload, opcode=PONG)
        assert await peer.read_close_code() == 1000
    assert len(pongs) == 2
    assert all(0 <= pong < 5 for pong in pongs)


async def test_a_ping_fails_when_its_pong_cannot_come_any_more(serve: Serve) -> None:
    failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def watch(connection: Any) -> None:
        pong = await connection.ping()
        try:
            await pong
        except websockets.ConnectionClosed:
            failed.set_result(None)

    async with serve(watch) as port:
        async with await RawPeer.connect(port) as peer:
            await peer.read_frame()
        await failed


async def test_the_state_is_that_of_websockets(serve: Serve) -> None:
    states: list[Any] = []
    done = asyncio.Event()

    async def watch(connection: Any) -> None:
        states.append(connection.state)
        await connection.close(3002, "enough")
        states.extend([connection.state, connection.close_code, connection.close_reason])
        with pytest.raises(websockets.ConnectionClosed):
            await connection.send("too late")
        with pytest.raises(websockets.ConnectionClosed):
            await connection.recv()
        with pytest.raises(websockets.ConnectionClosed):
            await connection.ping()
        await connection.close()
        done.set()

    async with serve(watch) as port, await RawPeer.connect(port) as peer:
        assert await peer.read_close_code() == 3002
        await peer.write(close_frame(3002, "enough"))
        await done.wait()
    assert states[0] is State.OPEN
    assert states[1] is State.CLOSED
    assert states[2:] == [3002, "enough"]


async def test_two_cannot_wait_for_the_same_message(serve: Serve) -> None:
    done = asyncio.Event()

    async def twice(connection: Any) -> None:
        first = asyncio.ensure_future(connection.recv())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError):
            await connection.recv()
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        assert await connection.recv() == HEARTBEAT  # a cancelled recv() loses nothing
        done.set()

    async with serve(twice) as port, await RawPeer.connect(port) as peer:
        await asyncio.sleep(0.05)
        await peer.send(HEARTBEAT.encode(), opcode=TEXT)
        async with asyncio.timeout(5):
            await done.wait()


# What is ours


@asynccontextmanager
async def serving(handler: Handler, **options: Any) -> AsyncIterator[compat.Server[Any]]:
    options = {"versions": [v16, v201, v21], "authenticate": anyone, "timeouts": Timeouts(close=1.0), **options}
    async with compat.serve(handler, "127.0.0.1", 0, **options) as server:
        yield server


async def test_a_request_looks_as_it_did_in_all_generations_of_websockets() -> None:
    seen: list[Any] = []

    async def look(connection: compat.Connection[str]) -> None:
        seen.extend([connection.request.path, connection.path, connection.request.headers["HOST"]])
        seen.extend([connection.request_headers.get("X-None"), len(connection.request_headers) > 3])
        seen.extend([connection.remote_address[0], connection.identity, connection.session])
        assert connection.remote_address[1] > 0
        assert {"host", "upgrade"} <= set(connection.request.headers)

    async with serving(look) as server, await RawPeer.connect(server.port, "/a/CP%20001?x=1") as peer:
        assert await peer.read_close_code() == 1000
        path = "/a/CP%20001?x=1"
        assert seen[:2] == [path, path]
        assert seen[3:] == [None, True, "127.0.0.1", "CP 001", "CP 001"]


async def test_stations_are_authenticated_before_the_application_hears_of_them() -> None:
    async def authenticate(handshake: Handshake) -> Accept[str] | Reject:
        if verify_password(handshake, "open sesame 12345"):
            return Accept("ours")
        return Reject(HTTPStatus.UNAUTHORIZED, "wrong password")

    application = Application()
    async with serving(application.on_connect, authenticate=authenticate) as server:
        events = Recorder(server)
        with pytest.raises(UpgradeRefused):
            async with new_charge_point(server.port, password=b"guess"):
                pass
        assert not application.charge_points
        assert (await events.wait_for(UpgradeAborted)).reason == "wrong password"
        async with new_charge_point(server.port, password=b"open sesame 12345"):
            assert server.connections["CP001"].session == "ours"


async def test_a_web_handler_reaches_a_charge_point_by_its_identity() -> None:
    async def on_connect(connection: compat.Connection[str]) -> None:
        connection.charge_point = ChargePoint16(connection.identity, connection)
        await connection.charge_point.start()

    async with serving(on_connect) as server:
        events = Recorder(server)
        async with new_charge_point(server.port):
            answer = await server.connections["CP001"].charge_point.call(ocpp.v16.call.Reset("Soft"))
            assert answer.status == "Accepted"
        assert (await events.wait_for(Disconnected)).station.identity == "CP001"
        assert not server.connections


async def test_a_newer_connection_takes_over_at_once() -> None:
    """CON-031: the old start() ends, even when its station is silent and its socket still stands."""
    application = Application()
    async with serving(application.on_connect) as server, AsyncExitStack() as stack:
        events = Recorder(server)
        older = await stack.enter_async_context(await RawPeer.connect(server.port))
        first = server.connections["RAW"]
        await stack.enter_async_context(await RawPeer.connect(server.port))
        await application.ended.wait()
        (ending,) = application.endings
        assert isinstance(ending, websockets.ConnectionClosedError)
        assert ending.sent is not None
        assert ending.sent.code == 4001
        assert await older.read_close_code() == 4001
        assert (await events.wait_for(Replaced)).station is first
        assert server.connections["RAW"] is not first


async def test_events_tell_of_connections_and_frames() -> None:
    async def echo(connection: compat.Connection[str]) -> None:
        await connection.send(await connection.recv())

    async with serving(echo) as server:
        assert isinstance(server.events(), AsyncIterator)
        events = Recorder(server, Connected, Disconnected, FrameReceived, FrameSent)
        async with await RawPeer.connect(server.port) as peer:
            await peer.send(HEARTBEAT.encode(), opcode=TEXT)
            assert await peer.read_message() == HEARTBEAT.encode()
            assert await peer.read_close_code() == 1000
        await events.wait_for(Disconnected)
    assert [type(event) for event in events.events] == [Connected, FrameReceived, FrameSent, Disconnected]


async def test_a_handler_that_does_not_read_holds_up_its_station_and_not_the_memory() -> None:
    go_on = asyncio.Event()
    taken: list[str] = []

    async def slow(connection: compat.Connection[str]) -> None:
        await go_on.wait()
        taken.extend([message async for message in connection])

    count, size = 400, 100_000
    async with (
        serving(slow, limits=Limits(concurrent_calls=4)) as server,
        await RawPeer.connect(server.port) as peer,
    ):
        received = Recorder(server, FrameReceived)

        async def flood() -> None:
            for number in range(count):
                await peer.send(f"{number:0{size}}".encode(), opcode=TEXT)
            await peer.write(close_frame(1000))

        flooding = asyncio.create_task(flood())
        await asyncio.sleep(0.3)
        assert not flooding.done()
        assert len(received.events) < count / 2
        go_on.set()
        await flooding
        assert await peer.read_close_code() == 1000
    assert [int(message[-9:]) for message in taken] == list(range(count))


async def test_only_text_can_be_sent() -> None:
    async def wrong(connection: Any) -> None:
        with pytest.raises(TypeError, match="expected a str"):
            await connection.send(b"bytes")

    async with serving(wrong) as server, await RawPeer.connect(server.port) as peer:
        assert await peer.read_close_code() == 1000


async def test_the_server_stops_in_time_although_a_handler_does_not() -> None:
    cancelled = asyncio.Event()

    async def stubborn(connection: Any) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with asyncio.timeout(10), AsyncExitStack() as peers:
        async with serving(stubborn, timeouts=Timeouts(close=0.1)) as server:
            peer = await peers.enter_async_context(await RawPeer.connect(server.port))
        assert await peer.read_close_code() == 1001
    assert cancelled.is_set()


async def test_a_version_must_be_named() -> None:
    with pytest.raises(ValueError, match="versions"):
        async with compat.serve(Application().on_connect, "127.0.0.1", 0, versions=[], authenticate=anyone):
            pass


def test_neither_package_is_needed() -> None:
    """The facade has its own exceptions and states where ``websockets`` is not installed."""
    script = """
import asyncio, sys
sys.modules["websockets"] = sys.modules["ocpp"] = None
from chargewire import Accept, ChargePoint, v16
from chargewire.compat import ocpp

async def anyone(handshake):
    return Accept(None)

async def on_connect(connection):
    print(connection.state.name)
    try:
        await connection.recv()
    except ocpp.ConnectionClosedOK as ending:
        print(repr(str(ending)), connection.state == 3)

async def main():
    async with ocpp.serve(on_connect, "127.0.0.1", 0, versions=[v16], authenticate=anyone) as server:
        async with ChargePoint(f"ws://127.0.0.1:{server.port}", v16, identity="CP001"):
            pass

asyncio.run(main())
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert (run.stdout.splitlines(), run.stderr) == (["OPEN", "'1000' True"], "")

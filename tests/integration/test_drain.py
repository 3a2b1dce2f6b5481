"""The end of a server: nobody loses an answer who need not, and nobody can hold it up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager

import pytest
from support.library import Recorder, new_csms
from support.rawpeer import CLOSE, RawPeer, upgrade_request

from chargewire import (
    Accept,
    ConnectionLost,
    Disconnected,
    Handshake,
    Station,
    Timeouts,
    UpgradeAborted,
    v16,
)

QUICK = Timeouts(close=0.3)
RESTART = 1012


@contextmanager
def taking(least: float, most: float) -> Iterator[None]:
    """Check that the block takes about so many seconds: what would hang takes 30 at least."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    yield
    assert least - 0.05 <= loop.time() - begun <= most + 2


async def answer_close(peer: RawPeer) -> int:
    code = await peer.read_close_code()
    await peer.send(code.to_bytes(2, "big"), opcode=CLOSE)
    return code


async def test_stations_without_calls_are_told_to_come_back() -> None:
    csms = new_csms()
    events = Recorder(csms, Disconnected)
    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.connect(server.port) as peer:
        with taking(0, 0.3):
            closed = asyncio.ensure_future(answer_close(peer))
            await server.drain(30)
        assert await closed == RESTART
        assert not csms.stations
        assert events.of(Disconnected)[0].by == "us"


async def test_newcomers_are_refused_while_the_server_drains() -> None:
    """And so are those whose authentication is under way."""

    async def authenticate(handshake: Handshake) -> Accept[str]:
        if handshake.identity == "SLOW":
            await asyncio.Event().wait()
        return Accept("")

    csms = new_csms(authenticate=authenticate)
    events = Recorder(csms, UpgradeAborted)
    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.connect(server.port) as busy:
        call = asyncio.ensure_future(csms.stations["RAW"].call(v16.ClearCache()))
        id = json.loads(await busy.read_message())[1]
        async with await RawPeer.dial(server.port) as slow, await RawPeer.dial(server.port) as late:
            await slow.write(upgrade_request("/ocpp/SLOW"))
            await asyncio.sleep(0.05)
            draining = asyncio.ensure_future(server.drain(30))
            assert (await slow.read_http()).status == 503
            await late.read_to_end()
        async with await RawPeer.dial(server.port) as late:
            answer = await late.upgrade("/ocpp/LATE")
            assert (answer.status, answer.body) == (503, b"the server is draining\n")
            assert answer.headers["retry-after"] == "10"
        assert {event.status for event in events.of(UpgradeAborted)} == {503}
        await busy.send(json.dumps([3, id, {"status": "Accepted"}]))
        assert (await call).status is v16.ClearCacheStatus.ACCEPTED
        assert await answer_close(busy) == RESTART
        await draining


async def test_a_running_handler_may_answer() -> None:
    release = asyncio.Event()
    csms = new_csms()

    @csms.on(v16.Authorize)
    async def authorize(station: Station[str], request: v16.Authorize) -> v16.AuthorizeResponse:
        await release.wait()
        return v16.AuthorizeResponse(id_tag_info=v16.IdTagInfo(status=v16.AuthorizationStatus.ACCEPTED))

    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.connect(server.port) as peer:
        answer = asyncio.ensure_future(peer.call("1", "Authorize", {"idTag": "x"}))
        while not csms.stations["RAW"].is_busy:  # noqa: ASYNC110
            await asyncio.sleep(0)
        draining = asyncio.ensure_future(server.drain(30))
        await asyncio.sleep(0.1)
        release.set()
        assert (await answer)[0] == 3
        assert await answer_close(peer) == RESTART
        await draining


async def test_an_unanswered_call_fails_at_the_deadline() -> None:
    """Defect 27: the incumbent waits for it for good."""
    csms = new_csms(timeouts=QUICK)
    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.connect(server.port) as peer:
        call = asyncio.ensure_future(csms.stations["RAW"].call(v16.ClearCache(), timeout=60))
        await peer.read_message()
        with taking(0.5, 0.8):
            await server.drain(0.5)
        with pytest.raises(ConnectionLost):
            await call


async def test_a_call_that_times_out_meanwhile_holds_nothing_up() -> None:
    """Defect 27."""
    csms = new_csms(timeouts=QUICK)
    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.connect(server.port) as peer:
        call = asyncio.ensure_future(csms.stations["RAW"].call(v16.ClearCache(), timeout=0.2))
        await peer.read_message()
        with taking(0.2, 0.6):
            await server.drain(30)
        with pytest.raises(TimeoutError):
            await call


async def test_a_server_stops_with_an_unanswered_call() -> None:
    """Defect 27, without draining."""
    csms = new_csms(timeouts=QUICK)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(csms.serve("127.0.0.1", 0))
        async with await RawPeer.connect(server.port) as peer:
            call = asyncio.ensure_future(csms.stations["RAW"].call(v16.ClearCache(), timeout=60))
            await peer.read_message()
            with taking(0, 0.3):
                await stack.aclose()
            with pytest.raises(ConnectionLost):
                await call


async def test_peers_that_ignore_everything_hold_nothing_up() -> None:
    """Defect 28: one that ignores the close frame, and one that has never said a word."""
    csms = new_csms(timeouts=QUICK)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(csms.serve("127.0.0.1", 0))
        async with await RawPeer.connect(server.port), await RawPeer.dial(server.port):
            with taking(0.3, 0.4):
                await server.drain(30)
            with taking(0, 0.3):
                await stack.aclose()


async def test_a_fleet_is_closed_in_slices() -> None:
    csms = new_csms(timeouts=QUICK)
    events = Recorder(csms, Disconnected)
    async with csms.serve("127.0.0.1", 0) as server, AsyncExitStack() as peers:
        fleet = [
            await peers.enter_async_context(await RawPeer.connect(server.port, f"/ocpp/{number}"))
            for number in range(100)
        ]
        closing = [asyncio.ensure_future(answer_close(peer)) for peer in fleet]
        draining = asyncio.ensure_future(server.drain(2))
        await events.wait_for(Disconnected)
        assert len(csms.stations) > 50
        with taking(0, 2):
            await draining
        assert set(await asyncio.gather(*closing)) == {RESTART}
    assert len(events.events) == 100


async def test_an_empty_server_drains_at_once_and_its_csms_may_serve_again() -> None:
    csms = new_csms()
    async with csms.serve("127.0.0.1", 0) as server:
        with taking(0, 0):
            await server.drain()
    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.connect(server.port):
        assert "RAW" in csms.stations

"""When a charge point dials, when it stops, and what changing its options does, on real sockets."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from support.library import NOW, Recorder, anyone, new_charge_point, new_csms
from support.simulated import until
from support.tls import HOST, Pki

from chargewire import (
    CSMS,
    Accept,
    Backoff,
    CallTimeout,
    ChargePoint,
    Connected,
    Connection,
    ConnectionLost,
    Disconnected,
    FrameSent,
    GaveUp,
    Handshake,
    Limits,
    NotConnected,
    Outbox,
    Reconnecting,
    ServerTls,
    Station,
    Timeouts,
    UpgradeRefused,
    client_context,
    v16,
    v201,
)

AT_ONCE = Backoff(wait_minimum=0.01, random_range=0.0, repeat_times=0)
NEVER = Backoff(wait_minimum=1000.0)
HURRIED = Timeouts(close=0.3)


@asynccontextmanager
async def silent_peer() -> AsyncIterator[tuple[int, list[bytes]]]:
    """A port where connections are taken, and upgrade requests kept but not answered."""
    heads: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            heads.append(await reader.readuntil(b"\r\n\r\n"))
            await reader.read()
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], heads


def deaf_csms(heard: asyncio.Event, **options: Any) -> CSMS[str]:
    """A CSMS that answers no DataTransfer while it runs."""
    csms = new_csms(timeouts=HURRIED, **options)

    @csms.on(v16.DataTransfer)
    async def transfer(station: Station[str], request: v16.DataTransfer) -> v16.DataTransferResponse:
        heard.set()
        await asyncio.Event().wait()
        raise AssertionError

    return csms


# Which version is offered


async def test_the_version_agreed_on_is_the_only_one_offered_again() -> None:
    offers: list[tuple[str, ...]] = []

    async def authenticate(handshake: Handshake) -> Accept[str]:
        offers.append(handshake.protocols)
        return Accept("")

    csms: CSMS[str] = CSMS(v16, authenticate=authenticate)
    async with csms.serve("127.0.0.1", 0) as server:
        url = f"ws://127.0.0.1:{server.port}"
        async with ChargePoint(url, v201, v16, identity="CP001", backoff=AT_ONCE) as charge_point:
            events = Recorder(charge_point)
            await charge_point.drop()
            await events.wait_for(Connected)
            charge_point.reconfigure(pin_version=False)
            await charge_point.drop()
            await events.wait_for(Connected, count=2)
    assert offers == [("ocpp2.0.1", "ocpp1.6"), ("ocpp1.6",), ("ocpp2.0.1", "ocpp1.6")]


@pytest.mark.parametrize("refusal", ["refuse", "close_after_handshake"])
async def test_a_csms_that_refuses_the_version_agreed_on_is_offered_all(refusal: Any) -> None:
    """CON-011, CON-012: it was updated, or set back."""
    async with CSMS(v16, authenticate=anyone).serve("127.0.0.1", 0) as server:
        port = server.port
        url = f"ws://127.0.0.1:{port}"
        charge_point = ChargePoint(url, v16, v201, identity="CP001", backoff=AT_ONCE, timeouts=HURRIED)
        await charge_point.__aenter__()
    events = Recorder(charge_point)
    async with CSMS(v201, authenticate=anyone, on_no_subprotocol=refusal).serve("127.0.0.1", port):
        await events.wait_for(Connected)
        assert charge_point.version is v201
        await charge_point.close()


# How often is dialled


async def test_it_gives_up_after_the_attempts_it_has() -> None:
    charge_point = new_charge_point(1, backoff=AT_ONCE, max_reconnects=2)
    events = Recorder(charge_point)
    charge_point.start()
    gave_up = await events.wait_for(GaveUp)
    assert gave_up.attempts == 2
    assert isinstance(gave_up.error, OSError)
    assert [event.attempt for event in events.of(Reconnecting)] == [1, 2]
    with pytest.raises(NotConnected):
        await charge_point.wait_connected()
    await charge_point.close()


async def test_attempts_are_counted_from_the_latest_connection() -> None:
    """CON-025."""
    async with new_csms().serve("127.0.0.1", 0) as server:
        async with new_charge_point(server.port, backoff=AT_ONCE, max_reconnects=1) as charge_point:
            events = Recorder(charge_point)
            for visit in (1, 2, 3):
                await charge_point.drop()
                await events.wait_for(Connected, count=visit)
    assert not events.of(GaveUp)


async def test_it_can_be_started_again_after_it_gave_up() -> None:
    billing: list[int] = []
    csms = new_csms()

    @csms.on(v16.StopTransaction)
    async def stop(station: Station[str], request: v16.StopTransaction) -> v16.StopTransactionResponse:
        billing.append(request.transaction_id)
        return v16.StopTransactionResponse()

    async with csms.serve("127.0.0.1", 0) as server:
        async with new_charge_point(server.port, reconnect=False) as charge_point:
            events = Recorder(charge_point)
            with pytest.raises(RuntimeError, match="started already"):
                charge_point.start()
            await charge_point.drop()
            assert await events.wait_for(GaveUp) == GaveUp(0, None)
            answer = charge_point.deliver(v16.StopTransaction(transaction_id=7, meter_stop=1, timestamp=NOW))
            charge_point.start()
            await charge_point.wait_connected()
            await answer
    assert billing == [7]


async def test_the_first_attempt_is_repeated_where_that_is_wanted() -> None:
    async with new_csms().serve("127.0.0.1", 0) as server:
        port = server.port
    charge_point = new_charge_point(port, backoff=AT_ONCE, retry_first=True)
    events = Recorder(charge_point)
    connecting = asyncio.create_task(charge_point.__aenter__())
    await events.wait_for(Reconnecting, count=2)
    async with new_csms().serve("127.0.0.1", port):
        await connecting
        assert charge_point.is_connected
        await charge_point.close()


async def test_the_last_error_is_raised_when_the_first_attempt_was_repeated_in_vain() -> None:
    with pytest.raises(OSError, match=r"refused|failed"):
        async with new_charge_point(1, backoff=AT_ONCE, retry_first=True, max_reconnects=1):
            raise AssertionError


# What a call does without a connection


async def test_a_call_can_wait_for_the_connection() -> None:
    async with new_csms().serve("127.0.0.1", 0) as server:
        port = server.port
    charge_point = new_charge_point(port, backoff=AT_ONCE, offline="wait")
    events = Recorder(charge_point)
    charge_point.start()
    answer = asyncio.create_task(charge_point.call(v16.Heartbeat()))
    await events.wait_for(Reconnecting)
    async with new_csms().serve("127.0.0.1", port):
        assert (await answer).current_time == NOW
        await charge_point.close()


async def test_a_call_waits_for_a_connection_no_longer_than_for_an_answer() -> None:
    charge_point = new_charge_point(1, offline="wait")
    charge_point.start()
    with pytest.raises(NotConnected, match=r"0\.05 s"):
        await charge_point.call(v16.Heartbeat(), timeout=0.05)
    await charge_point.close()


async def test_a_call_that_waits_fails_when_the_charge_point_is_closed() -> None:
    charge_point = new_charge_point(1, offline="wait", backoff=NEVER)
    charge_point.start()
    answer = asyncio.create_task(charge_point.call(v16.Heartbeat()))
    await asyncio.sleep(0.01)
    await charge_point.close()
    with pytest.raises(NotConnected):
        await answer


# How it closes


async def test_closing_waits_for_calls_under_way_and_takes_no_new_ones() -> None:
    heard, go_on = asyncio.Event(), asyncio.Event()
    csms = new_csms()

    @csms.on(v16.DataTransfer)
    async def transfer(station: Station[str], request: v16.DataTransfer) -> v16.DataTransferResponse:
        heard.set()
        await go_on.wait()
        return v16.DataTransferResponse(status=v16.DataTransferStatus.ACCEPTED)

    async with csms.serve("127.0.0.1", 0) as server:
        async with new_charge_point(server.port) as charge_point:
            answer = asyncio.create_task(charge_point.call(v16.DataTransfer(vendor_id="v")))
            await heard.wait()
            closing = asyncio.create_task(charge_point.close())
            await asyncio.sleep(0.02)
            assert not closing.done()
            with pytest.raises(NotConnected):
                await charge_point.call(v16.Heartbeat())
            go_on.set()
            assert (await answer).status is v16.DataTransferStatus.ACCEPTED
            await closing


async def test_a_delivery_under_way_is_answered_before_closing_and_the_next_stays() -> None:
    arrived, go_on = asyncio.Event(), asyncio.Event()
    csms = new_csms()

    @csms.on(v16.StopTransaction)
    async def stop(station: Station[str], request: v16.StopTransaction) -> v16.StopTransactionResponse:
        arrived.set()
        await go_on.wait()
        return v16.StopTransactionResponse()

    outbox = Outbox()
    async with csms.serve("127.0.0.1", 0) as server:
        async with new_charge_point(server.port, outbox=outbox) as charge_point:
            first, second = (
                charge_point.deliver(v16.StopTransaction(transaction_id=number, meter_stop=1, timestamp=NOW))
                for number in (1, 2)
            )
            await arrived.wait()
            closing = asyncio.create_task(charge_point.close())
            await asyncio.sleep(0.02)
            go_on.set()
            await closing
    assert first.result() == v16.StopTransactionResponse()
    assert second.cancelled()
    assert [entry.message.transaction_id for entry in outbox.entries()] == [2]


@pytest.mark.parametrize("how", [{"pending": 0.1}, {"pending": 0.0}, {"force": True}])
async def test_closing_ends_without_the_answers_of_a_csms_that_is_silent(how: dict[str, Any]) -> None:
    """A call that times out, or is never answered, must not hold up closing."""
    heard = asyncio.Event()
    async with deaf_csms(heard).serve("127.0.0.1", 0) as server:
        charge_point = await new_charge_point(server.port).__aenter__()
        answer = asyncio.create_task(charge_point.call(v16.DataTransfer(vendor_id="v")))
        await heard.wait()
        begun = time.monotonic()
        await charge_point.close(**how)
        assert time.monotonic() - begun < 2
        with pytest.raises(ConnectionLost):
            await answer


async def test_closing_goes_on_when_the_call_it_waits_for_times_out() -> None:
    heard = asyncio.Event()
    async with deaf_csms(heard).serve("127.0.0.1", 0) as server:
        charge_point = await new_charge_point(server.port).__aenter__()
        answer = asyncio.create_task(charge_point.call(v16.DataTransfer(vendor_id="v"), timeout=0.1))
        await heard.wait()
        begun = time.monotonic()
        await charge_point.close(pending=60)
        assert time.monotonic() - begun < 2
        with pytest.raises(CallTimeout):
            await answer


async def test_forcing_ends_a_close_that_waits() -> None:
    heard = asyncio.Event()
    async with deaf_csms(heard).serve("127.0.0.1", 0) as server:
        charge_point = await new_charge_point(server.port).__aenter__()
        answer = asyncio.create_task(charge_point.call(v16.DataTransfer(vendor_id="v")))
        await heard.wait()
        waiting = asyncio.create_task(charge_point.close(pending=60))
        await asyncio.sleep(0.02)
        await charge_point.close(force=True)
        async with asyncio.timeout(2):
            await waiting
        with pytest.raises(ConnectionLost):
            await answer


@pytest.mark.parametrize("code", [0, 999, 1005, 1006, 1015, 2999, 5000, 70000])
async def test_a_code_that_no_close_frame_has_is_refused(code: int) -> None:
    async with new_csms().serve("127.0.0.1", 0) as server, new_charge_point(server.port) as charge_point:
        for refused in (charge_point.close, charge_point.drop):
            with pytest.raises(ValueError, match=f"^code: {code} "):
                await refused(code)
        assert charge_point.is_connected


@pytest.mark.parametrize("force", [False, True])
async def test_code_and_reason_reach_the_csms(*, force: bool) -> None:
    csms = new_csms()
    events = Recorder(csms)
    async with csms.serve("127.0.0.1", 0) as server:
        charge_point = await new_charge_point(server.port).__aenter__()
        own = Recorder(charge_point)
        await charge_point.close(4321, "moving", force=force)
        seen = await events.wait_for(Disconnected)
        assert (seen.code, seen.reason, seen.by) == (4321, "moving", "peer")
        assert (own.of(Disconnected)[0].code, own.of(Disconnected)[0].by) == (4321, "us")


async def test_a_peer_that_ignores_the_close_frame_is_not_waited_for_long() -> None:
    release = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        key = re.search(rb"Sec-WebSocket-Key: (\S+)", head, re.IGNORECASE)
        assert key is not None
        accept = base64.b64encode(hashlib.sha1(key[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Protocol: ocpp1.6\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        await release.wait()
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        charge_point = new_charge_point(server.sockets[0].getsockname()[1], timeouts=Timeouts(close=0.1))
        await charge_point.__aenter__()
        begun = time.monotonic()
        await charge_point.close()
        assert time.monotonic() - begun < 2
        release.set()


async def test_closing_may_itself_be_given_up_and_nothing_is_left() -> None:
    heard = asyncio.Event()
    async with deaf_csms(heard).serve("127.0.0.1", 0) as server:
        charge_point = await new_charge_point(server.port, backoff=AT_ONCE).__aenter__()
        events = Recorder(charge_point)
        answer = asyncio.create_task(charge_point.call(v16.DataTransfer(vendor_id="v")))
        await heard.wait()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await charge_point.close(pending=60)
        await events.wait_for(Disconnected)
        await asyncio.sleep(0.05)
        assert [type(event) for event in events.events] == [Disconnected]
        with pytest.raises(ConnectionLost):
            await answer


Moment = Callable[[ChargePoint, Recorder, list[bytes]], Coroutine[Any, Any, None]]


async def at_once(charge_point: ChargePoint, events: Recorder, heads: list[bytes]) -> None:
    """Before the dial has begun."""


async def one_step_later(charge_point: ChargePoint, events: Recorder, heads: list[bytes]) -> None:
    await asyncio.sleep(0)


async def during_the_upgrade(charge_point: ChargePoint, events: Recorder, heads: list[bytes]) -> None:
    await until(lambda: heads)


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("moment", [at_once, one_step_later, during_the_upgrade])
async def test_closed_during_a_dial_it_stays_closed(moment: Moment, *, force: bool) -> None:
    async with silent_peer() as (port, heads):
        charge_point = new_charge_point(port, backoff=AT_ONCE)
        events = Recorder(charge_point)
        charge_point.start()
        await moment(charge_point, events, heads)
        async with asyncio.timeout(2):
            await charge_point.close(force=force)
        dialled = len(heads)
        await asyncio.sleep(0.05)
        assert events.events == []
        assert len(heads) == dialled
        with pytest.raises(NotConnected):
            await charge_point.wait_connected()


@pytest.mark.parametrize("steps", range(12))
async def test_closed_at_any_step_of_a_dial_that_succeeds_it_stays_closed(steps: int) -> None:
    csms = new_csms()
    async with csms.serve("127.0.0.1", 0) as server:
        charge_point = new_charge_point(server.port, backoff=AT_ONCE)
        charge_point.start()
        for _ in range(steps):
            await asyncio.sleep(0)
        async with asyncio.timeout(2):
            await charge_point.close()
        await asyncio.sleep(0.03)
        assert not charge_point.is_connected
        await until(lambda: not csms.stations)


async def test_closed_during_a_back_off_it_stays_closed() -> None:
    charge_point = new_charge_point(1, backoff=Backoff(wait_minimum=0.05, random_range=0.0))
    events = Recorder(charge_point)
    charge_point.start()
    await events.wait_for(Reconnecting)
    await charge_point.close()
    await asyncio.sleep(0.1)
    assert len(events.events) == 1


async def test_closed_during_a_later_dial_it_stays_closed() -> None:
    """The incumbent's browser client came back from the dead here."""
    async with new_csms(timeouts=HURRIED).serve("127.0.0.1", 0) as server:
        charge_point = await new_charge_point(server.port, backoff=AT_ONCE).__aenter__()
        events = Recorder(charge_point)
    async with silent_peer() as (port, heads):
        charge_point.reconfigure(url=f"ws://127.0.0.1:{port}")
        await until(lambda: heads)
        await charge_point.close()
        await asyncio.sleep(0.05)
    assert not events.of(Connected)


@pytest.mark.parametrize("steps", [1, 2, 3, 50])
async def test_closed_while_the_block_is_entered_it_raises_there(steps: int) -> None:
    async with silent_peer() as (port, _):
        charge_point = new_charge_point(port)
        entering = asyncio.create_task(charge_point.__aenter__())
        for _ in range(steps):
            await asyncio.sleep(0)
        await charge_point.close()
        with pytest.raises(NotConnected, match="closed before it was connected"):
            async with asyncio.timeout(2):
                await entering


async def test_closing_what_was_never_started_or_is_closed_does_nothing() -> None:
    charge_point = new_charge_point(1)
    await charge_point.close()
    await charge_point.close(force=True)
    async with new_csms().serve("127.0.0.1", 0) as server:
        charge_point.reconfigure(url=f"ws://127.0.0.1:{server.port}")
        async with charge_point:
            assert (await charge_point.call(v16.Heartbeat())).current_time == NOW


# What changing options does


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"identity": "CP 002"}, b"GET /ocpp/CP%20002 "),
        ({"url": "ws://127.0.0.1:{port}/other"}, b"GET /other/CP001 "),
        ({"url": "ws://127.0.0.1:{port}/ocpp?key=1"}, b"GET /ocpp/CP001?key=1 "),
        ({"versions": [v201]}, b"Sec-WebSocket-Protocol: ocpp2.0.1\r\n"),
        ({"password": b"secret"}, b"Authorization: Basic Q1AwMDE6c2VjcmV0\r\n"),
        ({"compress": True}, b"Sec-WebSocket-Extensions: permessage-deflate"),
    ],
    ids=["identity", "url", "query", "versions", "password", "compress"],
)
async def test_what_is_said_at_the_door_changes_with_the_next_connection(change: dict[str, Any], line: bytes) -> None:
    async with new_csms().serve("127.0.0.1", 0) as server, silent_peer() as (port, heads):
        async with new_charge_point(server.port, backoff=AT_ONCE) as charge_point:
            charge_point.reconfigure(url=f"ws://127.0.0.1:{port}/ocpp")
            charge_point.reconfigure(
                **{name: value.format(port=port) if name == "url" else value for name, value in change.items()}
            )
            assert (await charge_point.call(v16.Heartbeat())).current_time == NOW
            await charge_point.drop()
            await until(lambda: heads)
    assert line in heads[0]


async def test_a_tls_context_is_used_by_the_next_connection(tmp_path: Path) -> None:
    pki = Pki(tmp_path)
    csms = new_csms()
    async with (
        csms.serve("127.0.0.1", 0) as plain,
        csms.serve(HOST, 0, ssl=ServerTls(pki.server())) as secure,
        new_charge_point(plain.port, backoff=AT_ONCE) as charge_point,
    ):
        with pytest.raises(ValueError, match=r"^ssl: "):
            charge_point.reconfigure(ssl=client_context(ca=pki.ca))
        charge_point.reconfigure(url=f"wss://{HOST}:{secure.port}/ocpp", ssl=client_context(ca=pki.ca))
        events = Recorder(charge_point)
        await charge_point.drop()
        assert (await events.wait_for(Connected)).station.remote == f"{HOST}:{secure.port}"


async def test_the_limit_of_a_message_binds_the_next_connection() -> None:
    csms = new_csms()
    async with csms.serve("127.0.0.1", 0) as server, new_charge_point(server.port, backoff=AT_ONCE) as charge_point:

        @charge_point.on(v16.DataTransfer)
        async def transfer(connection: Connection, request: v16.DataTransfer) -> v16.DataTransferResponse:
            return v16.DataTransferResponse(status=v16.DataTransferStatus.ACCEPTED)

        long = v16.DataTransfer(vendor_id="v", data="x" * 500)
        charge_point.reconfigure(limits=Limits(message=200))
        await csms.stations["CP001"].call(long)
        events = Recorder(charge_point)
        await charge_point.drop()
        await events.wait_for(Connected)
        with pytest.raises(ConnectionLost):
            await csms.stations["CP001"].call(long)
        assert (await events.wait_for(Disconnected, count=2)).code == 1009


async def test_reconnect_false_cancels_an_attempt_that_waits() -> None:
    charge_point = new_charge_point(1, backoff=Backoff(wait_minimum=0.05, random_range=0.0))
    events = Recorder(charge_point)
    charge_point.start()
    await events.wait_for(Reconnecting)
    charge_point.reconfigure(reconnect=False)
    assert (await events.wait_for(GaveUp)).attempts == 0
    await asyncio.sleep(0.1)
    assert len(events.of(Reconnecting)) == 1
    await charge_point.close()


async def test_other_changes_leave_an_attempt_that_waits_its_time() -> None:
    charge_point = new_charge_point(1, backoff=Backoff(wait_minimum=0.05, random_range=0.0, repeat_times=0))
    events = Recorder(charge_point)
    charge_point.start()
    begun = time.monotonic()
    await events.wait_for(Reconnecting)
    charge_point.reconfigure(offline="wait", backoff=NEVER)
    await events.wait_for(Reconnecting, count=2)
    assert time.monotonic() - begun >= 0.05
    await charge_point.close()


async def test_max_reconnects_counts_from_the_next_failure() -> None:
    charge_point = new_charge_point(1, backoff=AT_ONCE)
    events = Recorder(charge_point)
    charge_point.start()
    await events.wait_for(Reconnecting, count=3)
    charge_point.reconfigure(max_reconnects=1)
    assert (await events.wait_for(GaveUp)).attempts >= 3
    await charge_point.close()


async def test_the_back_off_of_the_next_attempt_is_reckoned_with_the_new_one() -> None:
    async with new_csms().serve("127.0.0.1", 0) as server:
        async with new_charge_point(server.port, backoff=NEVER) as charge_point:
            events = Recorder(charge_point)
            charge_point.reconfigure(backoff=AT_ONCE)
            await charge_point.drop()
            await events.wait_for(Connected)


async def test_the_call_timeout_binds_the_next_call() -> None:
    heard = asyncio.Event()
    async with deaf_csms(heard).serve("127.0.0.1", 0) as server:
        async with new_charge_point(server.port) as charge_point:
            charge_point.reconfigure(timeouts=Timeouts(call=0.05))
            with pytest.raises(CallTimeout):
                await charge_point.call(v16.DataTransfer(vendor_id="v"))


async def test_more_or_fewer_calls_of_the_csms_are_handled_at_once_and_in_order() -> None:
    csms = new_csms()
    begun: list[str] = []
    slots = asyncio.Semaphore(0)
    async with csms.serve("127.0.0.1", 0) as server:
        charge_point = new_charge_point(server.port, limits=Limits(concurrent_calls=1))

        @charge_point.on(v16.DataTransfer)
        async def transfer(connection: Connection, request: v16.DataTransfer) -> v16.DataTransferResponse:
            begun.append(request.vendor_id)
            await slots.acquire()
            return v16.DataTransferResponse(status=v16.DataTransferStatus.ACCEPTED)

        async with charge_point:
            sent = Recorder(csms, FrameSent)
            station = csms.stations["CP001"]
            for number in range(1, 6):  # a CSMS that does not wait for answers
                station._websocket.send(f'[2,"{number}","DataTransfer",{{"vendorId":"{number}"}}]'.encode())  # type: ignore[union-attr]
            await until(lambda: begun)
            await asyncio.sleep(0.05)
            assert begun == ["1"]
            charge_point.reconfigure(limits=Limits(concurrent_calls=4))
            await until(lambda: len(begun) >= 2)
            charge_point.reconfigure(limits=Limits(concurrent_calls=1))
            for _ in range(5):
                slots.release()
            await until(lambda: len(begun) == 5)
            assert sent.events == []
    assert begun == ["1", "2", "3", "4", "5"]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"url": "http://example.com"}, ValueError),
        ({"versions": []}, ValueError),
        ({"identity": ""}, ValueError),
        ({"password": b"x", "identity": "a:b"}, ValueError),
        ({"max_reconnects": 0}, ValueError),
        ({"offline": "maybe"}, ValueError),
        ({"retry_first": True}, TypeError),
        ({"call_timeout": 3}, TypeError),
    ],
)
async def test_nonsense_is_refused_with_its_name_and_changes_nothing(
    change: dict[str, Any], error: type[Exception]
) -> None:
    charge_point = new_charge_point(1)
    with pytest.raises(error, match=f"^{'|'.join(change)}: "):
        charge_point.reconfigure(**{"compress": True, **change})
    assert charge_point._options == new_charge_point(1)._options


async def test_a_refused_first_attempt_leaves_nothing_running() -> None:
    async with CSMS(v201, authenticate=anyone).serve("127.0.0.1", 0) as server:
        charge_point = new_charge_point(server.port)
        with pytest.raises(UpgradeRefused):
            await charge_point.__aenter__()
    assert charge_point._tasks == []

"""The CSMS side of the library on real sockets: who gets in, who is who, and what a lost peer leaves behind."""

from __future__ import annotations

import asyncio
import base64
import contextvars
import json
import zlib
from http import HTTPStatus

import pytest
from support.library import NOW, Recorder, anyone, new_charge_point, new_csms
from support.rawpeer import CLOSE, CONTINUATION, PING, PONG, RSV1, TEXT, RawPeer, frame, upgrade_request

from chargewire import (
    CSMS,
    Accept,
    Backpressure,
    BadMessage,
    CallRejected,
    CallTimeout,
    Connected,
    ConnectionLost,
    Disconnected,
    Exchange,
    FrameReceived,
    FrameSent,
    Handlers,
    Handshake,
    InvalidPayload,
    Limits,
    NotConnected,
    Proceed,
    Reject,
    Replaced,
    Station,
    Timeouts,
    UpgradeAborted,
    UpgradeError,
    on,
    v16,
    v21,
    v201,
)
from chargewire.messages import Response

HEARTBEAT = b'[2,"1","Heartbeat",{}]'
BEAT = b'[3,"1",{"currentTime":"2026-01-01T00:00:00Z"}]'


# Who gets in


async def test_the_identity_is_the_decoded_last_segment_whatever_the_prefix() -> None:
    """CON-002, CON-003."""
    csms = new_csms()
    async with csms.serve("127.0.0.1", 0) as server:
        async with await RawPeer.connect(server.port, "/a/b/ocpp/RDAM%20123%2Fx?tenant=1"):
            assert list(csms.stations) == ["RDAM 123/x"]
            assert csms.stations["RDAM 123/x"].session == "RDAM 123/x"


@pytest.mark.parametrize(
    ("offer", "chosen"),
    [(("ocpp2.0.1", "ocpp1.6"), "ocpp2.0.1"), (("ocpp0.1", "ocpp1.6", "ocpp2.1"), "ocpp1.6")],
)
async def test_the_stations_order_decides_the_version(offer: tuple[str, ...], chosen: str) -> None:
    """CON-009."""
    async with new_csms().serve("127.0.0.1", 0) as server, await RawPeer.dial(server.port) as peer:
        answer = await peer.upgrade(subprotocols=offer)
        assert (answer.status, answer.headers["sec-websocket-protocol"]) == (101, chosen)


async def test_without_a_common_version_the_upgrade_is_refused_with_the_versions_spoken() -> None:
    """CON-012, OCTT TC_B_58_CSMS."""
    csms = new_csms()
    events = Recorder(csms)
    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.dial(server.port) as peer:
        answer = await peer.upgrade(subprotocols=("ocpp0.1",))
        assert answer.status == 400
        assert b"ocpp1.6, ocpp2.0.1, ocpp2.1" in answer.body
        assert (await events.wait_for(UpgradeAborted)).identity == "RAW"


async def test_without_a_common_version_the_handshake_may_complete_and_close_at_once() -> None:
    """CON-011."""
    csms = new_csms(on_no_subprotocol="close_after_handshake")
    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.dial(server.port) as peer:
        answer = await peer.upgrade(subprotocols=("ocpp0.1",))
        assert answer.status == 101
        assert "sec-websocket-protocol" not in answer.headers
        assert await peer.read_close_code() == 1002
        assert not csms.stations


async def test_authentication_sees_the_credentials_as_bytes() -> None:
    """SEC-006, SEC-007: the password of OCPP 1.6 is any bytes, colons included."""
    seen: list[Handshake] = []

    async def authenticate(handshake: Handshake) -> Accept[str]:
        seen.append(handshake)
        return Accept("")

    credentials = base64.b64encode(b"RAW:\x00\xff:\xfe").decode()
    async with (
        new_csms(authenticate=authenticate).serve("127.0.0.1", 0) as server,
        await RawPeer.dial(server.port) as p,
    ):
        await p.upgrade(headers={"Authorization": f"Basic {credentials}"})
    assert (seen[0].username, seen[0].password) == (b"RAW", b"\x00\xff:\xfe")
    assert "\\xff" not in repr(seen[0])


@pytest.mark.parametrize(
    ("status", "header"), [(HTTPStatus.NOT_FOUND, None), (HTTPStatus.UNAUTHORIZED, "www-authenticate")]
)
async def test_a_rejected_station_reads_the_status_and_the_reason(status: HTTPStatus, header: str | None) -> None:
    """CON-006, SEC-005."""

    async def authenticate(handshake: Handshake) -> Accept[str] | Reject:
        return Reject(status, "go away")

    csms = new_csms(authenticate=authenticate)
    events = Recorder(csms)
    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.dial(server.port) as peer:
        answer = await peer.upgrade()
        assert (answer.status, answer.body) == (status, b"go away\n")
        assert header is None or header in answer.headers
        aborted = await events.wait_for(UpgradeAborted)
        assert (aborted.identity, aborted.reason, aborted.status) == ("RAW", "go away", status)
        assert aborted.request is not None
        assert aborted.request.target == "/ocpp/RAW"


async def test_slow_authentication_is_answered_with_408_and_cancelled() -> None:
    cancelled = asyncio.Event()

    async def authenticate(handshake: Handshake) -> Accept[str]:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        raise AssertionError

    csms = new_csms(authenticate=authenticate, handshake_timeout=0.05)
    events = Recorder(csms)
    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.dial(server.port) as peer:
        assert (await peer.upgrade()).status == 408
        await cancelled.wait()
        assert (await events.wait_for(UpgradeAborted)).status == 408


async def test_a_station_that_leaves_during_authentication_cancels_it() -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def authenticate(handshake: Handshake) -> Accept[str]:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()
        raise AssertionError

    csms = new_csms(authenticate=authenticate)
    events = Recorder(csms)
    async with csms.serve("127.0.0.1", 0) as server:
        async with await RawPeer.dial(server.port) as peer:
            writing = asyncio.ensure_future(peer.upgrade())
            await begun.wait()
            writing.cancel()
        await cancelled.wait()
        await events.wait_for(UpgradeError)
        assert not csms.stations


async def test_a_failing_authentication_is_answered_with_500_and_hurts_nobody() -> None:
    async def authenticate(handshake: Handshake) -> Accept[str]:
        if handshake.identity == "BAD":
            raise LookupError("database is down")
        return Accept("")

    csms = new_csms(authenticate=authenticate)
    events = Recorder(csms)
    async with csms.serve("127.0.0.1", 0) as server:
        async with await RawPeer.dial(server.port) as peer:
            answer = await peer.upgrade("/ocpp/BAD")
            assert answer.status == 500
            assert b"database" not in answer.body
        assert isinstance((await events.wait_for(UpgradeError)).error, LookupError)
        async with await RawPeer.connect(server.port, "/ocpp/GOOD") as peer:
            assert (await peer.call("1", "Heartbeat"))[0] == 3


async def test_what_a_station_sends_ahead_of_the_answer_is_not_lost() -> None:
    release = asyncio.Event()

    async def authenticate(handshake: Handshake) -> Accept[str]:
        await release.wait()
        return Accept("")

    async with (
        new_csms(authenticate=authenticate).serve("127.0.0.1", 0) as server,
        await RawPeer.dial(server.port) as p,
    ):
        await p.write(upgrade_request("/ocpp/RAW") + frame(HEARTBEAT))
        release.set()
        assert (await p.read_http()).status == 101
        assert await p.read_message() == BEAT


# Who is who


async def test_a_newer_connection_takes_over_and_the_older_ones_calls_fail_at_once() -> None:
    """CON-031."""
    csms = new_csms()
    events = Recorder(csms)
    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.connect(server.port) as old:
        older = csms.stations["RAW"]
        call = asyncio.ensure_future(older.call(v16.ClearCache()))
        await old.read_message()
        async with await RawPeer.connect(server.port) as new:
            with pytest.raises(ConnectionLost):
                await call
            assert await old.read_close_code() == 4001
            assert csms.stations["RAW"] is not older
            assert (await events.wait_for(Replaced)).station is older
            await old.send(b"\x0f\xa1", opcode=CLOSE)
            assert (await events.wait_for(Disconnected)).station is older
            assert (await new.call("1", "Heartbeat"))[0] == 3
            assert not older.is_open


async def test_connected_comes_before_the_first_call_and_disconnected_at_the_end() -> None:
    order: list[str] = []
    csms: CSMS[str] = CSMS(v16, authenticate=anyone)

    @csms.on(v16.Heartbeat)
    async def heartbeat(station: Station[str], request: v16.Heartbeat) -> v16.HeartbeatResponse:
        order.append("call")
        return v16.HeartbeatResponse(current_time=NOW)

    csms.subscribe(lambda event: order.append(type(event).__name__))
    events = Recorder(csms)
    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.connect(server.port) as peer:
        await peer.call("1", "Heartbeat")
        await peer.send(b"\x03\xe8bye", opcode=CLOSE)
        ended = await events.wait_for(Disconnected)
    assert order == ["Connected", "call", "Disconnected"]
    assert (ended.code, ended.reason, ended.by) == (1000, "bye", "peer")


async def test_a_vanished_peer_fails_pending_calls_at_once_and_is_1006() -> None:
    csms = new_csms()
    events = Recorder(csms)
    async with csms.serve("127.0.0.1", 0) as server:
        async with await RawPeer.connect(server.port) as peer:
            station = csms.stations["RAW"]
            sent = asyncio.ensure_future(station.call(v16.ClearCache()))
            queued = asyncio.ensure_future(station.call(v16.ClearCache()))
            await peer.read_message()
        with pytest.raises(ConnectionLost):
            await sent
        with pytest.raises(NotConnected):
            await queued
        assert (await events.wait_for(Disconnected)).code == 1006
        with pytest.raises(NotConnected):
            await station.call(v16.ClearCache())


async def test_a_silent_peer_is_pinged_and_dropped() -> None:
    csms = new_csms(timeouts=Timeouts(ping_interval=0.1, pong=0.1))
    events = Recorder(csms)
    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.connect(server.port) as peer:
        assert (await peer.read_frame()).opcode == PING
        ended = await events.wait_for(Disconnected)
        assert (ended.by, "sign of life" in ended.reason) == ("us", True)


async def test_a_peer_that_pongs_stays() -> None:
    csms = new_csms(timeouts=Timeouts(ping_interval=0.05, pong=0.2))
    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.connect(server.port) as peer:
        for _ in range(8):
            assert (await peer.read_frame()).opcode == PING
            await peer.send(b"", opcode=PONG)
        assert csms.stations["RAW"].is_open


# Calls


async def test_one_call_is_in_flight_per_station_and_the_next_leaves_after_the_answer() -> None:
    """RPC-030, RPC-031."""
    csms = new_csms()
    async with (
        csms.serve("127.0.0.1", 0) as server,
        await RawPeer.connect(server.port, "/ocpp/A") as a,
        await RawPeer.connect(server.port, "/ocpp/B") as b,
    ):
        first, second = (asyncio.ensure_future(csms.stations["A"].call(v16.ClearCache())) for _ in range(2))
        other = asyncio.ensure_future(csms.stations["B"].call(v16.ClearCache()))
        for peer, answered in ((a, first), (b, other), (a, second)):
            call = json.loads(await peer.read_message())
            assert not second.done()
            await peer.send(json.dumps([3, call[1], {"status": "Accepted"}]))
            assert (await answered).status is v16.ClearCacheStatus.ACCEPTED


async def test_a_handler_may_call_the_station_that_waits_for_it() -> None:
    """RPC-032: the station's CALL is open, and so is ours, on one connection."""
    csms = new_csms()

    @csms.on(v16.BootNotification)
    async def boot(station: Station[str], request: v16.BootNotification) -> v16.BootNotificationResponse:
        await station.call(v16.Reset(type=v16.ResetType.SOFT))
        return v16.BootNotificationResponse(status=v16.RegistrationStatus.ACCEPTED, current_time=NOW, interval=1)

    async with csms.serve("127.0.0.1", 0) as server, new_charge_point(server.port) as charge_point:
        async with asyncio.timeout(5):
            boot_request = v16.BootNotification(charge_point_vendor="A", charge_point_model="B")
            booted = await charge_point.call(boot_request)
    assert booted.status is v16.RegistrationStatus.ACCEPTED


async def test_calls_end_with_what_the_peer_made_of_them() -> None:
    csms = new_csms()
    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.connect(server.port) as peer:
        station = csms.stations["RAW"]

        async def answered(answer: list[object]) -> v16.ClearCacheResponse:
            call = asyncio.ensure_future(station.call(v16.ClearCache(), timeout=0.2))
            id = json.loads(await peer.read_message())[1]
            await peer.send(json.dumps([answer[0], id, *answer[1:]]))
            return await call

        with pytest.raises(CallRejected) as rejected:
            await answered([4, "OccurenceConstraintViolation", "oh", {"a": 1}])
        assert (rejected.value.code, rejected.value.details) == ("OccurrenceConstraintViolation", {"a": 1})  # RPC-091
        with pytest.raises(InvalidPayload, match="status"):
            await answered([3, {"status": "Perhaps"}])
        with pytest.raises(CallTimeout):
            await answered([9])
        with pytest.raises(InvalidPayload, match="key"):
            await station.call(v16.ChangeConfiguration(key="k" * 51, value=""))
        with pytest.raises(ValueError, match=r"v201\.messages\.Reset"):
            await station.call(v201.Reset(type=v201.ResetEnumType.IMMEDIATE))


async def test_a_late_answer_is_dropped_and_the_slot_is_free() -> None:
    """RPC-014, RPC-036."""
    csms = new_csms()
    events = Recorder(csms)
    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.connect(server.port) as peer:
        station = csms.stations["RAW"]
        with pytest.raises(CallTimeout):
            await station.call(v16.ClearCache(), timeout=0.01)
        late = json.loads(await peer.read_message())[1]
        await peer.send(json.dumps([3, late, {"status": "Accepted"}]))
        await events.wait_for(BadMessage)
        call = asyncio.ensure_future(station.call(v16.ClearCache()))
        await peer.send(json.dumps([3, json.loads(await peer.read_message())[1], {"status": "Rejected"}]))
        assert (await call).status is v16.ClearCacheStatus.REJECTED


async def test_a_cancelled_call_that_has_not_left_never_leaves() -> None:
    csms = new_csms()
    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.connect(server.port) as peer:
        station = csms.stations["RAW"]
        first = asyncio.ensure_future(station.call(v16.ClearCache()))
        second = asyncio.ensure_future(station.call(v16.GetLocalListVersion()))
        third = asyncio.ensure_future(station.call(v16.ClearCache()))
        id = json.loads(await peer.read_message())[1]
        second.cancel()
        await asyncio.wait([second])
        await peer.send(json.dumps([3, id, {"status": "Accepted"}]))
        await first
        assert json.loads(await peer.read_message())[2] == "ClearCache"
        third.cancel()


# Handlers


async def test_what_a_handler_does_wrong_is_an_internal_error_and_costs_nothing_else() -> None:
    csms = new_csms()

    @csms.on(v16.Authorize)
    async def authorize(station: Station[str], request: v16.Authorize) -> v16.AuthorizeResponse:
        match request.id_tag:
            case "raise":
                raise KeyError("secret")
            case "none":
                return None  # type: ignore[return-value]
            case "reject":
                raise CallRejected("SecurityError", "not now", {"until": 1})
            case "details":
                raise CallRejected("SecurityError", "not now", {"until": object()})
            case _:
                return v16.AuthorizeResponse(
                    id_tag_info=v16.IdTagInfo(status=v16.AuthorizationStatus.ACCEPTED, parent_id_tag="x" * 21)
                )

    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.connect(server.port) as peer:
        for tag, expected in {
            "raise": ["InternalError", "the handler failed", {}],
            "none": ["InternalError", "the handler failed", {}],
            "reject": ["SecurityError", "not now", {"until": 1}],
            "details": ["SecurityError", "not now", {}],
            "invalid": ["InternalError", "the answer would have been invalid", {}],
        }.items():
            assert await peer.call("1", "Authorize", {"idTag": tag}) == [4, "1", *expected]
        assert (await peer.call("2", "Heartbeat"))[0] == 3


async def test_an_action_without_a_handler_is_not_supported() -> None:
    async with new_csms().serve("127.0.0.1", 0) as server, await RawPeer.connect(server.port) as peer:
        assert (await peer.call("1", "Authorize", {"idTag": "a"}))[2] == "NotSupported"


async def test_handlers_start_in_order_and_overlap_when_they_wait() -> None:
    order: list[str] = []
    release = asyncio.Event()
    csms = new_csms()

    @csms.on(v16.Authorize)
    async def authorize(station: Station[str], request: v16.Authorize) -> v16.AuthorizeResponse:
        order.append(request.id_tag)
        if request.id_tag == "0":
            await release.wait()
        elif request.id_tag == "2":
            release.set()
        return v16.AuthorizeResponse(id_tag_info=v16.IdTagInfo(status=v16.AuthorizationStatus.ACCEPTED))

    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.connect(server.port) as peer:
        for number in range(3):
            await peer.send(f'[2,"{number}","Authorize",{{"idTag":"{number}"}}]')
        answers = [json.loads(await peer.read_message())[1] for _ in range(3)]
    assert order == ["0", "1", "2"]
    assert sorted(answers) == ["0", "1", "2"]
    assert answers[-1] == "0"


async def test_a_flood_of_calls_is_handled_a_few_at_a_time() -> None:
    running, most = 0, 0
    csms = new_csms(limits=Limits(concurrent_calls=3))

    @csms.on(v16.Authorize)
    async def authorize(station: Station[str], request: v16.Authorize) -> v16.AuthorizeResponse:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return v16.AuthorizeResponse(id_tag_info=v16.IdTagInfo(status=v16.AuthorizationStatus.ACCEPTED))

    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.connect(server.port) as peer:
        for number in range(200):
            await peer.send(f'[2,"{number}","Authorize",{{"idTag":"x"}}]')
        answered = {json.loads(await peer.read_message())[1] for _ in range(200)}
    assert len(answered) == 200
    assert most == 3


async def test_a_handler_has_a_task_and_a_context_of_its_own_from_the_first_step_to_the_last() -> None:
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable", default="clean")
    seen: list[str] = []
    csms = new_csms()

    @csms.on(v16.Authorize)
    async def authorize(station: Station[str], request: v16.Authorize) -> v16.AuthorizeResponse:
        seen.append(variable.get())
        variable.set(request.id_tag)
        before = asyncio.current_task()
        async with asyncio.timeout(5):  # needs a current task in the first step
            if request.id_tag == "waits":
                await asyncio.sleep(0)
        assert asyncio.current_task() is before
        seen.append(variable.get())
        return v16.AuthorizeResponse(id_tag_info=v16.IdTagInfo(status=v16.AuthorizationStatus.ACCEPTED))

    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.connect(server.port) as peer:
        for tag in ("goes on", "waits", "goes on"):
            assert (await peer.call("1", "Authorize", {"idTag": tag}))[0] == 3
    assert seen == ["clean", "goes on", "clean", "waits", "clean", "goes on"]


async def test_a_timeout_in_a_handler_ends_only_that_handler() -> None:
    csms = new_csms()

    @csms.on(v16.Authorize)
    async def authorize(station: Station[str], request: v16.Authorize) -> v16.AuthorizeResponse:
        async with asyncio.timeout(0.01):
            await asyncio.Event().wait()
        raise AssertionError

    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.connect(server.port) as peer:
        assert (await peer.call("1", "Authorize", {"idTag": "x"}))[2] == "InternalError"
        assert (await peer.call("2", "Authorize", {"idTag": "x"}))[2] == "InternalError"
        assert (await peer.call("3", "Heartbeat"))[0] == 3


async def test_middleware_wraps_calls_in_both_directions_and_may_change_answers() -> None:
    seen: list[str] = []

    async def outer(exchange: Exchange, proceed: Proceed) -> Response:
        seen.append(f"{exchange.direction} {exchange.action}")
        return await proceed(exchange)

    async def later(exchange: Exchange, proceed: Proceed) -> Response:
        response = await proceed(exchange)
        return (
            v16.HeartbeatResponse(current_time=NOW.replace(year=2030)) if exchange.action == "Heartbeat" else response
        )

    csms = new_csms(middleware=[outer, later])
    async with csms.serve("127.0.0.1", 0) as server, new_charge_point(server.port) as charge_point:
        assert (await charge_point.call(v16.Heartbeat())).current_time.year == 2030
        await csms.stations["CP001"].call(v16.Reset(type=v16.ResetType.SOFT))
    assert seen == ["incoming Heartbeat", "outgoing Reset"]


async def test_handlers_may_live_in_a_class() -> None:
    class Depot(Handlers):
        def __init__(self) -> None:
            self.tags: list[str] = []

        @on(v16.Authorize)
        async def authorize(self, station: Station[str], request: v16.Authorize) -> v16.AuthorizeResponse:
            self.tags.append(request.id_tag)
            return v16.AuthorizeResponse(id_tag_info=v16.IdTagInfo(status=v16.AuthorizationStatus.ACCEPTED))

    depot = Depot()
    async with new_csms(handlers=depot).serve("127.0.0.1", 0) as server, await RawPeer.connect(server.port) as peer:
        await peer.call("1", "Authorize", {"idTag": "abc"})
    assert depot.tags == ["abc"]


async def test_a_send_is_handled_and_never_answered() -> None:
    """RPC-006, RPC-007."""
    csms: CSMS[str] = CSMS(v21, authenticate=anyone)
    received: asyncio.Queue[v21.NotifyPeriodicEventStream] = asyncio.Queue()

    @csms.on_send(v21.NotifyPeriodicEventStream)
    async def stream(station: Station[str], message: v21.NotifyPeriodicEventStream) -> None:
        received.put_nowait(message)
        raise LookupError

    async with csms.serve("127.0.0.1", 0) as server:
        async with await RawPeer.connect(server.port, subprotocol="ocpp2.1") as peer:
            body = {"id": 1, "pending": 0, "basetime": "2026-01-01T00:00:00Z", "data": [{"t": 0, "v": "1"}]}
            await peer.send(json.dumps([6, "1", "NotifyPeriodicEventStream", body]))
            assert (await received.get()).data[0].v == "1"
            assert (await peer.call("2", "Heartbeat"))[:2] == [4, "2"]  # the next thing to come: no answer before it


async def test_a_station_that_does_not_read_is_dropped_after_a_while() -> None:
    csms = new_csms(timeouts=Timeouts(write=0.2, close=0.2))
    events = Recorder(csms)

    @csms.on(v16.DataTransfer)
    async def transfer(station: Station[str], request: v16.DataTransfer) -> v16.DataTransferResponse:
        return v16.DataTransferResponse(status=v16.DataTransferStatus.ACCEPTED, data="x" * 100_000)

    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.connect(server.port) as peer:
        station = csms.stations["RAW"]
        for number in range(200):  # 20 MB of answers: more than sockets hold
            await peer.send(f'[2,"{number}","DataTransfer",{{"vendorId":"v"}}]')
        assert (await events.wait_for(Backpressure)).cause == "writing"
        call = asyncio.ensure_future(station.call(v16.ClearCache()))
        with pytest.raises((ConnectionLost, NotConnected)):
            await call
        ended = await events.wait_for(Disconnected)
        assert (ended.code, ended.reason, ended.by) == (1008, "does not read what is sent to it", "us")


async def test_a_station_that_reads_on_in_time_stays() -> None:
    csms = new_csms(timeouts=Timeouts(write=10))
    events = Recorder(csms)

    @csms.on(v16.DataTransfer)
    async def transfer(station: Station[str], request: v16.DataTransfer) -> v16.DataTransferResponse:
        return v16.DataTransferResponse(status=v16.DataTransferStatus.ACCEPTED, data="x" * 100_000)

    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.connect(server.port) as peer:
        for number in range(200):
            await peer.send(f'[2,"{number}","DataTransfer",{{"vendorId":"v"}}]')
        await events.wait_for(Backpressure)
        for _ in range(200):
            await peer.read_message()
        assert (await peer.call("x", "Heartbeat"))[0] == 3
        assert csms.stations["RAW"]._patience is None


# Frames on the wire


async def test_fragments_with_a_ping_between_them_are_one_message() -> None:
    async with new_csms().serve("127.0.0.1", 0) as server, await RawPeer.connect(server.port) as peer:
        await peer.send(HEARTBEAT[:5], fin=False)
        await peer.send(b"are you there", opcode=PING)
        await peer.send(HEARTBEAT[5:9], opcode=CONTINUATION, fin=False)
        await peer.send(HEARTBEAT[9:], opcode=CONTINUATION)
        pong = await peer.read_frame()
        assert (pong.opcode, pong.payload) == (PONG, b"are you there")  # CON-019
        assert await peer.read_message() == BEAT


async def test_messages_are_deflated_both_ways_when_a_2x_station_offers_it() -> None:
    """CON-015."""
    csms: CSMS[str] = CSMS(v201, authenticate=anyone)

    @csms.on(v201.DataTransfer)
    async def transfer(station: Station[str], request: v201.DataTransfer) -> v201.DataTransferResponse:
        return v201.DataTransferResponse(status=v201.DataTransferStatusEnumType.ACCEPTED, data=request.data)

    text = "lorem ipsum " * 100
    async with (
        csms.serve("127.0.0.1", 0) as server,
        await RawPeer.connect(
            server.port, subprotocol="ocpp2.0.1", extensions="permessage-deflate; client_max_window_bits"
        ) as peer,
    ):
        call = json.dumps([2, "1", "DataTransfer", {"vendorId": "v", "data": text}]).encode()
        deflater = zlib.compressobj(wbits=-15)
        data = (deflater.compress(call) + deflater.flush(zlib.Z_SYNC_FLUSH))[:-4]
        await peer.send(data[:20], rsv=RSV1, fin=False)
        await peer.send(data[20:], opcode=CONTINUATION)
        answer = await peer.read_frame()
        assert (answer.opcode, answer.rsv) == (TEXT, RSV1)
        assert len(answer.payload) < 200
        inflated = zlib.decompressobj(wbits=-15).decompress(answer.payload + b"\x00\x00\xff\xff")
        assert json.loads(inflated)[2]["data"] == text


async def test_compression_is_not_agreed_with_a_16_station() -> None:
    """CON-016."""
    async with new_csms().serve("127.0.0.1", 0) as server, await RawPeer.dial(server.port) as peer:
        answer = await peer.upgrade(extensions="permessage-deflate")
        assert "sec-websocket-extensions" not in answer.headers


async def test_frames_are_shown_to_those_who_ask_for_them_by_name() -> None:
    csms = new_csms()
    tap, others = Recorder(csms, FrameReceived, FrameSent), Recorder(csms)
    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.connect(server.port) as peer:
        await peer.call("1", "Heartbeat")
        assert [type(event).__name__ for event in others.events] == ["Connected"]
        assert [event.data for event in tap.of(FrameReceived)] == [b'[2, "1", "Heartbeat", {}]']
        assert [event.data for event in tap.of(FrameSent)] == [BEAT]


# The end


async def test_closing_the_server_closes_every_connection_and_frees_the_port() -> None:
    csms = new_csms(timeouts=Timeouts(close=0.2))
    events = Recorder(csms)
    async with csms.serve("127.0.0.1", 0) as server:
        polite = await RawPeer.connect(server.port, "/ocpp/POLITE")
        rude = await RawPeer.connect(server.port, "/ocpp/RUDE")
        waiting = await RawPeer.dial(server.port)
        port = server.port
        answered = asyncio.ensure_future(_answer_close(polite))
        await events.wait_for(Connected, count=2)
    assert await answered == 1001
    assert not csms.stations
    assert (await waiting.read_http()).status == 503
    async with csms.serve("127.0.0.1", port):
        pass
    for peer in (polite, rude, waiting):
        await peer.__aexit__(None, None, None)


async def _answer_close(peer: RawPeer) -> int:
    code = await peer.read_close_code()
    await peer.send(code.to_bytes(2, "big"), opcode=CLOSE)
    return code


async def test_a_running_handler_may_finish_before_the_server_is_gone() -> None:
    begun, finished = asyncio.Event(), asyncio.Event()
    csms = new_csms(timeouts=Timeouts(close=1))

    @csms.on(v16.Authorize)
    async def authorize(station: Station[str], request: v16.Authorize) -> v16.AuthorizeResponse:
        begun.set()
        while station.is_open:  # noqa: ASYNC110
            await asyncio.sleep(0)
        finished.set()
        return v16.AuthorizeResponse(id_tag_info=v16.IdTagInfo(status=v16.AuthorizationStatus.ACCEPTED))

    async with csms.serve("127.0.0.1", 0) as server:
        peer = await RawPeer.connect(server.port)
        await peer.send('[2,"1","Authorize",{"idTag":"x"}]')
        await begun.wait()
        closing = asyncio.ensure_future(_answer_close(peer))
    assert finished.is_set()
    await closing
    await peer.__aexit__(None, None, None)


def test_the_versions_of_a_csms_must_be_named() -> None:
    with pytest.raises(ValueError, match="versions"):
        CSMS(authenticate=anyone)
    with pytest.raises(ValueError, match="tolerate: unknown everything"):
        CSMS(v16, authenticate=anyone, tolerate={"everything"})


def test_a_message_has_one_handler() -> None:
    with pytest.raises(ValueError, match="already has a handler"):
        new_csms().on(v16.Heartbeat)(lambda station, request: asyncio.sleep(0))  # type: ignore[arg-type]

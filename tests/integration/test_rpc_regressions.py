"""Mistakes that RPC layers of OCPP libraries have been seen to make, each driven against ours on a real socket."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from support.library import NOW, Recorder, new_csms
from support.rawpeer import BINARY, RawPeer

from chargewire import (
    ANY_ACTION,
    Backpressure,
    CallRates,
    CallRejected,
    Disconnected,
    Exchange,
    InvalidPayload,
    Limits,
    Proceed,
    Rate,
    Station,
    v16,
)
from chargewire.messages import Request, Response

AUTHORIZED = v16.AuthorizeResponse(id_tag_info=v16.IdTagInfo(status=v16.AuthorizationStatus.ACCEPTED))
AUTHORIZE = '[2,"{}","Authorize",{{"idTag":"A"}}]'


async def test_a_handler_of_any_action_is_no_way_around_validation() -> None:
    """Defect 15: an unknown action passed unvalidated, and was answered with ``{}``."""
    csms = new_csms()

    @csms.on_action(ANY_ACTION)
    async def rest(station: Station[str], request: Request[Any, Any]) -> Response:
        raise AssertionError(request)

    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.connect(server.port) as peer:
        assert (await peer.call("1", "Nonsense"))[:3] == [4, "1", "NotImplemented"]
        assert (await peer.call("2", "Authorize", {"idTag": 5}))[:3] == [4, "2", "TypeConstraintViolation"]


async def test_a_handler_that_returns_nothing_is_told_to_the_peer_at_once() -> None:
    """Defect 16: the result was null, which the peer dropped, and waited for its timeout."""
    csms = new_csms()

    @csms.on(v16.Authorize)
    async def authorize(station: Station[str], request: v16.Authorize) -> v16.AuthorizeResponse:
        return None  # type: ignore[return-value]

    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.connect(server.port) as peer:
        assert (await peer.call("1", "Authorize", {"idTag": "A"}))[:3] == [4, "1", "InternalError"]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ([3, "ID", None], InvalidPayload),
        ([3, "ID"], InvalidPayload),
        ([4, "ID", "GenericError", ""], CallRejected),
        ([4, "ID", "GenericError"], CallRejected),
        ([4, "ID", "GenericError", None, None], CallRejected),
        ([4, "ID"], CallRejected),
    ],
)
async def test_an_answer_with_a_fault_ends_its_call_at_once(answer: list[object], error: type[Exception]) -> None:
    """Defect 16: such answers were dropped, and their calls timed out."""
    csms = new_csms()
    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.connect(server.port) as peer:
        call = asyncio.ensure_future(csms.stations["RAW"].call(v16.ClearCache()))
        id = json.loads(await peer.read_message())[1]
        await peer.send(json.dumps([id if element == "ID" else element for element in answer]))
        async with asyncio.timeout(5):
            with pytest.raises(error):
                await call


@pytest.mark.parametrize(
    ("subprotocol", "message", "answer"),
    [
        ("ocpp2.0.1", '[9,"1",{}]', [4, "1", "MessageTypeNotSupported"]),
        ("ocpp2.0.1", '[2,1,"Heartbeat",{}]', [4, "-1", "RpcFrameworkError"]),
        ("ocpp2.1", "{", [4, "-1", "RpcFrameworkError"]),
        ("ocpp2.1", '[2,"1","Heartbeat"]', [4, "1", "RpcFrameworkError"]),
        ("ocpp2.0.1", '[2,"1","Heartbeat",{},{}]', [4, "1", "RpcFrameworkError"]),
        ("ocpp2.0.1", '[2,"1",5,{}]', [4, "1", "RpcFrameworkError"]),
        ("ocpp2.0.1", f'[2,"{"x" * 37}","Heartbeat",{{}}]', [4, "-1", "RpcFrameworkError"]),
        ("ocpp1.6", '[2,"1",5,{}]', [4, "1", "FormationViolation"]),
    ],
)
async def test_what_is_no_frame_is_answered_as_its_version_says(
    subprotocol: str, message: str, answer: list[object]
) -> None:
    """Defect 18: none of these was answered so."""
    async with (
        new_csms().serve("127.0.0.1", 0) as server,
        await RawPeer.connect(server.port, subprotocol=subprotocol) as peer,
    ):
        await peer.send(message)
        assert json.loads(await peer.read_message())[:3] == answer


async def test_a_binary_message_ends_the_connection() -> None:
    """Defect 18: it was taken for text."""
    async with new_csms().serve("127.0.0.1", 0) as server, await RawPeer.connect(server.port) as peer:
        await peer.send('[2,"1","Heartbeat",{}]', opcode=BINARY)
        assert await peer.read_close_code() == 1003


async def test_copies_of_a_call_run_its_handler_once_and_get_one_kind_of_answer() -> None:
    """Defect 19: of four copies, two ran the handler; and none was recognised after the answer."""
    runs = 0
    go_on = asyncio.Event()
    csms = new_csms()

    @csms.on(v16.Authorize)
    async def authorize(station: Station[str], request: v16.Authorize) -> v16.AuthorizeResponse:
        nonlocal runs
        runs += 1
        await go_on.wait()
        return AUTHORIZED

    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.connect(server.port) as peer:
        for _ in range(4):
            await peer.send(AUTHORIZE.format("1"))
        await peer.send('[2,"2","Heartbeat",{}]')
        assert json.loads(await peer.read_message())[1] == "2"  # the copies have come by now
        go_on.set()
        answer = await peer.read_message()
        await peer.send(AUTHORIZE.format("1"))
        assert await peer.read_message() == answer
        assert json.loads(answer)[0] == 3
    assert runs == 1


async def test_calls_made_at_once_get_their_own_answers() -> None:
    """Defect 20: two calls with one key shared an id, and the answer to the first went to the second."""
    csms = new_csms()
    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.connect(server.port) as peer:
        calls = [asyncio.ensure_future(csms.stations["RAW"].call(v16.GetLocalListVersion())) for _ in range(3)]
        ids = []
        for number in range(3):
            ids.append(json.loads(await peer.read_message())[1])
            await peer.send(json.dumps([3, ids[-1], {"listVersion": number}]))
        assert [(await call).list_version for call in calls] == [0, 1, 2]
    assert len(set(ids)) == 3


async def test_five_thousand_calls_at_once_run_few_handlers_and_are_all_answered() -> None:
    """Defect 21: there were five thousand handlers in flight."""
    running = most = 0
    go_on = asyncio.Event()
    csms = new_csms()
    events = Recorder(csms, Backpressure)

    @csms.on(v16.Authorize)
    async def authorize(station: Station[str], request: v16.Authorize) -> v16.AuthorizeResponse:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await go_on.wait()
        running -= 1
        return AUTHORIZED

    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.connect(server.port) as peer:
        sending = asyncio.ensure_future(asyncio.gather(*(peer.send(AUTHORIZE.format(n)) for n in range(5000))))
        await events.wait_for(Backpressure)
        go_on.set()
        answered = {json.loads(await peer.read_message())[1] for _ in range(5000)}
        await sending
    assert len(answered) == 5000
    assert most == Limits().concurrent_calls


async def test_a_handler_hears_of_the_end_of_its_station() -> None:
    """Defect 22: the signal that handlers were given was never sent."""
    heard = asyncio.Event()
    begun = asyncio.Event()
    csms = new_csms()

    @csms.on(v16.Authorize)
    async def authorize(station: Station[str], request: v16.Authorize) -> v16.AuthorizeResponse:
        begun.set()
        await station.wait_closed()
        assert not station.is_open
        heard.set()
        return AUTHORIZED

    events = Recorder(csms)
    async with csms.serve("127.0.0.1", 0) as server:
        async with await RawPeer.connect(server.port) as peer:
            await peer.send(AUTHORIZE.format("1"))
            await begun.wait()
        await events.wait_for(Disconnected)
        async with asyncio.timeout(5):
            await heard.wait()


async def test_a_rate_eats_no_answers_and_refuses_aloud() -> None:
    """Defect 24: answers counted as calls and were swallowed, as calls were, and connecting again reset the count."""
    csms = new_csms(limits=Limits(call_rates=CallRates(every=Rate(2, per=60))))
    async with csms.serve("127.0.0.1", 0) as server:
        async with await RawPeer.connect(server.port) as peer:
            for _ in range(4):
                call = asyncio.ensure_future(csms.stations["RAW"].call(v16.ClearCache()))
                id = json.loads(await peer.read_message())[1]
                await peer.send(json.dumps([3, id, {"status": "Accepted"}]))
                assert (await call).status is v16.ClearCacheStatus.ACCEPTED
            kinds = [(await peer.call(str(number), "Heartbeat"))[0] for number in range(3)]
            assert kinds == [3, 3, 4]
        async with await RawPeer.connect(server.port) as peer:
            assert (await peer.call("1", "Heartbeat"))[2] == "GenericError"


async def test_what_a_layer_raises_or_returns_for_a_call_reaches_its_caller() -> None:
    """Defect 26: what it raised for an answer ended in a timeout, and what it returned for a call was discarded."""

    async def layer(exchange: Exchange, proceed: Proceed) -> Response:
        if exchange.action == "GetLocalListVersion":
            return v16.GetLocalListVersionResponse(list_version=7)
        if exchange.direction == "outgoing":
            await proceed(exchange)
            raise LookupError("not in the mood")
        return v16.HeartbeatResponse(current_time=NOW.replace(year=2030))

    csms = new_csms(middleware=[layer])
    async with csms.serve("127.0.0.1", 0) as server, await RawPeer.connect(server.port) as peer:
        station = csms.stations["RAW"]
        assert (await station.call(v16.GetLocalListVersion())).list_version == 7
        call = asyncio.ensure_future(station.call(v16.ClearCache()))
        id = json.loads(await peer.read_message())[1]
        await peer.send(json.dumps([3, id, {"status": "Accepted"}]))
        with pytest.raises(LookupError, match="not in the mood"):
            await call
        assert "2030" in str(await peer.call("1", "Heartbeat"))

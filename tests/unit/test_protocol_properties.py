"""Two peers on one link, and one peer against the world: what holds whatever happens."""

from __future__ import annotations

import json
from collections import deque
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chargewire import frames, v16, v21, v201
from chargewire.errors import ErrorCode
from chargewire.protocol import (
    CallLost,
    CallReceived,
    CallTimedOut,
    ErrorReceived,
    MessageIgnored,
    Protocol,
    ProtocolEvent,
    ResultReceived,
    Role,
    SendReceived,
)
from chargewire.validation import TOLERANCES

every_version = pytest.mark.parametrize("version", [v16, v201, v21])
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


class Side:
    """One peer, what it has put on the link, and an account of its calls."""

    def __init__(self, version: ModuleType, role: Role) -> None:
        self.version = version
        self.protocol = Protocol(version, role, call_timeout=10.0)
        self.link: deque[bytes] = deque()
        self.asked: list[CallReceived] = []
        self.heard: list[int] = []
        self.said = 0
        self.calls: dict[str, str] = {}
        self.in_flight: set[str] = set()
        self.ended: dict[str, ProtocolEvent] = {}

    def call(self, now: float, timeout: float | None) -> None:
        """Call the other side; both sides count their ids from 1, so that ids cross."""
        id = str(len(self.calls) + 1)
        self.calls[id] = f"{self.protocol.subprotocol} call {id}"
        request = self.version.DataTransfer(vendor_id="a", data=self.calls[id])
        self.protocol.send_call(id, request, now, timeout=timeout)
        self.pump()

    def say(self) -> None:
        """Send a SEND where there is one."""
        if self.version is v21:
            data = [v21.StreamDataElementType(t=0.0, v="")]
            message = v21.NotifyPeriodicEventStream(data=data, id=self.said, pending=0, basetime=NOON)
            self.protocol.send(f"send {self.said}", message)
            self.said += 1
            self.pump()

    def answer(self, index: int, *, with_error: bool) -> None:
        """Answer one of the calls that wait for it."""
        if self.asked:
            call = self.asked.pop(index % len(self.asked))
            text: Any = getattr(call.request, "data")  # noqa: B009 - of the DataTransfer of any version
            if with_error:
                self.protocol.send_error(call.id, ErrorCode.GENERIC_ERROR, text)
            else:
                self.protocol.send_result(call.id, self.version.DataTransferResponse(status="Accepted", data=text))
            self.pump()

    def tick(self, now: float) -> None:
        self.protocol.tick(now)
        self.pump()

    def take(self, other: Side, now: float) -> None:
        """Receive the oldest message of the other side."""
        if other.link:
            self.protocol.receive(other.link.popleft(), now)
            self.pump()

    def pump(self) -> None:
        for event in self.protocol.events():
            match event:
                case CallReceived():
                    self.asked.append(event)
                case SendReceived(message=v21.NotifyPeriodicEventStream(id=number)):
                    self.heard.append(number)
                case MessageIgnored(reason=reason):
                    assert reason.endswith("answers no CALL"), "only late answers are out of place"
                case ResultReceived(id=id, response=response):
                    assert getattr(response, "data") == self.calls[id]  # noqa: B009
                    self.end(id, event)
                case ErrorReceived(id=id, description=description):
                    assert description == self.calls[id]
                    self.end(id, event)
                case CallTimedOut(id=id) | CallLost(id=id):
                    self.end(id, event)
                case _:
                    raise AssertionError(event)
        for data in self.protocol.data_to_send():
            if isinstance(frame := frames.decode(data), frames.Call):
                self.in_flight.add(frame.id)
            self.link.append(data)
        assert len(self.in_flight) <= 1
        assert (self.protocol.deadline() is None) == (not self.in_flight)

    def end(self, id: str, event: ProtocolEvent) -> None:
        assert id not in self.ended, "a call ends once"
        self.in_flight.discard(id)
        self.ended[id] = event


sides = st.sampled_from([0, 1])
steps = st.lists(
    st.one_of(
        st.tuples(st.just("call"), sides, st.none() | st.floats(0.5, 20.0)),
        st.tuples(st.just("say"), st.just(1)),
        st.tuples(st.just("take"), sides),
        st.tuples(st.just("take"), sides),
        st.tuples(st.just("answer"), sides, st.integers(0, 9), st.booleans()),
        st.tuples(st.just("wait"), st.floats(0.0, 15.0)),
    ),
    max_size=60,
)


def play(pair: tuple[Side, Side], script: list[tuple[Any, ...]]) -> float:
    """Let two sides act out a script; return what time it is then."""
    now = 0.0
    for step in script:
        match step:
            case ("call", who, timeout):
                pair[who].call(now, timeout)
            case ("say", who):
                pair[who].say()
            case ("take", who):
                pair[who].take(pair[1 - who], now)
            case ("answer", who, index, with_error):
                pair[who].answer(index, with_error=with_error)
            case ("wait", seconds):
                now += seconds
                for side in pair:
                    side.tick(now)
            case _:
                raise AssertionError(step)
    return now


def drain(pair: tuple[Side, Side], now: float) -> None:
    """Deliver and answer until nothing moves any more; time stands still."""
    while any(side.link or side.asked for side in pair):
        for side, other in (pair, pair[::-1]):
            while other.link:
                side.take(other, now)
            side.answer(0, with_error=False)


@every_version
@settings(deadline=None, max_examples=100)
@given(script=steps)
@example(script=[("call", 0, None), ("call", 1, None), ("take", 0), ("take", 1), ("call", 0, None), ("call", 1, None)])
def test_two_peers_never_block_each_other_and_every_call_ends_once(
    version: ModuleType, script: list[tuple[Any, ...]]
) -> None:
    """RPC-030, RPC-032, RPC-036, RPC-007."""
    pair = (Side(version, Role.CSMS), Side(version, Role.STATION))
    drain(pair, play(pair, script))
    for side in pair:
        assert side.protocol.deadline() is None
        assert side.ended.keys() == side.calls.keys()
    assert pair[0].heard == list(range(pair[1].said))


@every_version
@settings(deadline=None, max_examples=100)
@given(script=steps)
def test_every_call_ends_once_when_the_connection_is_lost(version: ModuleType, script: list[tuple[Any, ...]]) -> None:
    pair = (Side(version, Role.CSMS), Side(version, Role.STATION))
    play(pair, script)
    for side in pair:
        side.protocol.close()
        side.pump()
        assert side.ended.keys() == side.calls.keys()


@every_version
@settings(deadline=None, max_examples=100)
@given(script=steps)
def test_every_call_ends_in_time_when_the_peer_falls_silent(version: ModuleType, script: list[tuple[Any, ...]]) -> None:
    """RPC-033, RPC-036."""
    pair = (Side(version, Role.CSMS), Side(version, Role.STATION))
    play(pair, script)
    for side in pair:
        while (deadline := side.protocol.deadline()) is not None:
            side.tick(deadline)
        assert side.ended.keys() == side.calls.keys()


@pytest.mark.parametrize("version", [v201, v21])
@settings(deadline=None)
@given(data=json_values)
def test_the_data_of_a_vendor_arrive_unchanged(version: ModuleType, data: Any) -> None:
    """RPC-060."""
    station, csms = Protocol(version, Role.STATION), Protocol(version, Role.CSMS)
    request = version.DataTransfer(vendor_id="a", data=data)
    station.send_call("1", request, now=0.0)
    (frame,) = station.data_to_send()
    csms.receive(frame, now=0.0)
    assert csms.events() == [CallReceived("1", "DataTransfer", request)]


actions = st.sampled_from(
    ["Heartbeat", "Authorize", "MeterValues", "DataTransfer", "Reset", "NotifyPeriodicEventStream", "Nonsense"]
)
keys = st.sampled_from(["idTag", "idToken", "meterValue", "vendorId", "data", "customData", "x` - at `$.data"]) | texts
payloads = st.dictionaries(keys, json_values, max_size=4) | json_values
almost_frames = st.one_of(
    st.tuples(st.sampled_from([2, 6]), st.sampled_from(["1", "", "-1", 7]) | texts, actions, payloads),
    st.tuples(st.just(3), st.sampled_from(["1", "-1"]), payloads),
    st.tuples(st.sampled_from([4, 5]), st.sampled_from(["1", "-1", ""]), json_values, json_values, json_values),
    st.lists(json_values, max_size=6),
    json_values,
)
messages = st.binary(max_size=40) | almost_frames.map(lambda value: json.dumps(value).encode())


@every_version
@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("tolerate", [frozenset[str](), frozenset(TOLERANCES)], ids=["strict", "tolerant"])
@settings(deadline=None, max_examples=100)
@given(data=st.lists(messages, max_size=4))
@example(data=[b'[2,"1","Authorize",{"x":1,"idTag":"\xff"}]'])
@example(data=[b'[2,"1","Authorize",{"x":1,"idTag":1e999}]'])
@example(data=[b'[2,"1","Authorize",{"x":' + b"[" * 900 + b"null" + b"]" * 900 + b"}]"])
@example(data=[b'[2,"1","Heartbeat",{"x` - at `$.foo":1}]'])
@example(data=[b"[" + b"9" * 4000 + b',"1"]'])
def test_whatever_is_received_nothing_is_raised(
    version: ModuleType, role: Role, tolerate: frozenset[str], data: list[bytes]
) -> None:
    """RPC-014, RPC-026, RPC-085."""
    peer = Protocol(version, role, tolerate=tolerate)
    peer.send_call("1", version.DataTransfer(vendor_id="a"), now=0.0)
    peer.data_to_send()
    for message in data:
        peer.receive(message, now=1.0)
        assert len(peer.data_to_send()) <= 1
        for event in peer.events():
            if isinstance(event, CallReceived):
                peer.send_error(event.id, ErrorCode.GENERIC_ERROR)
        for answer in peer.data_to_send():
            frame = frames.decode(answer)
            assert isinstance(frame, frames.CallError | frames.CallResultError)
            assert len(frame.description or "") <= 255
    peer.receive(b'[2,"9","DataTransfer",{"vendorId":"a"}]', now=2.0)
    assert [type(event) for event in peer.events()] == [CallReceived]

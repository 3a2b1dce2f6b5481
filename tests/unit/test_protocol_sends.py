"""What only OCPP 2.1 has: SEND, which is never answered, and CALLRESULTERROR, which answers an answer."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import ModuleType

import pytest

from chargewire import v16, v21, v201
from chargewire.errors import ErrorCode, InvalidPayload
from chargewire.protocol import AnswerInvalid, MessageIgnored, Protocol, ResultRefused, Role, SendReceived

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
STREAM = v21.NotifyPeriodicEventStream(
    data=[v21.StreamDataElementType(t=0.5, v="16.1")], id=7, pending=0, basetime=NOON
)
PAYLOAD = b'{"data":[{"t":0.5,"v":"16.1"}],"id":7,"pending":0,"basetime":"2026-05-01T12:00:00Z"}'
FRAME = b'[6,"1","NotifyPeriodicEventStream",%b]' % PAYLOAD

before_2_1 = pytest.mark.parametrize("version", [v16, v201])


# SEND


def test_a_send_leaves_at_once() -> None:
    """RPC-006."""
    peer = Protocol(v21, Role.STATION)
    peer.send("1", STREAM)
    assert peer.data_to_send() == [FRAME]


def test_a_send_does_not_wait_for_a_call() -> None:
    """RPC-008."""
    peer = Protocol(v21, Role.STATION)
    peer.send_call("1", v21.Heartbeat(), now=0.0)
    peer.send("2", STREAM)
    assert [json.loads(data)[0] for data in peer.data_to_send()] == [2, 6]


def test_a_call_does_not_wait_for_a_send() -> None:
    """RPC-008."""
    peer = Protocol(v21, Role.STATION)
    peer.send("1", STREAM)
    peer.send_call("2", v21.Heartbeat(), now=0.0)
    assert [json.loads(data)[0] for data in peer.data_to_send()] == [6, 2]


def test_nothing_is_awaited_after_a_send() -> None:
    """RPC-007."""
    peer = Protocol(v21, Role.STATION)
    peer.send("1", STREAM)
    assert peer.deadline() is None


@before_2_1
def test_a_send_never_leaves_before_2_1(version: ModuleType) -> None:
    """RPC-009."""
    peer = Protocol(version, Role.STATION)
    with pytest.raises(ValueError, match=f"NotifyPeriodicEventStream is not a message of {version.SUBPROTOCOL}"):
        peer.send("1", STREAM)
    assert peer.data_to_send() == []


def test_a_send_that_does_not_fit_never_leaves() -> None:
    peer = Protocol(v21, Role.STATION)
    with pytest.raises(InvalidPayload, match="data: must have >= 1 items"):
        peer.send("1", v21.NotifyPeriodicEventStream(data=[], id=7, pending=0, basetime=NOON))
    assert peer.data_to_send() == []


@pytest.mark.parametrize("id", ["", "x" * 37])
def test_the_id_of_a_send_has_1_to_36_characters(id: str) -> None:
    """RPC-020."""
    with pytest.raises(ValueError, match="id: expected"):
        Protocol(v21, Role.STATION).send(id, STREAM)


def test_a_send_arrives_typed_and_is_not_answered() -> None:
    """RPC-006, RPC-007."""
    peer = Protocol(v21, Role.CSMS)
    peer.receive(FRAME, now=0.0)
    assert peer.events() == [SendReceived("1", "NotifyPeriodicEventStream", STREAM)]
    peer.send_error("1", ErrorCode.INTERNAL_ERROR)
    assert peer.data_to_send() == []


def test_a_send_may_have_the_id_of_a_call_that_is_being_processed() -> None:
    """RPC-024 is about CALLs."""
    peer = Protocol(v21, Role.CSMS)
    peer.receive(b'[2,"1","Heartbeat",{}]', now=0.0)
    peer.receive(FRAME, now=0.0)
    assert len(peer.events()) == 2


@pytest.mark.parametrize(
    ("role", "frame", "reason"),
    [
        (
            Role.CSMS,
            b'[6,"1","NotifyPeriodicEventStream",{}]',
            "NotifyPeriodicEventStream dropped: data: is missing",
        ),
        (Role.CSMS, b'[6,"1","Nonsense",{}]', "SEND of Nonsense, which is none here"),
        (Role.CSMS, b'[6,"1","Heartbeat",{}]', "SEND of Heartbeat, which is none here"),
        (Role.STATION, FRAME, "SEND of NotifyPeriodicEventStream, which is none here"),
        (Role.CSMS, b'[6,"1","Nonsense"]', "3 elements instead of 4"),
        (Role.CSMS, b'[6,1,"Nonsense",{}]', "the message id is not a string of 1 to 36 characters"),
    ],
)
def test_a_bad_send_is_reported_and_not_answered(role: Role, frame: bytes, reason: str) -> None:
    """RPC-007."""
    peer = Protocol(v21, role)
    peer.receive(frame, now=0.0)
    assert peer.events() == [MessageIgnored(reason)]
    assert peer.data_to_send() == []


# CALLRESULTERROR


@pytest.mark.parametrize(
    ("payload", "code", "description"),
    [
        (b"{}", "OccurrenceConstraintViolation", "currentTime: is missing"),
        (b'{"currentTime":5}', "TypeConstraintViolation", "currentTime: must be datetime, not int"),
        (b'{"currentTime":"noon"}', "PropertyConstraintViolation", "currentTime: Invalid RFC3339 encoded datetime"),
        (b'{"currentTime":"2026-05-01T12:00:00Z","x":1}', "FormatViolation", "x: is not a field of this message"),
    ],
)
def test_an_invalid_answer_is_told_to_the_peer(payload: bytes, code: str, description: str) -> None:
    """RPC-005, RPC-082, RPC-085."""
    peer = Protocol(v21, Role.STATION)
    peer.send_call("1", v21.Heartbeat(), now=0.0)
    peer.data_to_send()
    peer.receive(b'[3,"1",%b]' % payload, now=0.0)
    assert [type(event) for event in peer.events()] == [AnswerInvalid]
    assert [json.loads(data) for data in peer.data_to_send()] == [[5, "1", code, description, {}]]


def test_the_complaint_about_an_answer_leaves_before_the_next_call() -> None:
    """RPC-082."""
    peer = Protocol(v21, Role.STATION)
    for id in "12":
        peer.send_call(id, v21.Heartbeat(), now=0.0)
    peer.data_to_send()
    peer.receive(b'[3,"1",{}]', now=0.0)
    assert [json.loads(data)[:2] for data in peer.data_to_send()] == [[5, "1"], [2, "2"]]


@pytest.mark.parametrize(
    ("frame", "event"),
    [
        (b'[5,"1","FormatViolation","what?",{}]', ResultRefused("1", ErrorCode.FORMAT_VIOLATION, "what?")),
        (b'[5,"1","OccurenceConstraintViolation",null]', ResultRefused("1", "OccurrenceConstraintViolation", "")),
        (b'[5,"1"]', ResultRefused("1", "", "")),
    ],
)
def test_a_complaint_about_our_answer_is_reported_and_not_answered(frame: bytes, event: ResultRefused) -> None:
    """RPC-083, RPC-091."""
    peer = Protocol(v21, Role.CSMS)
    peer.receive(frame, now=0.0)
    assert peer.events() == [event]
    assert peer.data_to_send() == []


def test_a_complaint_about_our_answer_does_not_end_a_call_of_ours() -> None:
    """RPC-005: the id is that of the peer's CALL, which may be the same text."""
    peer = Protocol(v21, Role.CSMS)
    peer.send_call("1", v21.ClearCache(), now=0.0)
    peer.receive(b'[5,"1","FormatViolation","",{}]', now=0.0)
    assert peer.deadline() == 30.0


def test_a_complaint_that_is_no_frame_is_not_answered() -> None:
    """RPC-083."""
    peer = Protocol(v21, Role.CSMS)
    peer.receive(b'[5,"1",500]', now=0.0)
    assert [type(event) for event in peer.events()] == [MessageIgnored]
    assert peer.data_to_send() == []


# Before 2.1 both are unknown message types


@pytest.mark.parametrize("frame", [FRAME, b'[5,"1","FormatViolation","",{}]', b'[6,"1"]', b'[5,"1",500]'])
def test_1_6_ignores_them(frame: bytes) -> None:
    """RPC-009, RPC-015."""
    peer = Protocol(v16, Role.CSMS)
    peer.receive(frame, now=0.0)
    assert [type(event) for event in peer.events()] == [MessageIgnored]
    assert peer.data_to_send() == []


@pytest.mark.parametrize("frame", [FRAME, b'[5,"1","FormatViolation","",{}]', b'[6,"1"]', b'[5,"1",500]'])
def test_2_0_1_does_not_support_them(frame: bytes) -> None:
    """RPC-009, RPC-016."""
    peer = Protocol(v201, Role.CSMS)
    peer.receive(frame, now=0.0)
    assert [type(event) for event in peer.events()] == [MessageIgnored]
    assert [json.loads(data)[:3] for data in peer.data_to_send()] == [[4, "1", "MessageTypeNotSupported"]]

"""Our CALLs: one in flight, each ends exactly once, in an answer, a timeout or with the connection."""

from __future__ import annotations

from datetime import UTC, datetime
from types import ModuleType

import pytest

from chargewire import v16, v21, v201
from chargewire.errors import ErrorCode, InvalidPayload
from chargewire.messages import RawRequest, RawResponse
from chargewire.protocol import (
    AnswerInvalid,
    CallLost,
    CallReceived,
    CallTimedOut,
    ErrorReceived,
    MessageIgnored,
    Protocol,
    ResultReceived,
    Role,
)

every_version = pytest.mark.parametrize("version", [v16, v201, v21])


def station(version: ModuleType = v16, *, call_timeout: float = 30.0) -> Protocol:
    return Protocol(version, Role.STATION, call_timeout=call_timeout)


def calling(version: ModuleType = v16) -> Protocol:
    """Return a station that waits for the answer to a Heartbeat with the id 1."""
    peer = station(version)
    peer.send_call("1", version.Heartbeat(), now=0.0)
    peer.data_to_send()
    return peer


# Leaving


def test_a_call_leaves_at_once_when_nothing_is_in_flight() -> None:
    """RPC-002, RPC-010."""
    peer = station()
    peer.send_call("1", v16.Authorize(id_tag="A"), now=0.0)
    assert peer.data_to_send() == [b'[2,"1","Authorize",{"idTag":"A"}]']


@every_version
def test_only_one_call_is_in_flight(version: ModuleType) -> None:
    """RPC-030."""
    peer = station(version)
    peer.send_call("1", version.Heartbeat(), now=0.0)
    peer.send_call("2", version.Heartbeat(), now=0.0)
    assert peer.data_to_send() == [b'[2,"1","Heartbeat",{}]']
    peer.receive(b'[3,"1",{"currentTime":"2026-05-01T12:00:00Z"}]', now=1.0)
    assert peer.data_to_send() == [b'[2,"2","Heartbeat",{}]']


def test_waiting_calls_leave_in_order() -> None:
    """RPC-030."""
    peer = station()
    for id in "12345":
        peer.send_call(id, v16.Heartbeat(), now=0.0)
    sent = []
    while data := peer.data_to_send():
        (frame,) = data
        sent.append(frame[4:5])
        peer.receive(b'[4,"%b","GenericError","",{}]' % sent[-1], now=0.0)
    assert sent == [b"1", b"2", b"3", b"4", b"5"]


def test_two_connections_have_a_call_in_flight_each() -> None:
    """RPC-031."""
    first, second = station(), station()
    for peer in (first, second):
        peer.send_call("1", v16.Heartbeat(), now=0.0)
    assert first.data_to_send() == second.data_to_send() == [b'[2,"1","Heartbeat",{}]']


@pytest.mark.parametrize("id", ["", "x" * 37])
def test_an_id_has_1_to_36_characters(id: str) -> None:
    """RPC-020."""
    peer = station()
    with pytest.raises(ValueError, match="id: expected 1 to 36 characters"):
        peer.send_call(id, v16.Heartbeat(), now=0.0)
    assert peer.data_to_send() == []


def test_a_request_that_does_not_fit_never_leaves() -> None:
    peer = station()
    with pytest.raises(InvalidPayload, match="idTag: must have <= 20 characters"):
        peer.send_call("1", v16.Authorize(id_tag="x" * 21), now=0.0)
    assert (peer.data_to_send(), peer.deadline()) == ([], None)


def test_a_request_of_another_version_never_leaves() -> None:
    with pytest.raises(ValueError, match=r"v201\.messages\.Heartbeat is not a message of ocpp1\.6"):
        station(v16).send_call("1", v201.Heartbeat(), now=0.0)


def test_a_request_that_the_version_does_not_know_never_leaves() -> None:
    with pytest.raises(ValueError, match=r"GetReport is not a message of ocpp1\.6"):
        station(v16).send_call("1", v201.GetReport(request_id=1), now=0.0)


def test_a_send_is_no_call() -> None:
    """RPC-007."""
    message = v21.NotifyPeriodicEventStream(
        data=[v21.StreamDataElementType(t=0.0, v="")], id=1, pending=0, basetime=datetime(2026, 5, 1, tzinfo=UTC)
    )
    with pytest.raises(ValueError, match="NotifyPeriodicEventStream is a SEND"):
        station(v21).send_call("1", message, now=0.0)  # type: ignore[arg-type]


# Answered


def test_an_answer_arrives_typed() -> None:
    peer = calling()
    peer.receive(b'[3,"1",{"currentTime":"2026-05-01T12:00:00Z"}]', now=1.0)
    (event,) = peer.events()
    assert isinstance(event, ResultReceived)
    assert event.id == "1"
    assert isinstance(event.response, v16.HeartbeatResponse)
    assert peer.deadline() is None


def test_an_empty_answer_may_be_null() -> None:
    """RPC-050."""
    peer = station()
    status = v16.StatusNotification(
        connector_id=1, error_code=v16.ChargePointErrorCode.NO_ERROR, status=v16.ChargePointStatus.AVAILABLE
    )
    peer.send_call("1", status, now=0.0)
    peer.receive(b'[3,"1",null]', now=1.0)
    assert peer.events() == [ResultReceived("1", v16.StatusNotificationResponse())]


@every_version
def test_an_error_arrives_with_all_it_says(version: ModuleType) -> None:
    """RPC-086."""
    peer = calling(version)
    peer.receive(b'[4,"1","InternalError","broken",{"hint":[1]}]', now=1.0)
    assert peer.events() == [ErrorReceived("1", ErrorCode.INTERNAL_ERROR, "broken", {"hint": [1]})]
    assert peer.deadline() is None


@every_version
@pytest.mark.parametrize(
    ("spelling", "code"),
    [
        ("FormationViolation", ErrorCode.FORMAT_VIOLATION),
        ("FormatViolation", ErrorCode.FORMAT_VIOLATION),
        ("OccurenceConstraintViolation", ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION),
        ("OccurrenceConstraintViolation", ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION),
        ("AcmeBroken", "AcmeBroken"),
        ("", ""),
    ],
)
def test_either_spelling_is_read_in_every_version(version: ModuleType, spelling: str, code: str) -> None:
    """RPC-091."""
    peer = calling(version)
    peer.receive(b'[4,"1","%b","",{}]' % spelling.encode(), now=1.0)
    assert peer.events() == [ErrorReceived("1", code, "", {})]


@pytest.mark.parametrize(
    ("frame", "event"),
    [
        (b'[4,"1"]', ErrorReceived("1", "", "", {})),
        (b'[4,"1","NotSupported"]', ErrorReceived("1", "NotSupported", "", {})),
        (b'[4,"1","NotSupported",null,null]', ErrorReceived("1", "NotSupported", "", {})),
        (b'[4,"1","NotSupported","no",["x"]]', ErrorReceived("1", "NotSupported", "no", {})),
        (b'[4,"1","NotSupported","no","x",7]', ErrorReceived("1", "NotSupported", "no", {})),
    ],
)
def test_an_error_of_any_form_ends_its_call(frame: bytes, event: ErrorReceived) -> None:
    """RPC-004, RPC-012."""
    peer = calling()
    peer.receive(frame, now=1.0)
    assert peer.events() == [event]


@every_version
@pytest.mark.parametrize("id", ["-1", ""])
def test_an_error_without_an_id_means_the_call_in_flight(version: ModuleType, id: str) -> None:
    """RPC-026."""
    peer = calling(version)
    peer.receive(b'[4,"%b","RpcFrameworkError","",{}]' % id.encode(), now=1.0)
    assert peer.events() == [ErrorReceived("1", ErrorCode.RPC_FRAMEWORK_ERROR, "", {})]


def test_an_error_without_an_id_means_nothing_when_nothing_is_in_flight() -> None:
    """RPC-026."""
    peer = station(v201)
    peer.receive(b'[4,"-1","RpcFrameworkError","",{}]', now=1.0)
    assert peer.events() == [MessageIgnored("CALLERROR -1 answers no CALL")]


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b'[3,"2",{}]', "CALLRESULT 2 answers no CALL"),
        (b'[4,"2","GenericError","",{}]', "CALLERROR 2 answers no CALL"),
        (b'[4,"%b","GenericError","",{}]' % (b"x" * 99), f"CALLERROR {'x' * 36} answers no CALL"),
    ],
)
def test_an_answer_to_nothing_is_ignored(frame: bytes, reason: str) -> None:
    """RPC-014."""
    peer = calling()
    peer.receive(frame, now=1.0)
    assert peer.events() == [MessageIgnored(reason)]
    assert peer.data_to_send() == []
    assert peer.deadline() == 30.0


def test_the_second_answer_to_a_call_is_ignored() -> None:
    """RPC-014."""
    peer = calling()
    answer = b'[3,"1",{"currentTime":"2026-05-01T12:00:00Z"}]'
    peer.receive(answer, now=1.0)
    peer.events()
    peer.receive(answer, now=1.0)
    assert peer.events() == [MessageIgnored("CALLRESULT 1 answers no CALL")]


def test_a_call_that_waits_its_turn_cannot_be_answered() -> None:
    """RPC-014, RPC-030."""
    peer = calling()
    peer.send_call("2", v16.Heartbeat(), now=0.0)
    peer.receive(b'[4,"2","GenericError","",{}]', now=1.0)
    assert peer.events() == [MessageIgnored("CALLERROR 2 answers no CALL")]


# Answered wrongly


@pytest.mark.parametrize(
    ("payload", "field"), [(b"{}", "currentTime"), (b'{"currentTime":5}', "currentTime"), (b"[]", "")]
)
def test_an_answer_that_does_not_fit_ends_its_call(payload: bytes, field: str) -> None:
    peer = calling()
    peer.send_call("2", v16.Heartbeat(), now=0.0)
    peer.receive(b'[3,"1",%b]' % payload, now=1.0)
    (event,) = peer.events()
    assert isinstance(event, AnswerInvalid)
    assert (event.id, event.error.field) == ("1", field)
    assert peer.data_to_send() == [b'[2,"2","Heartbeat",{}]']


@every_version
@pytest.mark.parametrize("frame", [b'[3,"1"]', b'[3,"1",{},{}]', b'[4,"1",500,"",{}]'])
def test_an_answer_that_is_no_frame_ends_its_call(version: ModuleType, frame: bytes) -> None:
    """RPC-003, RPC-004."""
    peer = calling(version)
    peer.send_call("2", version.Heartbeat(), now=0.0)
    peer.receive(frame, now=1.0)
    ignored, invalid = peer.events()
    assert isinstance(ignored, MessageIgnored)
    assert isinstance(invalid, AnswerInvalid)
    assert (invalid.id, invalid.error.code) == ("1", ErrorCode.RPC_FRAMEWORK_ERROR)
    assert peer.data_to_send()[-1] == b'[2,"2","Heartbeat",{}]'


@every_version
@pytest.mark.parametrize("frame", [b"[4,null]", b'[4,7,"GenericError","",{}]'])
def test_an_error_with_an_id_that_is_no_id_ends_the_call_in_flight(version: ModuleType, frame: bytes) -> None:
    """RPC-026: its sender answers the one CALL that there is."""
    peer = calling(version)
    peer.receive(frame, now=1.0)
    assert [type(event) for event in peer.events()] == [MessageIgnored, AnswerInvalid]


def test_a_result_that_is_no_frame_is_refused_where_the_version_can() -> None:
    """RPC-005, RPC-082."""
    peer = calling(v21)
    peer.receive(b'[3,"1"]', now=1.0)
    assert peer.data_to_send() == [b'[5,"1","RpcFrameworkError","2 elements instead of 3",{}]']


@every_version
@pytest.mark.parametrize("frame", [b'[3,"2"]', b'[3,1,{"currentTime":"2026-05-01T12:00:00Z"}]', b'[4,"2",1]'])
def test_a_foreign_answer_that_is_no_frame_is_ignored(version: ModuleType, frame: bytes) -> None:
    """RPC-014."""
    peer = calling(version)
    peer.receive(frame, now=1.0)
    assert [type(event) for event in peer.events()] == [MessageIgnored]
    assert (peer.data_to_send(), peer.deadline()) == ([], 30.0)


@pytest.mark.parametrize("version", [v16, v201])
def test_an_invalid_answer_is_reported_here_only(version: ModuleType) -> None:
    """RPC-082."""
    peer = calling(version)
    peer.receive(b'[3,"1",{}]', now=1.0)
    assert peer.data_to_send() == []


# Not answered


def test_a_call_times_out_at_its_deadline_and_not_before() -> None:
    """RPC-033, RPC-086."""
    peer = station(call_timeout=10.0)
    peer.send_call("1", v16.Heartbeat(), now=5.0)
    assert peer.deadline() == 15.0
    peer.tick(now=14.999)
    assert peer.events() == []
    peer.tick(now=15.0)
    assert peer.events() == [CallTimedOut("1")]
    assert peer.deadline() is None


def test_the_guidance_of_thirty_seconds_is_the_default() -> None:
    """RPC-033."""
    peer = Protocol(v201, Role.STATION)
    peer.send_call("1", v201.Heartbeat(), now=0.0)
    assert peer.deadline() == 30.0


def test_a_call_may_have_a_timeout_of_its_own() -> None:
    """RPC-033."""
    peer = station()
    peer.send_call("1", v16.Heartbeat(), now=0.0, timeout=2.0)
    assert peer.deadline() == 2.0


def test_the_time_a_call_waits_for_its_turn_does_not_count() -> None:
    """RPC-033."""
    peer = calling()
    peer.send_call("2", v16.Heartbeat(), now=0.0, timeout=5.0)
    peer.receive(b'[4,"1","GenericError","",{}]', now=20.0)
    assert peer.deadline() == 25.0


def test_after_a_timeout_the_next_call_leaves() -> None:
    """RPC-030, RPC-036."""
    peer = calling()
    peer.send_call("2", v16.Heartbeat(), now=0.0)
    peer.tick(now=30.0)
    assert peer.events() == [CallTimedOut("1")]
    assert peer.data_to_send() == [b'[2,"2","Heartbeat",{}]']
    assert peer.deadline() == 60.0


def test_a_late_answer_is_ignored() -> None:
    """RPC-036."""
    peer = calling()
    peer.send_call("2", v16.Heartbeat(), now=0.0)
    peer.tick(now=30.0)
    peer.events()
    peer.receive(b'[3,"1",{"currentTime":"2026-05-01T12:00:00Z"}]', now=31.0)
    assert peer.events() == [MessageIgnored("CALLRESULT 1 answers no CALL")]
    assert peer.deadline() == 60.0


def test_a_tick_without_a_call_does_nothing() -> None:
    peer = station()
    peer.tick(now=1e9)
    assert (peer.events(), peer.data_to_send()) == ([], [])


# Given up


def test_a_call_given_up_before_its_turn_never_leaves() -> None:
    peer = calling()
    peer.send_call("2", v16.Heartbeat(), now=0.0)
    peer.send_call("3", v16.Heartbeat(), now=0.0)
    peer.cancel_call("2")
    peer.receive(b'[4,"1","GenericError","",{}]', now=1.0)
    assert peer.data_to_send() == [b'[2,"3","Heartbeat",{}]']


def test_a_call_given_up_in_flight_keeps_its_turn_until_it_is_answered() -> None:
    """RPC-030: the peer is still at it."""
    peer = calling()
    peer.send_call("2", v16.Heartbeat(), now=0.0)
    peer.cancel_call("1")
    assert peer.data_to_send() == []
    peer.receive(b'[4,"1","GenericError","",{}]', now=1.0)
    assert peer.data_to_send() == [b'[2,"2","Heartbeat",{}]']


def test_a_lost_connection_ends_every_call() -> None:
    peer = calling()
    peer.send_call("2", v16.Heartbeat(), now=0.0)
    peer.close()
    assert peer.events() == [CallLost("1", sent=True), CallLost("2", sent=False)]
    assert (peer.data_to_send(), peer.deadline()) == ([], None)


def test_a_lost_connection_without_calls_is_no_event() -> None:
    peer = station()
    peer.close()
    assert peer.events() == []


def test_a_lost_connection_takes_back_what_was_not_sent_yet() -> None:
    peer = station()
    peer.send_call("1", v16.Heartbeat(), now=0.0)
    peer.close()
    assert peer.data_to_send() == []


# Crossing


@every_version
def test_a_call_of_the_peer_is_served_while_ours_waits(version: ModuleType) -> None:
    """RPC-032."""
    peer = calling(version)
    peer.receive(b'[2,"1","ClearCache",{}]', now=1.0)
    assert peer.events() == [CallReceived("1", "ClearCache", version.ClearCache())]
    accepted = version.ClearCacheResponse(status="Accepted")
    peer.send_result("1", accepted)
    assert peer.data_to_send() == [b'[3,"1",{"status":"Accepted"}]']
    peer.receive(b'[3,"1",{"currentTime":"2026-05-01T12:00:00Z"}]', now=2.0)
    assert [type(event) for event in peer.events()] == [ResultReceived]


# Without a schema


@every_version
def test_a_raw_call_is_sent_and_answered_as_it_is(version: ModuleType) -> None:
    peer = station(version)
    peer.send_call("1", RawRequest(action="Unlatch", payload={"door": [None, 1.5]}), now=0.0)
    assert peer.data_to_send() == [b'[2,"1","Unlatch",{"door":[null,1.5]}]']
    peer.receive(b'[3,"1",["any",{"JSON":null}]]', now=1.0)
    assert peer.events() == [ResultReceived("1", RawResponse(payload=["any", {"JSON": None}]))]


def test_a_raw_call_takes_the_slot_like_any_other() -> None:
    """RPC-030."""
    peer = station()
    peer.send_call("1", RawRequest(action="Unlatch", payload={}), now=0.0)
    peer.send_call("2", v16.Heartbeat(), now=0.0)
    assert len(peer.data_to_send()) == 1
    peer.receive(b'[4,"1","NotImplemented","",{}]', now=1.0)
    assert peer.events() == [ErrorReceived("1", ErrorCode.NOT_IMPLEMENTED, "", {})]
    assert len(peer.data_to_send()) == 1


def test_a_raw_payload_that_is_no_json_queues_nothing() -> None:
    peer = station()
    with pytest.raises(TypeError):
        peer.send_call("1", RawRequest(action="Unlatch", payload=object()), now=0.0)
    assert (peer.data_to_send(), peer.deadline()) == ([], None)


def test_an_answer_to_a_raw_call_that_cannot_be_read_ends_it() -> None:
    peer = station()
    peer.send_call("1", RawRequest(action="Unlatch", payload={}), now=0.0)
    peer.receive(b'[3,"1","\xff"]', now=1.0)
    assert [type(event) for event in peer.events()] == [AnswerInvalid]

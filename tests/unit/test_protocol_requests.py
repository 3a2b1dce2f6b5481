"""CALLs of the peer: read, refused with the right code, answered once."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest

from chargewire import v16, v21, v201
from chargewire.errors import ErrorCode, InvalidPayload
from chargewire.protocol import CallReceived, MessageIgnored, Protocol, Role

every_version = pytest.mark.parametrize("version", [v16, v201, v21])
HEARTBEAT = b'[2,"1","Heartbeat",{}]'
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
STATUS = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}


def csms(version: ModuleType = v16, *tolerate: str) -> Protocol:
    return Protocol(version, Role.CSMS, tolerate=frozenset(tolerate))


def asked(version: ModuleType = v16) -> Protocol:
    """Return a CSMS that has a Heartbeat with the id 1 to answer."""
    peer = csms(version)
    peer.receive(HEARTBEAT, now=0.0)
    peer.events()
    return peer


def answer(version: ModuleType, action: str, payload: Any, *, role: Role = Role.CSMS) -> tuple[str, str]:
    """Return code and description of the CALLERROR that answers a CALL."""
    peer = Protocol(version, role)
    peer.receive(json.dumps([2, "1", action, payload]).encode(), now=0.0)
    assert not any(isinstance(event, CallReceived) for event in peer.events())
    ((type, id, code, description, details),) = map(json.loads, peer.data_to_send())
    assert (type, id, details) == (4, "1", {})
    return code, description


# Read


@every_version
def test_a_call_arrives_typed(version: ModuleType) -> None:
    """RPC-002."""
    peer = csms(version)
    peer.receive(HEARTBEAT, now=0.0)
    assert peer.events() == [CallReceived("1", "Heartbeat", version.Heartbeat())]
    assert peer.data_to_send() == []


def test_an_empty_payload_may_be_null() -> None:
    """RPC-050."""
    peer = csms()
    peer.receive(b'[2,"1","Heartbeat",null]', now=0.0)
    assert peer.events() == [CallReceived("1", "Heartbeat", v16.Heartbeat())]


@pytest.mark.parametrize("id", ["x", "x" * 36, "7f3c", "ünï 充电", '"\\/\n', "-1"])
def test_an_answer_has_the_id_of_its_call(id: str) -> None:
    """RPC-013, RPC-020."""
    peer = csms()
    peer.receive(json.dumps([2, id, "Nonsense", {}]).encode(), now=0.0)
    assert json.loads(peer.data_to_send()[0])[1] == id


@every_version
def test_several_calls_may_wait_for_their_answers_at_once(version: ModuleType) -> None:
    """RPC-038: 1.6 says SHOULD NOT, so it happens."""
    peer = csms(version)
    for id in (b"1", b"2", b"3"):
        peer.receive(b'[2,"%b","Heartbeat",{}]' % id, now=0.0)
    assert [event.id for event in peer.events() if isinstance(event, CallReceived)] == ["1", "2", "3"]
    for id in ("2", "3", "1"):
        peer.send_error(id, ErrorCode.NOT_SUPPORTED)
    assert [json.loads(data)[1] for data in peer.data_to_send()] == ["2", "3", "1"]


@every_version
def test_a_call_that_comes_again_gets_the_answer_it_had(version: ModuleType) -> None:
    """RPC-023, RPC-024."""
    peer = asked(version)
    peer.send_result("1", version.HeartbeatResponse(current_time=NOON))
    answer = peer.data_to_send()
    for _ in range(3):
        peer.receive(HEARTBEAT, now=60.0)
        assert (peer.events(), peer.data_to_send()) == ([], answer)


def test_a_call_that_was_answered_with_an_error_gets_another_try() -> None:
    """RPC-023, RPC-086."""
    peer = asked(v201)
    peer.send_error("1", ErrorCode.INTERNAL_ERROR)
    peer.receive(HEARTBEAT, now=1.0)
    assert [type(event) for event in peer.events()] == [CallReceived]


@pytest.mark.parametrize(("again", "now"), [(b'[2,"1","Authorize",{"idTag":"A"}]', 1.0), (HEARTBEAT, 120.0)])
def test_the_id_of_an_answered_call_may_be_used_for_another_or_much_later(again: bytes, now: float) -> None:
    """RPC-021, RPC-022: it should not, but some stations do."""
    peer = asked()
    peer.send_result("1", v16.HeartbeatResponse(current_time=NOON))
    peer.receive(again, now=now)
    assert [type(event) for event in peer.events()] == [CallReceived]


def test_only_the_last_four_answers_are_kept() -> None:
    peer = csms()
    calls = [b'[2,"%d","Heartbeat",{}]' % number for number in range(5)]
    for number, call in enumerate(calls):
        peer.receive(call, now=0.0)
        peer.send_result(str(number), v16.HeartbeatResponse(current_time=NOON))
    peer.events()
    for call in calls[1:]:
        peer.receive(call, now=1.0)
    assert peer.events() == []
    peer.receive(calls[0], now=1.0)
    assert [type(event) for event in peer.events()] == [CallReceived]


def test_a_call_that_is_being_processed_is_not_started_twice() -> None:
    """RPC-024."""
    peer = asked()
    peer.receive(HEARTBEAT, now=1.0)
    assert peer.events() == [MessageIgnored("CALL 1 is being processed already")]
    assert peer.data_to_send() == []
    peer.send_error("1", ErrorCode.GENERIC_ERROR)
    assert len(peer.data_to_send()) == 1


def test_tolerances_apply_to_what_the_peer_sends() -> None:
    peer = csms(v16, "unknown_fields")
    peer.receive(b'[2,"1","Heartbeat",{"extra":1}]', now=0.0)
    assert peer.events() == [CallReceived("1", "Heartbeat", v16.Heartbeat())]


# Refused


@every_version
@pytest.mark.parametrize("action", ["Nonsense", "heartbeat", "HeartbeatRequest", "Heartbeat.req", "HeartBeat", ""])
def test_an_unknown_action_is_not_implemented(version: ModuleType, action: str) -> None:
    """RPC-010."""
    expected = ("NotImplemented", f"{action} is not an action of {version.SUBPROTOCOL}")
    assert answer(version, action, {}) == expected


def test_the_name_of_an_unknown_action_is_cut_in_the_answer() -> None:
    """RPC-011."""
    assert len(answer(v16, "x" * 10_000, {})[1]) < 100


@every_version
def test_an_action_that_goes_the_other_way_is_not_supported(version: ModuleType) -> None:
    assert answer(version, "Reset", {}) == ("NotSupported", "Reset goes the other way")
    assert answer(version, "Heartbeat", {}, role=Role.STATION) == ("NotSupported", "Heartbeat goes the other way")


@every_version
@pytest.mark.parametrize("role", list(Role))
def test_a_data_transfer_goes_both_ways(version: ModuleType, role: Role) -> None:
    peer = Protocol(version, role)
    peer.receive(b'[2,"1","DataTransfer",{"vendorId":"a"}]', now=0.0)
    assert [type(event) for event in peer.events()] == [CallReceived]


def test_a_send_action_is_no_call() -> None:
    """RPC-006."""
    expected = ("NotImplemented", "NotifyPeriodicEventStream is not an action of ocpp2.1")
    assert answer(v21, "NotifyPeriodicEventStream", {}) == expected


@pytest.mark.parametrize(
    ("version", "action", "payload", "code", "description"),
    [
        (v16, "Authorize", {}, "OccurenceConstraintViolation", "idTag: is missing"),
        (v201, "MeterValues", {"evseId": 1}, "OccurrenceConstraintViolation", "meterValue: is missing"),
        (v21, "MeterValues", {"evseId": 1}, "OccurrenceConstraintViolation", "meterValue: is missing"),
        (v201, "MeterValues", {"evseId": 1, "meterValue": []}, "OccurrenceConstraintViolation", None),
        (v16, "Heartbeat", {"x": 1}, "FormationViolation", "x: is not a field of this message"),
        (v201, "Heartbeat", {"x": 1}, "FormatViolation", "x: is not a field of this message"),
        (v21, "Heartbeat", {"x": 1}, "FormatViolation", "x: is not a field of this message"),
        (v16, "Authorize", {"idTag": 5}, "TypeConstraintViolation", "idTag: must be str, not int"),
        (v16, "BootNotification", {"iccid": None}, "TypeConstraintViolation", "iccid: must not be null"),
        (v201, "Heartbeat", [], "TypeConstraintViolation", "must be object, not array"),
        (v201, "Heartbeat", "secret", "TypeConstraintViolation", "must be object, not str"),
        (v16, "Authorize", {"idTag": "secret" * 4}, "PropertyConstraintViolation", "idTag: must have <= 20 characters"),
        (
            v16,
            "StatusNotification",
            STATUS | {"status": "secret"},
            "PropertyConstraintViolation",
            "status: is not one of the allowed values",
        ),
        (v201, "Heartbeat", {"customData": {}}, "OccurrenceConstraintViolation", "customData.vendorId: is missing"),
    ],
)
def test_a_payload_that_does_not_fit_is_refused_with_the_code_of_the_version(
    version: ModuleType, action: str, payload: Any, code: str, description: str | None
) -> None:
    """RPC-053, RPC-055, RPC-081, RPC-084, RPC-090, RPC-092."""
    found, text = answer(version, action, payload)
    assert (found, text) == (code, description or text)


@pytest.mark.parametrize(("version", "code"), [(v16, "FormationViolation"), (v201, "FormatViolation")])
def test_a_payload_that_is_no_utf_8_is_refused_with_the_code_of_the_version(version: ModuleType, code: str) -> None:
    """RPC-092."""
    peer = csms(version)
    peer.receive(b'[2,"1","DataTransfer",{"vendorId":"\xff"}]', now=0.0)
    assert peer.data_to_send() == [b'[4,"1","%b","not JSON",{}]' % code.encode()]


@pytest.mark.parametrize(
    "payload",
    [{"idTag": "a-secret" * 4}, {"idTag": ["a-secret"]}, {"idTag": {"a": "a-secret"}}, "a-secret", ["a-secret"]],
)
def test_a_refusal_never_repeats_a_value(payload: Any) -> None:
    """RPC-085."""
    assert "secret" not in answer(v16, "Authorize", payload)[1]


def test_a_refused_call_is_reported() -> None:
    peer = csms()
    peer.receive(b'[2,"1","Authorize",{}]', now=0.0)
    assert peer.events() == [MessageIgnored("Authorize refused: idTag: is missing")]


def test_a_refused_call_needs_no_other_answer() -> None:
    peer = csms()
    peer.receive(b'[2,"1","Authorize",{}]', now=0.0)
    peer.data_to_send()
    peer.send_error("1", ErrorCode.INTERNAL_ERROR)
    assert peer.data_to_send() == []


# Answered


@every_version
def test_a_result_answers_a_call(version: ModuleType) -> None:
    """RPC-003, RPC-013, RPC-080."""
    peer = asked(version)
    peer.send_result("1", version.HeartbeatResponse(current_time=NOON))
    assert peer.data_to_send() == [b'[3,"1",{"currentTime":"2026-05-01T12:00:00Z"}]']


def test_a_refusal_of_the_business_is_a_result() -> None:
    """RPC-080."""
    peer = Protocol(v16, Role.STATION)
    peer.receive(b'[2,"1","Reset",{"type":"Hard"}]', now=0.0)
    peer.send_result("1", v16.ResetResponse(status=v16.ResetStatus.REJECTED))
    assert peer.data_to_send() == [b'[3,"1",{"status":"Rejected"}]']


@pytest.mark.parametrize(
    ("version", "code", "spelling"),
    [
        (v16, ErrorCode.FORMAT_VIOLATION, "FormationViolation"),
        (v201, ErrorCode.FORMAT_VIOLATION, "FormatViolation"),
        (v16, ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION, "OccurenceConstraintViolation"),
        (v21, "OccurenceConstraintViolation", "OccurrenceConstraintViolation"),
        (v16, ErrorCode.SECURITY_ERROR, "SecurityError"),
        (v201, ErrorCode.SECURITY_ERROR, "SecurityError"),
        (v16, "AcmeBroken", "AcmeBroken"),
    ],
)
def test_an_error_answers_a_call_in_the_spelling_of_the_version(version: ModuleType, code: str, spelling: str) -> None:
    """RPC-004, RPC-012, RPC-090, RPC-097, RPC-098."""
    peer = asked(version)
    peer.send_error("1", code)
    assert peer.data_to_send() == [b'[4,"1","%b","",{}]' % spelling.encode()]


def test_an_error_carries_description_and_details() -> None:
    """RPC-004, RPC-011."""
    peer = asked()
    peer.send_error("1", ErrorCode.GENERIC_ERROR, "weil's „so“ ist", {"hint": [1, None]})
    assert [json.loads(data) for data in peer.data_to_send()] == [
        [4, "1", "GenericError", "weil's „so“ ist", {"hint": [1, None]}]
    ]


def test_a_description_has_255_characters_at_most() -> None:
    """RPC-011."""
    peer = asked()
    peer.send_error("1", ErrorCode.GENERIC_ERROR, "ä" * 300)
    assert json.loads(peer.data_to_send()[0])[3] == "ä" * 255


def test_a_call_is_answered_once() -> None:
    peer = asked()
    peer.send_result("1", v16.HeartbeatResponse(current_time=NOON))
    peer.send_result("1", v16.HeartbeatResponse(current_time=NOON))
    peer.send_error("1", ErrorCode.GENERIC_ERROR)
    assert len(peer.data_to_send()) == 1


def test_a_forgotten_call_is_not_answered_and_may_come_again() -> None:
    peer = asked()
    peer.forget_call("1")
    peer.send_result("1", v16.HeartbeatResponse(current_time=NOON))
    assert peer.data_to_send() == []
    peer.receive(HEARTBEAT, now=1.0)
    assert [type(event) for event in peer.events()] == [CallReceived]


def test_what_was_never_asked_is_not_answered() -> None:
    peer = csms()
    peer.send_result("1", v16.HeartbeatResponse(current_time=NOON))
    peer.send_error("1", ErrorCode.GENERIC_ERROR)
    assert peer.data_to_send() == []


def test_a_call_of_a_lost_connection_is_not_answered() -> None:
    peer = asked()
    peer.close()
    peer.send_result("1", v16.HeartbeatResponse(current_time=NOON))
    assert peer.data_to_send() == []


@pytest.mark.parametrize(
    "response", [v16.StatusNotificationResponse(), v201.HeartbeatResponse(current_time=NOON), v16.Heartbeat()]
)
def test_an_answer_of_the_wrong_type_leaves_the_call_unanswered(response: Any) -> None:
    peer = asked()
    with pytest.raises(TypeError, match=r"must be a chargewire\.v16\.messages\.HeartbeatResponse, not a chargewire\.v"):
        peer.send_result("1", response)
    peer.send_error("1", ErrorCode.INTERNAL_ERROR)
    assert peer.data_to_send() == [b'[4,"1","InternalError","",{}]']


def test_an_invalid_answer_leaves_the_call_unanswered() -> None:
    peer = asked()
    with pytest.raises(InvalidPayload, match="currentTime: "):
        peer.send_result("1", v16.HeartbeatResponse(current_time="noon"))  # type: ignore[arg-type]
    peer.send_error("1", ErrorCode.INTERNAL_ERROR)
    assert peer.data_to_send() == [b'[4,"1","InternalError","",{}]']


def test_details_that_are_no_json_leave_the_call_unanswered() -> None:
    peer = asked()
    with pytest.raises(TypeError):
        peer.send_error("1", ErrorCode.GENERIC_ERROR, details={"x": object()})
    peer.send_error("1", ErrorCode.GENERIC_ERROR)
    assert peer.data_to_send() == [b'[4,"1","GenericError","",{}]']

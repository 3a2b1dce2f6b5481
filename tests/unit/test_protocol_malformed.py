"""Messages that are no frames: what each version answers, and that nothing else suffers."""

from __future__ import annotations

import json
from types import ModuleType
from typing import Any

import pytest

from chargewire import v16, v21, v201
from chargewire.protocol import CallReceived, MessageIgnored, Protocol, Role

every_version = pytest.mark.parametrize("version", [v16, v201, v21])
version_2 = pytest.mark.parametrize("version", [v201, v21])

NO_JSON = [b"", b"nonsense", b"\xff", b'[2,"1","Heartbeat",{}', b"[" * 100_000]
NO_ARRAY = [b"{}", b"[]", b"null", b'"2"', b'[null,"1"]', b'["2","1"]', b'[2.0,"1","Heartbeat",{}]']
NO_ID = [
    b"[2]",
    b'[2,1,"Heartbeat",{}]',
    b'[2,null,"Heartbeat",{}]',
    b'[2,"","Heartbeat",{}]',
    b'[2,"%b","Heartbeat",{}]' % (b"x" * 37),
]
NO_CALL = [b'[2,"1"]', b'[2,"1","Heartbeat"]', b'[2,"1","Heartbeat",{},{}]', b'[2,"1",7,{}]']


def received(version: ModuleType, data: bytes, role: Role = Role.CSMS) -> list[Any]:
    """Return the frames that answer ``data``; check that it is reported once, and starts nothing."""
    peer = Protocol(version, role)
    peer.receive(data, now=0.0)
    assert [type(event) for event in peer.events()] == [MessageIgnored]
    return [json.loads(data) for data in peer.data_to_send()]


@pytest.mark.parametrize("data", NO_JSON + NO_ARRAY + NO_ID, ids=lambda data: repr(data[:20]))
def test_1_6_is_silent_where_no_id_can_be_read(data: bytes) -> None:
    """RPC-020, RPC-025."""
    assert received(v16, data) == []


@version_2
@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("data", NO_JSON + NO_ARRAY + NO_ID, ids=lambda data: repr(data[:20]))
def test_2_answers_with_minus_one_where_no_id_can_be_read(version: ModuleType, data: bytes, role: Role) -> None:
    """RPC-020, RPC-025, RPC-092."""
    ((type, id, code, description, details),) = received(version, data, role)
    assert (type, id, code, details) == (4, "-1", "RpcFrameworkError", {})
    assert description


@pytest.mark.parametrize("data", NO_CALL)
@pytest.mark.parametrize(
    ("version", "code"), [(v16, "FormationViolation"), (v201, "RpcFrameworkError"), (v21, "RpcFrameworkError")]
)
def test_a_call_of_the_wrong_form_is_answered_by_its_id(version: ModuleType, code: str, data: bytes) -> None:
    """RPC-002, RPC-013, RPC-092."""
    ((*head, description, details),) = received(version, data)
    assert head == [4, "1", code]
    assert description
    assert details == {}


@pytest.mark.parametrize("version", [v16, v21])
@pytest.mark.parametrize("data", [b'[7,"1",{}]', b'[0,"1"]', b'[-1,"1",{}]', b'[1,"1","x",{}]', b"[7]", b"[7,8]"])
def test_1_6_and_2_1_ignore_an_unknown_message_type(version: ModuleType, data: bytes) -> None:
    """RPC-015."""
    assert received(version, data) == []


def test_2_0_1_does_not_support_an_unknown_message_type() -> None:
    """RPC-016."""
    assert received(v201, b'[7,"1",{}]') == [
        [4, "1", "MessageTypeNotSupported", "message type 7 is unknown", {}],
    ]


@pytest.mark.parametrize("data", [b"[7]", b"[7,8]", b'[7,"",{}]'])
def test_2_0_1_ignores_an_unknown_message_type_without_an_id(data: bytes) -> None:
    """RPC-016."""
    assert received(v201, data) == []


@every_version
@pytest.mark.parametrize(
    "data", [b"[3]", b'[3,"1"]', b"[3,1,{}]", b'[3,"",{}]', b"[4]", b"[4,7]", b'[4,"-1",5]', b'[4,"1",5,"",{}]']
)
def test_an_answer_of_the_wrong_form_is_never_answered(version: ModuleType, data: bytes) -> None:
    """RPC-014."""
    assert received(version, data) == []


@version_2
def test_two_peers_do_not_answer_nonsense_for_ever(version: ModuleType) -> None:
    """RPC-025, RPC-026."""
    csms, station = Protocol(version, Role.CSMS), Protocol(version, Role.STATION)
    csms.receive(b"nonsense", now=0.0)
    for data in csms.data_to_send():
        station.receive(data, now=0.0)
    assert station.data_to_send() == []


@every_version
@pytest.mark.parametrize("data", NO_JSON + NO_ARRAY + NO_ID + NO_CALL, ids=lambda data: repr(data[:20]))
def test_after_a_bad_message_all_goes_on(version: ModuleType, data: bytes) -> None:
    peer = Protocol(version, Role.CSMS)
    peer.send_call("1", version.ClearCache(), now=0.0)
    peer.receive(data, now=0.0)
    peer.events()
    peer.data_to_send()
    peer.receive(b'[2,"9","Heartbeat",{}]', now=0.0)
    assert peer.events() == [CallReceived("9", "Heartbeat", version.Heartbeat())]
    assert peer.deadline() == 30.0


@every_version
@pytest.mark.parametrize(
    "data", [b'[2,"a-secret"', b'{"a":"a-secret"}', b'["a-secret"]', b'[2,["a-secret"]]', b'[2,"1","a-secret"]']
)
def test_an_answer_never_repeats_a_bad_message(version: ModuleType, data: bytes) -> None:
    """RPC-085."""
    assert "secret" not in str(received(version, data))

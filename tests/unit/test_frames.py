"""Frames: strict for what starts something, lenient for what ends a wait (RPC-001 to RPC-006)."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from chargewire import frames
from chargewire.errors import MalformedFrame

ids = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=36)
texts = st.text(st.characters(exclude_categories=["Cs"]))


def refused(data: str | bytes) -> tuple[int | None, str | None, str]:
    with pytest.raises(MalformedFrame) as caught:
        frames.decode(data if isinstance(data, bytes) else data.encode())
    return caught.value.message_type, caught.value.id, caught.value.reason


# What a frame looks like


@pytest.mark.parametrize(
    ("data", "frame"),
    [
        (b'[2,"7","Heartbeat",{}]', frames.Call("7", "Heartbeat", Raw(b"{}"))),
        (b'[3,"7",{}]', frames.CallResult("7", Raw(b"{}"))),
        (b'[4,"7","GenericError","why",{"a":1}]', frames.CallError("7", "GenericError", "why", {"a": 1})),
        (b'[5,"7","GenericError","why",{"a":1}]', frames.CallResultError("7", "GenericError", "why", {"a": 1})),
        (b'[6,"7","NotifyPeriodicEventStream",{}]', frames.Send("7", "NotifyPeriodicEventStream", Raw(b"{}"))),
    ],
    ids=["CALL", "CALLRESULT", "CALLERROR", "CALLRESULTERROR", "SEND"],
)
def test_a_frame_is_read_from_its_array(data: bytes, frame: frames.Frame) -> None:
    """RPC-002, RPC-003, RPC-004, RPC-005, RPC-006."""
    assert frames.decode(data) == frame


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (frames.encode_call("7", "Heartbeat", b"{}"), b'[2,"7","Heartbeat",{}]'),
        (frames.encode_result("7", b'{"a":1}'), b'[3,"7",{"a":1}]'),
        (frames.encode_error("7", "GenericError", "", {}), b'[4,"7","GenericError","",{}]'),
        (frames.encode_result_error("7", "GenericError", "why", {}), b'[5,"7","GenericError","why",{}]'),
        (frames.encode_send("7", "NotifyPeriodicEventStream", b"{}"), b'[6,"7","NotifyPeriodicEventStream",{}]'),
    ],
    ids=["CALL", "CALLRESULT", "CALLERROR", "CALLRESULTERROR", "SEND"],
)
def test_a_frame_is_written_without_a_space(written: bytes, expected: bytes) -> None:
    """RPC-002, RPC-003, RPC-004, RPC-005, RPC-006."""
    assert written == expected


def test_white_space_between_the_elements_does_not_matter() -> None:
    frame = frames.decode(b' [ 2 ,\t"7" ,\n"Heartbeat" , { "a" : 1 } ]\r\n')
    assert isinstance(frame, frames.Call)
    assert json.loads(bytes(frame.payload)) == {"a": 1}


def test_a_payload_keeps_its_text_byte_for_byte() -> None:
    frame = frames.decode('[3,"7",{"zürich" : 1.50}]'.encode())
    assert isinstance(frame, frames.CallResult)
    assert bytes(frame.payload) == '{"zürich" : 1.50}'.encode()


@pytest.mark.parametrize("id", ["x", "x" * 36, "ünï-çø∂é", '"\\/\n', "-1"])
def test_an_id_comes_back_as_it_went(id: str) -> None:
    """RPC-013, RPC-020."""
    frame = frames.decode(frames.encode_result(id, b"{}"))
    assert isinstance(frame, frames.CallResult)
    assert frame.id == id


# Frames that are none


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"nonsense",
        b'[2,"7","Heartbeat",{}',
        b'[2,"7","Heartbeat",{}] x',
        b'[2,"7","Heartbeat",NaN]',
        b"\xff\xfe",
        b'[2,"\xff","Heartbeat",{}]',
        b'[2,"\\ud800","Heartbeat",{}]',
        b"[" + b"9" * 9999 + b"]",
    ],
    ids=range(10),
)
def test_what_is_no_json_has_neither_type_nor_id(data: bytes) -> None:
    """RPC-001."""
    assert refused(data) == (None, None, "not JSON")


def test_json_without_end_to_its_nesting_is_refused() -> None:
    assert refused("[" * 100_000) == (None, None, "nested too deeply")


@pytest.mark.parametrize("data", ["{}", "null", '"2"', "2", "true", "[]", '{"2":"7"}'])
def test_a_frame_is_an_array_with_elements(data: str) -> None:
    """RPC-001."""
    assert refused(data) == (None, None, "not a JSON array with elements")


@pytest.mark.parametrize("first", ["true", '"2"', "2.0", "null", "[2]"])
def test_the_message_type_is_an_integer(first: str) -> None:
    assert refused(f'[{first},"7","Heartbeat",{{}}]') == (None, None, "the message type is not an integer")


@pytest.mark.parametrize("id", ["7", "null", '""', '["7"]', '"0123456789012345678901234567890123456"'])
@pytest.mark.parametrize(("type", "rest"), [(2, ',"Heartbeat",{}'), (3, ",{}"), (6, ',"Heartbeat",{}')])
def test_an_id_is_a_string_of_1_to_36_characters(type: int, rest: str, id: str) -> None:
    """RPC-020."""
    expected = (type, None, "the message id is not a string of 1 to 36 characters")
    assert refused(f"[{type},{id}{rest}]") == expected


def test_a_frame_without_an_id_has_no_id() -> None:
    assert refused("[2]")[:2] == (2, None)


@pytest.mark.parametrize("type", [-1, 0, 1, 7, 10**30])
def test_there_are_five_message_types(type: int) -> None:
    """RPC-015."""
    assert refused(f'[{type},"7","Heartbeat",{{}}]') == (type, "7", f"message type {type} is unknown")


@pytest.mark.parametrize(
    ("data", "type", "reason"),
    [
        ('[2,"7"]', 2, "2 elements instead of 4"),
        ('[2,"7","Heartbeat"]', 2, "3 elements instead of 4"),
        ('[2,"7","Heartbeat",{},{}]', 2, "5 elements instead of 4"),
        ('[3,"7"]', 3, "2 elements instead of 3"),
        ('[3,"7",{},{}]', 3, "4 elements instead of 3"),
        ('[6,"7","Heartbeat"]', 6, "3 elements instead of 4"),
        ('[6,"7","Heartbeat",{},{}]', 6, "5 elements instead of 4"),
    ],
)
def test_a_frame_has_exactly_its_elements(data: str, type: int, reason: str) -> None:
    """RPC-002, RPC-003, RPC-006."""
    assert refused(data) == (type, "7", reason)


@pytest.mark.parametrize("type", [frames.CALL, frames.SEND])
def test_an_action_is_a_string(type: int) -> None:
    assert refused(f'[{type},"7",5,{{}}]') == (type, "7", "the action is not a string")


@pytest.mark.parametrize("type", [frames.CALL_ERROR, frames.CALL_RESULT_ERROR])
def test_an_error_code_is_a_string(type: int) -> None:
    assert refused(f'[{type},"7",500,"",{{}}]') == (type, "7", "wrong types")


# Frames that end a wait


@pytest.mark.parametrize("kind", [frames.CallError, frames.CallResultError])
@pytest.mark.parametrize(
    ("rest", "fields"),
    [
        ("", ("", "", None)),
        (',"GenericError"', ("GenericError", "", None)),
        (',"GenericError","why"', ("GenericError", "why", None)),
        (',"GenericError",null,null', ("GenericError", None, None)),
        (',"GenericError","why",["no object"]', ("GenericError", "why", ["no object"])),
        (',"GenericError","why",{},"one more"', ("GenericError", "why", {})),
    ],
)
def test_an_error_is_read_whatever_it_leaves_out(
    kind: type[frames.CallError | frames.CallResultError], rest: str, fields: tuple[str, str | None, object]
) -> None:
    """RPC-004, RPC-012: its caller would else wait for the timeout."""
    type = {frames.CallError: 4, frames.CallResultError: 5}[kind]
    assert frames.decode(f'[{type},"7"{rest}]'.encode()) == kind("7", *fields)


@pytest.mark.parametrize("id", ["-1", "", "x" * 99])
def test_an_error_may_have_an_id_that_nobody_sends(id: str) -> None:
    """RPC-025, RPC-026."""
    frame = frames.decode(frames.encode_error(id, "RpcFrameworkError", "", {}))
    assert isinstance(frame, frames.CallError)
    assert frame.id == id


# Whatever comes


@given(ids, texts)
def test_a_call_survives_a_round_trip(id: str, action: str) -> None:
    assert frames.decode(frames.encode_call(id, action, b"{}")) == frames.Call(id, action, Raw(b"{}"))
    assert frames.decode(frames.encode_send(id, action, b"{}")) == frames.Send(id, action, Raw(b"{}"))


@given(texts, texts, texts, st.dictionaries(texts, st.integers(-(2**53), 2**53) | texts | st.booleans() | st.none()))
def test_an_error_survives_a_round_trip(id: str, code: str, description: str, details: dict[str, object]) -> None:
    fields = (id, code, description, details)
    assert frames.decode(frames.encode_error(*fields)) == frames.CallError(*fields)
    assert frames.decode(frames.encode_result_error(*fields)) == frames.CallResultError(*fields)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=12,
)


@given(st.binary() | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_message_is_a_frame_or_malformed(data: bytes) -> None:
    with contextlib.suppress(MalformedFrame):
        assert frames.decode(data).id == json.loads(data)[1]

"""OCPP-J frames: the JSON arrays on the wire. Knows nothing about what a payload means or which version is spoken."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Raw, Struct

from chargewire.errors import MalformedFrame

MAX_ID = 36  # OCPP-J 1.6 table 3, OCPP-J 2.1 table 4

Id = Annotated[str, Meta(min_length=1, max_length=MAX_ID)]

CALL, CALL_RESULT, CALL_ERROR, CALL_RESULT_ERROR, SEND = 2, 3, 4, 5, 6


class Call(Struct, frozen=True, array_like=True, tag=CALL, forbid_unknown_fields=True, gc=False):
    """A request that must be answered."""

    id: Id
    action: str
    payload: Raw


class CallResult(Struct, frozen=True, array_like=True, tag=CALL_RESULT, forbid_unknown_fields=True, gc=False):
    """The answer to a CALL that was processed."""

    id: Id
    payload: Raw


class CallError(Struct, frozen=True, array_like=True, tag=CALL_ERROR, gc=False):
    """The answer to a CALL that was not processed.

    Read leniently (real stations leave elements out, and use ``""`` or ``"-1"`` for an id they could not read): a
    frame that ends a CALL must never be dropped for its form, or its caller waits for the timeout.
    """

    id: str
    code: str = ""
    description: str | None = ""
    details: Any = None


class CallResultError(Struct, frozen=True, array_like=True, tag=CALL_RESULT_ERROR, gc=False):
    """OCPP 2.1: the peer could not read our CALLRESULT. Read as leniently as :class:`CallError`."""

    id: str
    code: str = ""
    description: str | None = ""
    details: Any = None


class Send(Struct, frozen=True, array_like=True, tag=SEND, forbid_unknown_fields=True, gc=False):
    """OCPP 2.1: a message that is never answered."""

    id: Id
    action: str
    payload: Raw


Frame = Call | CallResult | CallError | CallResultError | Send

_decoder: msgspec.json.Decoder[Frame] = msgspec.json.Decoder(Frame)
_encoder = msgspec.json.Encoder()
_encode_json = _encoder.encode

_ELEMENTS = {CALL: 4, CALL_RESULT: 3, CALL_ERROR: 5, CALL_RESULT_ERROR: 5, SEND: 4}


def decode(data: bytes) -> Frame:
    """Parse one WebSocket text message.

    Raises:
        MalformedFrame: it is not one of the five frames.
    """
    try:
        return _decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _diagnose(data) from None


def encode_call(id: str, action: str, payload: bytes) -> bytes:
    """Write ``[2, id, action, payload]``."""
    return b"[2,%b,%b,%b]" % (_encode_json(id), _encode_json(action), payload)


def encode_result(id: str, payload: bytes) -> bytes:
    """Write ``[3, id, payload]``."""
    return b"".join((b"[3,", _encode_json(id), b",", payload, b"]"))


def encode_error(id: str, code: str, description: str, details: Any) -> bytes:
    """Write ``[4, id, code, description, details]``."""
    return _encode_json([CALL_ERROR, id, code, description, details])


def encode_result_error(id: str, code: str, description: str, details: Any) -> bytes:
    """Write ``[5, id, code, description, details]``."""
    return _encode_json([CALL_RESULT_ERROR, id, code, description, details])


def encode_send(id: str, action: str, payload: bytes) -> bytes:
    """Write ``[6, id, action, payload]``."""
    return b"[6,%b,%b,%b]" % (_encode_json(id), _encode_json(action), payload)


def _diagnose(data: bytes) -> MalformedFrame:  # noqa: PLR0911 - one for each thing that can be wrong
    """Say what is wrong with a message that is no frame."""
    try:
        value = msgspec.json.decode(data)
    except RecursionError:
        return MalformedFrame(None, None, "nested too deeply")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return MalformedFrame(None, None, "not JSON")
    if not isinstance(value, list) or not value:
        return MalformedFrame(None, None, "not a JSON array with elements")
    elements: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
    message_type = elements[0] if type(elements[0]) is int else None
    if message_type is None:
        return MalformedFrame(None, None, "the message type is not an integer")
    id = elements[1] if len(elements) > 1 else None
    if not isinstance(id, str) or not 1 <= len(id) <= MAX_ID:
        return MalformedFrame(message_type, None, f"the message id is not a string of 1 to {MAX_ID} characters")
    if message_type not in _ELEMENTS:
        return MalformedFrame(message_type, id, f"message type {message_type} is unknown")
    if len(elements) != _ELEMENTS[message_type]:
        return MalformedFrame(message_type, id, f"{len(elements)} elements instead of {_ELEMENTS[message_type]}")
    return MalformedFrame(
        message_type, id, "the action is not a string" if message_type in (CALL, SEND) else "wrong types"
    )

"""Sans-I/O OCPP-J peer: messages in, events and messages out. No clock, no socket, no tasks.

The caller owns time and ids: every method that could start or end a wait takes ``now``, in seconds on any clock that
only goes forward. After each call take :meth:`Protocol.events` and send :meth:`Protocol.data_to_send`; call
:meth:`Protocol.tick` no later than :meth:`Protocol.deadline`.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Mapping
from typing import Any, cast
from typing import Protocol as Shape

from msgspec import Raw, Struct

from chargewire import frames, validation
from chargewire.errors import MAX_DESCRIPTION, ErrorCode, InvalidPayload, MalformedFrame, read_code, spell
from chargewire.messages import Action, Direction, Message, RawRequest, RawResponse, Request, Response, Send

# The id of an answer to a message whose own id cannot be read (RPC-025); some stations write "" (real-stations 9).
UNREADABLE_ID = "-1"
_NO_ID = frozenset({UNREADABLE_ID, ""})

# A peer repeats a CALL that it has got no answer to, maybe with the same id (RPC-023). It has one CALL in flight, so
# the last few answers are enough; and some stations count from 1 again and again, so they are not kept for long.
_KEPT_ANSWERS = 4
_KEPT_SECONDS = 120.0


class Version(Shape):
    """A generated package: :mod:`chargewire.v16`, :mod:`chargewire.v201`, :mod:`chargewire.v21`."""

    @property
    def SUBPROTOCOL(self) -> str:  # noqa: N802 - a constant of a module
        """The name of the version in ``Sec-WebSocket-Protocol``."""
        ...

    @property
    def ACTIONS(self) -> Mapping[str, Action]:  # noqa: N802
        """Every action of the version by name."""
        ...


class Role(enum.Enum):
    """Which side of the connection this peer is."""

    CSMS = Direction.TO_CSMS
    STATION = Direction.TO_STATION


# Events are Structs, not dataclasses: one is built for every message, and these cost a third.


class CallReceived(Struct, frozen=True, gc=False):
    """The peer wants an answer: pass the id to ``send_result`` or ``send_error`` once."""

    id: str
    action: str
    request: Request[Any, Any]


class SendReceived(Struct, frozen=True, gc=False):
    """The peer told something; there is no answer."""

    id: str
    action: str
    message: Send


class ResultReceived(Struct, frozen=True, gc=False):
    """Our CALL was answered."""

    id: str
    response: Response


class ErrorReceived(Struct, frozen=True, gc=False):
    """Our CALL was answered with a CALLERROR; ``code`` is an ErrorCode whatever its spelling, or the vendor's own."""

    id: str
    code: str
    description: str
    details: Mapping[str, Any]


class AnswerInvalid(Struct, frozen=True, gc=False):
    """Our CALL was answered, but the answer does not fit its schema."""

    id: str
    error: InvalidPayload


class CallTimedOut(Struct, frozen=True, gc=False):
    """Our CALL was not answered in time. A late answer will be ignored (RPC-036)."""

    id: str


class CallLost(Struct, frozen=True, gc=False):
    """The connection ended before our CALL was answered; ``sent`` tells whether it left."""

    id: str
    sent: bool


class ResultRefused(Struct, frozen=True, gc=False):
    """OCPP 2.1: the peer could not read the CALLRESULT we sent with this id (RPC-083)."""

    id: str
    code: str
    description: str


class MessageIgnored(Struct, frozen=True, gc=False):
    """A message that is no frame, answers nothing, or comes twice."""

    reason: str


ProtocolEvent = (
    CallReceived
    | SendReceived
    | ResultReceived
    | ErrorReceived
    | AnswerInvalid
    | CallTimedOut
    | CallLost
    | ResultRefused
    | MessageIgnored
)


class _Outgoing(Struct, gc=False):
    """A CALL of ours, waiting for its turn or for its answer."""

    id: str
    action: str
    response: type[Response]
    payload: bytes
    timeout: float
    deadline: float = 0.0


class _Incoming(Struct, frozen=True, gc=False):
    """A CALL of the peer, waiting for our answer: what that must be, and how it came."""

    response: type[Response]
    data: bytes
    received: float


class _Answer(Struct, frozen=True, gc=False):
    """Our CALLRESULT, kept for the case that its CALL comes again; ``call`` is the hash of that one's bytes."""

    call: int
    received: float
    data: bytes


class Protocol:
    """One side of one OCPP-J connection.

    Args:
        version: what was negotiated.
        role: whether we are the CSMS or the station.
        call_timeout: seconds from the moment a CALL leaves to the moment it counts as unanswered (RPC-033).
        tolerate: names out of :data:`chargewire.validation.TOLERANCES`, for what the peer sends.
    """

    __slots__ = (
        "_actions", "_answers", "_call_timeout", "_data", "_events", "_in_flight", "_incoming", "_queue", "_tolerate",
        "_unanswered", "subprotocol",
    )  # fmt: skip

    def __init__(
        self,
        version: Version,
        role: Role,
        *,
        call_timeout: float = 30.0,
        tolerate: frozenset[str] = frozenset(),
    ) -> None:
        self.subprotocol = version.SUBPROTOCOL
        self._actions = version.ACTIONS
        self._incoming = _incoming(cast(Any, version), role)  # a module, so it can be a key
        self._call_timeout = call_timeout
        self._tolerate = tolerate
        self._in_flight: _Outgoing | None = None  # OCPP-J 4.1.1: one CALL at a time per direction (RPC-030)
        self._queue: list[_Outgoing] = []
        self._unanswered: dict[str, _Incoming] = {}  # the peer's CALLs
        self._answers: dict[str, _Answer] = {}  # our last ones, oldest first
        self._events: list[ProtocolEvent] = []
        self._data: list[bytes] = []

    def send_call(self, id: str, request: Request[Any, Any], now: float, *, timeout: float | None = None) -> None:
        """Send a CALL, or queue it behind the one in flight.

        Raises:
            InvalidPayload: ``request`` does not fit its schema; nothing is queued.
            TypeError: the payload of a :class:`~chargewire.messages.RawRequest` is not JSON.
            ValueError: this version has no such action, or ``id`` is no message id.
        """
        name, response, payload = self._prepare(request)
        timeout = self._call_timeout if timeout is None else timeout
        self._queue.append(_Outgoing(_checked(id), name, response, payload, timeout))
        self._send_next(now)

    def cancel_call(self, id: str) -> None:
        """Forget a CALL: unsent it never leaves, in flight it keeps the slot until its answer or its deadline."""
        self._queue = [call for call in self._queue if call.id != id]

    def send_result(self, id: str, response: Response) -> None:
        """Answer the CALL ``id``. Does nothing when it is answered already.

        Raises:
            InvalidPayload: ``response`` does not fit its schema; the CALL is still unanswered.
            TypeError: ``response`` is not the response of that action; the CALL is still unanswered.
        """
        call = self._unanswered.get(id)
        if call is None:
            return
        if type(response) is not call.response:
            raise TypeError(f"the answer must be a {_name(call.response)}, not a {_name(type(response))}")
        data = frames.encode_result(id, _encoded(response))
        del self._unanswered[id]
        self._data.append(data)
        self._keep(id, _Answer(hash(call.data), call.received, data))

    def send_error(self, id: str, code: str, description: str = "", details: Mapping[str, Any] | None = None) -> None:
        """Answer the CALL ``id`` with a CALLERROR. Does nothing when it is answered already.

        Raises:
            TypeError: ``details`` is not JSON; the CALL is still unanswered.
        """
        if id in self._unanswered:
            self._write_error(id, code, description, details)
            del self._unanswered[id]

    def forget_call(self, id: str) -> None:
        """Leave the CALL ``id`` of the peer unanswered. Should it come again, it is a new one."""
        self._unanswered.pop(id, None)

    def send(self, id: str, message: Send) -> None:
        """Send an OCPP 2.1 SEND at once: it neither waits for nor takes the CALL slot (RPC-008).

        Raises:
            InvalidPayload: ``message`` does not fit its schema.
            ValueError: this version has no such SEND (RPC-009).
        """
        action = self._action_of(message)
        self._data.append(frames.encode_send(_checked(id), action.name, _encoded(message)))

    def receive(self, data: bytes, now: float) -> None:
        """Take one WebSocket text message. Whatever it holds, this does not raise."""
        try:
            frame = frames.decode(data)
        except MalformedFrame as exc:
            self._receive_malformed(exc, now)
            return
        if isinstance(frame, frames.Call):  # nearly every message is one
            self._receive_call(frame, data, now)
            return
        match frame:
            case frames.CallResult(id=id, payload=payload):
                self._receive_result(id, payload, now)
            case frames.CallError(id=id):
                self._receive_error(frame, now)
            case frames.CallResultError() | frames.Send() if self.subprotocol != "ocpp2.1":
                kind = frames.SEND if isinstance(frame, frames.Send) else frames.CALL_RESULT_ERROR
                self._receive_malformed(MalformedFrame(kind, frame.id, f"message type {kind} is unknown"), now)
            case frames.CallResultError(id=id, code=code, description=description):
                self._events.append(ResultRefused(id, read_code(code), description or ""))
            case frames.Send(id=id, action=action, payload=payload):  # pragma: no branch - there are five frames
                self._receive_send(id, action, payload)

    def tick(self, now: float) -> None:
        """Let the CALL in flight time out if its deadline has passed, and send the next."""
        if self._in_flight is not None and now >= self._in_flight.deadline:
            self._events.append(CallTimedOut(self._in_flight.id))
            self._in_flight = None
            self._send_next(now)

    def close(self) -> None:
        """The connection is gone: every CALL of ours ends now, every CALL of the peer's stays unanswered."""
        if self._in_flight is not None:
            self._events.append(CallLost(self._in_flight.id, sent=True))
        self._events.extend(CallLost(call.id, sent=False) for call in self._queue)
        self._in_flight = None
        self._queue.clear()
        self._unanswered.clear()
        self._answers.clear()
        self._data.clear()

    def deadline(self) -> float | None:
        """When :meth:`tick` next has something to do."""
        return None if self._in_flight is None else self._in_flight.deadline

    def events(self) -> list[ProtocolEvent]:
        """Take what has happened since the last time, in order."""
        events, self._events = self._events, []
        return events

    def data_to_send(self) -> list[bytes]:
        """Take the messages to send, in order, each one WebSocket text message."""
        data, self._data = self._data, []
        return data

    def _receive_call(self, call: frames.Call, data: bytes, now: float) -> None:
        id, action = call.id, call.action
        if id in self._unanswered:
            # RPC-024: one answer serves every copy; the handler must not run twice at once.
            self._events.append(MessageIgnored(f"CALL {id} is being processed already"))
            return
        kept = self._answers.get(id)
        if kept is not None and kept.call == hash(data) and now - kept.received < _KEPT_SECONDS:
            self._data.append(kept.data)  # nor twice one after the other
            return
        known = self._incoming.get(action)
        if known is None or known.response is None:
            self._refuse_action(id, action)
            return
        try:
            request = validation.decode(call.payload, known.request, tolerate=self._tolerate)
        except InvalidPayload as exc:
            self._write_error(id, exc.code, str(exc))
            self._events.append(MessageIgnored(f"{action} refused: {exc}"))
            return
        self._unanswered[id] = _Incoming(known.response, data, now)
        # What has a response is a Request; a cast would be a call for each message.
        self._events.append(CallReceived(id, action, request))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

    def _refuse_action(self, id: str, action: str) -> None:
        known = self._actions.get(action)
        if known is None or known.response is None:
            self._write_error(id, ErrorCode.NOT_IMPLEMENTED, f"{action[:50]} is not an action of {self.subprotocol}")
        else:
            self._write_error(id, ErrorCode.NOT_SUPPORTED, f"{action} goes the other way")

    def _keep(self, id: str, answer: _Answer) -> None:
        """Remember a CALLRESULT. A CALLERROR is not: whoever repeats what failed wants another try (RPC-086)."""
        answers = self._answers
        answers.pop(id, None)
        if len(answers) == _KEPT_ANSWERS:
            del answers[next(iter(answers))]
        answers[id] = answer

    def _receive_send(self, id: str, action: str, payload: Raw) -> None:
        """A SEND is never answered, whatever is wrong with it (RPC-007)."""
        known = self._incoming.get(action)
        if known is None or known.response is not None:
            self._events.append(MessageIgnored(f"SEND of {action[:50]}, which is none here"))
            return
        try:
            message = validation.decode(payload, known.request, tolerate=self._tolerate)
        except InvalidPayload as exc:
            self._events.append(MessageIgnored(f"{action} dropped: {exc}"))
            return
        self._events.append(SendReceived(id, action, cast(Send, message)))

    def _receive_result(self, id: str, payload: Raw, now: float) -> None:
        call = self._finish(id)
        if call is None:
            self._events.append(MessageIgnored(f"CALLRESULT {id} answers no CALL"))
            return
        try:
            if call.response is RawResponse:
                response: Response = RawResponse(payload=validation.decode_raw(payload))
            else:
                response = validation.decode(payload, call.response, tolerate=self._tolerate)
        except InvalidPayload as exc:
            self._events.append(AnswerInvalid(id, exc))
            self._write_result_error(id, exc.code, str(exc))
        else:
            self._events.append(ResultReceived(id, response))
        self._send_next(now)

    def _receive_error(self, frame: frames.CallError, now: float) -> None:
        call = self._finish(self._only_call(frames.CALL_ERROR) if frame.id in _NO_ID else frame.id)
        if call is None:
            self._events.append(MessageIgnored(f"CALLERROR {frame.id[: frames.MAX_ID]} answers no CALL"))
            return
        details = cast(Mapping[str, Any], frame.details if isinstance(frame.details, dict) else {})  # pyright: ignore[reportUnknownMemberType]
        self._events.append(ErrorReceived(call.id, read_code(frame.code), frame.description or "", details))
        self._send_next(now)

    def _receive_malformed(self, exc: MalformedFrame, now: float) -> None:
        """Answer what is no frame as the version says (RPC-015, RPC-016, RPC-025, RPC-092)."""
        self._events.append(MessageIgnored(exc.reason))
        match exc.message_type:
            case frames.CALL_RESULT | frames.CALL_ERROR:
                if call := self._finish(exc.id or self._only_call(exc.message_type)):
                    if exc.message_type == frames.CALL_RESULT:
                        self._write_result_error(call.id, ErrorCode.RPC_FRAMEWORK_ERROR, exc.reason)
                    self._events.append(
                        AnswerInvalid(call.id, InvalidPayload(ErrorCode.RPC_FRAMEWORK_ERROR, "", exc.reason))
                    )
                    self._send_next(now)
            case frames.CALL if exc.id is not None:
                self._write_error(exc.id, ErrorCode.RPC_FRAMEWORK_ERROR, exc.reason)
            case None | frames.CALL:
                if self.subprotocol != "ocpp1.6":
                    self._write_error(UNREADABLE_ID, ErrorCode.RPC_FRAMEWORK_ERROR, exc.reason)
            case _:
                if self.subprotocol == "ocpp2.0.1" and exc.id is not None:
                    self._write_error(exc.id, ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED, exc.reason)

    def _prepare(self, request: Request[Any, Any]) -> tuple[str, type[Response], bytes]:
        """Return the action of a request, what answers it, and its payload."""
        if isinstance(request, RawRequest):
            return request.action, RawResponse, validation.encode_raw(request.payload)
        action = self._action_of(request)
        if action.response is None:
            raise ValueError(f"{action.name} is a SEND: it is never answered")
        return action.name, action.response, _encoded(request)

    def _action_of(self, message: Request[Any, Any] | Send) -> Action:
        action = self._actions.get(type(message).__name__)
        if action is None or action.request is not type(message):
            raise ValueError(f"{_name(type(message))} is not a message of {self.subprotocol}")
        return action

    def _finish(self, id: str) -> _Outgoing | None:
        """Take the CALL in flight if ``id`` answers it; a late or foreign answer takes nothing."""
        call = self._in_flight
        if call is None or call.id != id:
            return None
        self._in_flight = None
        return call

    def _only_call(self, message_type: int) -> str:
        """Return whom a CALLERROR means whose id cannot be read: it can only be the CALL in flight (RPC-026)."""
        return self._in_flight.id if self._in_flight is not None and message_type == frames.CALL_ERROR else ""

    def _send_next(self, now: float) -> None:
        if self._in_flight is None and self._queue:
            call = self._in_flight = self._queue.pop(0)
            call.deadline = now + call.timeout
            self._data.append(frames.encode_call(call.id, call.action, call.payload))

    def _write_result_error(self, id: str, code: str, description: str) -> None:
        """Tell the peer that its answer could not be read; only OCPP 2.1 can (RPC-082)."""
        if self.subprotocol == "ocpp2.1":
            self._data.append(frames.encode_result_error(id, code, description[:MAX_DESCRIPTION], {}))

    def _write_error(self, id: str, code: str, description: str, details: Mapping[str, Any] | None = None) -> None:
        text = description[:MAX_DESCRIPTION]
        self._data.append(frames.encode_error(id, spell(code, self.subprotocol), text, details or {}))


@functools.cache
def _incoming(version: Version, role: Role) -> dict[str, Action]:
    """Return what a peer may send to us; one table serves all connections."""
    directions = (role.value, Direction.BOTH)
    return {name: action for name, action in version.ACTIONS.items() if action.direction in directions}


def _encoded(message: Request[Any, Any] | Response | Send) -> bytes:
    payload = validation.encode(message)
    if payload != b"{}":  # a required field would have been written
        validation.check(message, payload)
    return payload


def _name(type: type[Message]) -> str:
    """Name a message with its version, which its class name does not tell."""
    return f"{type.__module__}.{type.__name__}"


def _checked(id: str) -> str:
    if not 1 <= len(id) <= frames.MAX_ID:
        raise ValueError(f"id: expected 1 to {frames.MAX_ID} characters, got {len(id)}")
    return id

"""One open OCPP connection, seen from either side: pumps messages, keeps the timers, runs handlers and calls.

Knows nothing about how the connection came about, or whether it will come again.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast
from uuid import uuid4

from chargewire import protocol
from chargewire.asyncio.dispatch import Dispatcher
from chargewire.asyncio.hub import EventHub
from chargewire.asyncio.options import Limits, Timeouts
from chargewire.asyncio.websocket import NORMAL, POLICY_VIOLATION, Channel
from chargewire.errors import CallRejected, CallTimeout, ConnectionLost, ErrorCode, InvalidPayload, NotConnected
from chargewire.events import (
    Backpressure,
    BadMessage,
    CallTimedOut,
    Connected,
    Disconnected,
    FrameReceived,
    FrameSent,
    RateLimited,
)
from chargewire.messages import NoReply, RawRequest, Request, Response, Send
from chargewire.middleware import Exchange, Middleware, compose
from chargewire.protocol import CallReceived, SendReceived
from chargewire.rates import CallMeter
from chargewire.routing import Handler, Table, find

R = TypeVar("R")

_log = logging.getLogger("chargewire")


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the connections of one server or client share."""

    role: protocol.Role
    handlers: Table
    middleware: Sequence[Middleware]
    timeouts: Timeouts
    limits: Limits
    tolerate: frozenset[str]
    hub: EventHub
    dispatcher: Dispatcher
    meter: CallMeter | None = field(init=False)

    def __post_init__(self) -> None:
        """Count the calls of all connections together."""
        rates = self.limits.call_rates
        object.__setattr__(self, "meter", None if rates is None else CallMeter(rates))


class Connection:
    """One open OCPP connection.

    Attributes:
        identity: of the charging station, whichever side this is.
        version: what was negotiated: the package :mod:`chargewire.v16`, :mod:`chargewire.v201` or
            :mod:`chargewire.v21`.
        remote: address of the peer, ``host:port``.
    """

    __slots__ = (
        "__weakref__", "_backlog", "_context", "_ended", "_exceeds", "_handling", "_holding", "_hub", "_loop",
        "_patience", "_protocol", "_receiving", "_timer", "_waiters", "_websocket", "identity", "remote", "version",
    )  # fmt: skip

    def __init__(self, identity: str, version: protocol.Version, remote: str, context: Context) -> None:
        self.identity = identity
        self.version = version
        self.remote = remote
        self._context = context
        self._hub = context.hub
        self._loop = asyncio.get_running_loop()
        self._protocol = protocol.Protocol(
            version, context.role, call_timeout=context.timeouts.call, tolerate=context.tolerate
        )
        self._websocket: Channel | None = None
        self._waiters: dict[str, asyncio.Future[Any]] = {}
        self._receiving = False  # what there is to send is sent at the end of it
        self._handling = 0
        self._backlog: list[CallReceived | SendReceived] = []
        self._holding = False  # the peer is not read from until the backlog is gone
        self._exceeds = False  # its last call was one too many
        self._patience: asyncio.TimerHandle | None = None  # with a peer that does not read
        self._timer: asyncio.TimerHandle | None = None
        self._ended: asyncio.Future[None] | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__.lstrip('_')} {self.identity} {self.subprotocol} {self.remote}>"

    @property
    def subprotocol(self) -> str:
        """The negotiated version, as in ``Sec-WebSocket-Protocol``; one of ``ocpp1.6``, ``ocpp2.0.1``, ``ocpp2.1``."""
        return self._protocol.subprotocol

    @property
    def is_open(self) -> bool:
        """Calls can be made."""
        return self._websocket is not None and self._websocket.is_open

    async def call(self, request: Request[Any, R], *, timeout: float | None = None) -> R:
        """Send a CALL and return the peer's response.

        One CALL is in flight at a time (OCPP-J 4.1.1); others wait their turn, in order. Cancelling the task gives up
        waiting; what has left has left.

        Args:
            request: a message of the negotiated version.
            timeout: seconds to wait for the answer, from the moment the CALL leaves; without it ``Timeouts.call``.

        Raises:
            CallRejected: the peer answered with a CALLERROR.
            CallTimeout: it did not answer in time.
            ConnectionLost: the connection ended first.
            NotConnected: it is not open; nothing was sent.
            InvalidPayload: the request does not fit its schema, or the answer does not.
            ValueError: the negotiated version has no such message.
        """
        if not self._context.middleware:
            return cast(R, await self._transmit(str(uuid4()), request, timeout))
        proceed = compose(
            self._context.middleware, lambda exchange: self._transmit(exchange.id, exchange.request, timeout)
        )
        action = request.action if isinstance(request, RawRequest) else type(request).__name__
        exchange = Exchange("outgoing", str(uuid4()), action, request, self)
        return cast(R, await proceed(exchange))

    async def call_raw(self, action: str, payload: Any, *, timeout: float | None = None) -> Any:
        """Send a CALL that no schema describes, and return the payload of its answer as plain JSON.

        For vendor actions that are not worth a class (see :func:`~chargewire.extended` for those that are), and for
        tests that send what is wrong. Neither payload is validated. Layers see a
        :class:`~chargewire.messages.RawRequest`.

        Args:
            action: any name.
            payload: what JSON can express.
            timeout: as in :meth:`call`.

        Raises:
            CallRejected: the peer answered with a CALLERROR.
            CallTimeout: it did not answer in time.
            ConnectionLost: the connection ended first.
            NotConnected: it is not open; nothing was sent.
            InvalidPayload: the answer cannot be read.
            TypeError: ``payload`` is not JSON.
        """
        return (await self.call(RawRequest(action=action, payload=payload), timeout=timeout)).payload

    def call_from_thread(self, request: Request[Any, R], *, timeout: float | None = None) -> R:
        """Send a CALL from a thread that is not the event loop's, and block until the response; see :meth:`call`.

        Raises:
            RuntimeError: the calling thread is the event loop's, which would wait for itself.
        """
        if asyncio._get_running_loop() is self._loop:  # noqa: SLF001 - for those who extend asyncio
            raise RuntimeError("this is the thread of the event loop: await call() here")
        return asyncio.run_coroutine_threadsafe(self.call(request, timeout=timeout), self._loop).result()

    async def send(self, message: Send) -> None:
        """Send an OCPP 2.1 SEND; there is no answer, not even to nonsense.

        Raises:
            NotConnected: the connection is not open.
            InvalidPayload: the message does not fit its schema.
            ValueError: the negotiated version has no such message.
        """
        self._require_open()
        self._protocol.send(str(uuid4()), message)
        self._flush()

    async def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Close gracefully, and wait until the socket is gone: at most ``Timeouts.close`` seconds."""
        if self._websocket is not None:
            self._websocket.close(code, reason)
            await self.wait_closed()

    async def wait_closed(self) -> None:
        """Wait until the socket is gone, whoever ends it."""
        if self._websocket is not None:
            if self._ended is None:
                self._ended = self._loop.create_future()
            await asyncio.shield(self._ended)

    async def settle(self, timeout: float) -> None:
        """Wait until the calls made so far have ended, at most ``timeout`` seconds."""
        if self._waiters:
            await asyncio.wait(tuple(self._waiters.values()), timeout=timeout)

    def adapt(self, context: Context) -> None:
        """Take the call timeout and the limit of concurrent calls from another context from now on."""
        self._context = context
        self._take_backlog()

    @property
    def is_busy(self) -> bool:
        """A call is under way, in one direction or the other."""
        return bool(self._waiters or self._handling or self._backlog)

    def supersede(self, code: int, reason: str) -> None:
        """Give way to a newer connection: calls end at once, the socket when its peer lets go."""
        self._end_calls()
        if self._websocket is not None:
            self._websocket.close(code, reason)

    # What the WebSocket calls.

    def opened(self, websocket: Channel) -> None:
        """Messages can flow."""
        self._websocket = websocket
        self._hub.emit(Connected(self))

    def receive(self, data: bytes, now: float) -> None:
        """One message of the peer."""
        if self._hub.wants_received:
            self._hub.emit(FrameReceived(self, data))
        meter = self._context.meter
        self._receiving = True
        self._protocol.receive(data, now)
        for event in self._protocol.events():
            if isinstance(event, CallReceived):  # nearly every one is
                if meter is None or self._admit(event, meter, now):
                    self._enqueue(event)
                continue
            match event:
                case SendReceived():
                    if meter is None or self._admit(event, meter, now):
                        self._enqueue(event)
                case protocol.MessageIgnored(reason=reason):
                    _log.warning("%s: %s", self.identity, reason)
                    self._hub.emit(BadMessage(self, reason, data))
                case protocol.ResultRefused(id=id, code=code, description=description):
                    reason = f"the peer could not read our answer {id}: {code} {description}"
                    _log.warning("%s: %s", self.identity, reason)
                    self._hub.emit(BadMessage(self, reason, data))
                case _:
                    self._settle(event)
        self._receiving = False
        self._flush()

    def blocked(self) -> None:
        """The peer does not read: wait for it, but not for ever."""
        self._hub.emit(Backpressure(self, "writing"))
        if self._patience is None:
            self._patience = self._loop.call_later(self._context.timeouts.write, self._drop_unread)

    def unblocked(self) -> None:
        """The peer has caught up."""
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def closed(self, code: int, reason: str, by: str) -> None:
        """Nothing will come any more."""
        if self._websocket is None:
            return
        self._websocket = None
        self._end_calls()
        self.unblocked()
        self._backlog.clear()
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(None)
        _log.info("%s: disconnected, %d %s", self.identity, code, reason or "without a reason")
        self._hub.emit(Disconnected(self, code, reason, by))

    # Outgoing

    async def _transmit(self, id: str, request: Request[Any, Any], timeout: float | None) -> Response:
        self._require_open()
        waiter: asyncio.Future[Response] = self._loop.create_future()
        self._waiters[id] = waiter
        try:
            patience = self._context.timeouts.call if timeout is None else timeout
            self._protocol.send_call(id, request, self._loop.time(), timeout=patience)
            self._flush()
            return await waiter
        except CallTimeout:
            action = request.action if isinstance(request, RawRequest) else type(request).__name__
            self._hub.emit(CallTimedOut(self, action, id))
            raise
        finally:
            del self._waiters[id]
            if waiter.cancelled():
                self._protocol.cancel_call(id)

    def _require_open(self) -> None:
        if not self.is_open:
            raise NotConnected(f"{self.identity} is not connected")

    def _settle(self, event: protocol.ProtocolEvent) -> None:
        """End the wait of the call that an event is about."""
        match event:
            case protocol.ResultReceived(id=id, response=response):
                if waiter := self._waiter(id):
                    waiter.set_result(response)
            case protocol.ErrorReceived(id=id, code=code, description=description, details=details):
                self._fail(id, CallRejected(code, description, details))
            case protocol.AnswerInvalid(id=id, error=error):
                _log.warning("%s: invalid answer: %s", self.identity, error)
                self._fail(id, error)
            case protocol.CallTimedOut(id=id):
                self._fail(id, CallTimeout(f"{self.identity} did not answer in time"))
            case protocol.CallLost(id=id, sent=sent):
                lost = ConnectionLost(f"{self.identity} disconnected before the answer came")
                self._fail(id, lost if sent else NotConnected(f"{self.identity} disconnected before the call left"))
            case _:
                raise AssertionError(event)

    def _fail(self, id: str, error: Exception) -> None:
        if waiter := self._waiter(id):
            waiter.set_exception(error)

    def _waiter(self, id: str) -> asyncio.Future[Any] | None:
        waiter = self._waiters.get(id)
        return waiter if waiter is not None and not waiter.done() else None

    def _end_calls(self) -> None:
        self._protocol.close()
        for event in self._protocol.events():
            self._settle(event)
        self._arm()

    def _flush(self) -> None:
        """Send what the protocol has to send, and set the timer to what it waits for."""
        if self._receiving:
            return  # it ends with this
        websocket = self._websocket
        for data in self._protocol.data_to_send():
            if websocket is not None:
                websocket.send(data)
                if self._hub.wants_sent:
                    self._hub.emit(FrameSent(self, data))
        if self._waiters or self._timer is not None:
            self._arm()

    def _arm(self) -> None:
        deadline = self._protocol.deadline()
        if self._timer is not None:
            if self._timer.when() == deadline:
                return
            self._timer.cancel()
            self._timer = None
        if deadline is not None:
            self._timer = self._loop.call_at(deadline, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._protocol.tick(self._loop.time())
        for event in self._protocol.events():
            self._settle(event)
        self._flush()

    def _drop_unread(self) -> None:
        _log.warning("%s: does not read what is sent to it", self.identity)
        self.supersede(POLICY_VIOLATION, "does not read what is sent to it")

    # Incoming

    def _admit(self, event: CallReceived | SendReceived, meter: CallMeter, now: float) -> bool:
        """Refuse what comes too often."""
        wait = meter.take(self.identity, event.action, now)
        if wait and not self._exceeds:
            _log.warning("%s: calls %s more often than it may", self.identity, event.action)
        self._exceeds = wait > 0
        if not wait:
            return True
        if isinstance(event, CallReceived):
            retry = {"retryAfter": math.ceil(wait)}
            self._protocol.send_error(event.id, ErrorCode.GENERIC_ERROR, f"too many calls of {event.action}", retry)
        self._hub.emit(RateLimited(self, event.action, wait))
        return False

    def _enqueue(self, event: CallReceived | SendReceived) -> None:
        limit = self._context.limits.concurrent_calls
        if self._handling < limit:
            self._handling += 1
            self._context.dispatcher.submit(self._handle(event))
            return
        self._backlog.append(event)
        if len(self._backlog) >= limit and not self._holding and self._websocket is not None:
            self._holding = True
            self._websocket.pause_reading()
            self._hub.emit(Backpressure(self, "calls"))

    async def _handle(self, event: CallReceived | SendReceived) -> None:
        """Answer one message of the peer; whatever the handler does, this returns."""
        try:
            if isinstance(event, SendReceived):
                await self._take(event)
            elif self._context.middleware:
                exchange = Exchange("incoming", event.id, event.action, event.request, self)
                self._answer(event.id, await compose(self._context.middleware, self._invoke)(exchange))
            else:
                request = event.request
                handler = self._context.handlers.get(type(request)) or self._handler(event.action, request)
                self._answer(event.id, await handler(self, request))
        except Exception as exc:  # noqa: BLE001 - a user's handler may raise anything
            self._refuse(event, exc)
        finally:
            self._handling -= 1
            if self._backlog or self._holding:
                self._take_backlog()
        if not self._receiving:
            self._flush()

    def _take_backlog(self) -> None:
        """Handle what waits, as far as the limit allows; read from the peer again when nothing waits."""
        while self._backlog and self._handling < self._context.limits.concurrent_calls:
            self._enqueue(self._backlog.pop(0))
        if self._holding and not self._backlog and self._websocket is not None:
            self._holding = False
            self._websocket.resume_reading()

    def _answer(self, id: str, response: Response) -> None:
        if isinstance(response, NoReply):
            self._protocol.forget_call(id)
        else:
            self._protocol.send_result(id, response)

    async def _take(self, event: SendReceived) -> None:
        if handler := self._context.handlers.get(type(event.message)):
            await handler(self, event.message)

    async def _invoke(self, exchange: Exchange) -> Response:
        request = exchange.request
        return cast(Response, await self._handler(exchange.action, request)(self, request))

    def _refuse(self, event: CallReceived | SendReceived, exc: Exception) -> None:
        """Answer with a CALLERROR what a handler did not answer."""
        details: Mapping[str, Any] = {}
        match exc:
            case CallRejected():
                code, description, details = exc.code, exc.description, exc.details
            case InvalidPayload():
                _log.error("%s: our answer to %s is invalid: %s", self.identity, event.action, exc)
                code, description = ErrorCode.INTERNAL_ERROR, "the answer would have been invalid"
            case _:
                _log.error("%s: the handler of %s failed", self.identity, event.action, exc_info=exc)
                code, description = ErrorCode.INTERNAL_ERROR, "the handler failed"
        try:
            self._protocol.send_error(event.id, code, description, details)
        except TypeError as fault:
            _log.error("%s: the details of a CallRejected are not JSON: %s", self.identity, fault)
            self._protocol.send_error(event.id, code, description)

    def _handler(self, action: str, request: Request[Any, Any]) -> Handler:
        handler = find(self._context.handlers, request)
        if handler is None:
            raise CallRejected(ErrorCode.NOT_SUPPORTED, f"{action} is not supported here")
        return handler

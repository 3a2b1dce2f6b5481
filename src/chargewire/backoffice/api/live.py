"""The live bridge: Socket.IO towards browsers, with the events of the store and the frames of the stations in it.

Knows no OCPP and no database. What a browser is sent, and when, is decided in ``browser.py`` and ``feed.py``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

import msgspec
import socketio.exceptions  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs]
import structlog
from msgspec import Meta, Struct

from chargewire import CSMS, FrameReceived, FrameSent
from chargewire.backoffice.api.auth import Verifier
from chargewire.backoffice.api.browser import Browser, Subscribe
from chargewire.backoffice.api.commands import DEFAULT_TIMEOUT, MAX_TIMEOUT, MIN_TIMEOUT, Commands
from chargewire.backoffice.api.frame_log import FrameLog
from chargewire.backoffice.api.problems import Problem, field_error, invalid
from chargewire.backoffice.domain import Clock, OutboxEvent
from chargewire.backoffice.store.base import Events
from chargewire.events import Event

T = TypeVar("T")

_MAX_MESSAGE = 1_000_000  # bytes of one message of a browser

_log = structlog.stdlib.get_logger(__name__)


class SendCommand(Struct, frozen=True, forbid_unknown_fields=True):
    """A command to a station, as over REST."""

    station: str
    action: str
    payload: dict[str, Any] = {}
    timeout: Annotated[float, Meta(ge=MIN_TIMEOUT, le=MAX_TIMEOUT)] = DEFAULT_TIMEOUT


class LiveBridge:
    """Serves the live stream.

    Args:
        csms: whose frames are shown.
        events: the outbox.
        commands: where commands of browsers go.
        verify: the check of a browser's token.
        clock: tells when a frame passed.
        epoch: a value that no earlier process used.

    Attributes:
        server: the Socket.IO server, to be mounted.
    """

    def __init__(
        self, csms: CSMS[Any], events: Events, commands: Commands, *, verify: Verifier, clock: Clock, epoch: str
    ) -> None:
        # `None` lets in the pages of this origin only.
        self.server: Any = socketio.AsyncServer(
            async_mode="asgi", cors_allowed_origins=None, max_http_buffer_size=_MAX_MESSAGE
        )
        self._events = events
        self._commands = commands
        self._verify = verify
        self._clock = clock
        self._frames = FrameLog(epoch)
        self._browsers: dict[str, Browser] = {}
        self._unsubscribers = (
            csms.subscribe(self._tap, FrameReceived, FrameSent),
            events.subscribe(self._publish),
        )
        self.server.on("connect", self._connect)
        self.server.on("disconnect", self._disconnect)
        self.server.on("subscribe", self._subscribe)
        self.server.on("unsubscribe", self._unsubscribe)
        self.server.on("command", self._command)

    async def close(self) -> None:
        """Stop listening to stations, and disconnect the browsers."""
        for unsubscribe in self._unsubscribers:
            unsubscribe()
        for browser in self._browsers.values():
            browser.leave()
        for transport in tuple(self.server.eio.sockets.values()):
            await transport.close(wait=False)  # waiting could be for ever: a browser may have gone at the same time
        await self.server.shutdown()

    # What happens in the service

    def _publish(self, events: Sequence[OutboxEvent]) -> None:
        for browser in self._browsers.values():
            browser.offer(events)

    def _tap(self, event: Event) -> None:
        match event:
            case FrameReceived(station=station, data=data):
                frame = self._frames.append(station.identity, "in", data, at=self._clock())
            case FrameSent(station=station, data=data):
                frame = self._frames.append(station.identity, "out", data, at=self._clock())
            case _:
                raise AssertionError(event)
        for browser in self._browsers.values():
            browser.offer_frame(frame)

    # What browsers do

    async def _connect(self, sid: str, _: dict[str, Any], auth: Any = None) -> None:
        match auth:
            case {"token": str(token)} if self._verify(token):
                self._browsers[sid] = Browser(self._events, self._frames, _SocketTransport(self.server, sid))
            case _:
                raise socketio.exceptions.ConnectionRefusedError("unauthorized")

    async def _disconnect(self, sid: str, _: str) -> None:
        if browser := self._browsers.pop(sid, None):
            browser.leave()

    async def _subscribe(self, sid: str, message: Any = None, *_: Any) -> dict[str, Any]:
        async def subscribe() -> Any:
            return await self._browser(sid).subscribe(_read(message, Subscribe))

        return await _acknowledge(subscribe)

    async def _unsubscribe(self, sid: str, *_: Any) -> dict[str, Any]:
        async def unsubscribe() -> Any:
            self._browser(sid).stop()
            return {}

        return await _acknowledge(unsubscribe)

    async def _command(self, sid: str, message: Any = None, *_: Any) -> dict[str, Any]:
        async def send() -> Any:
            self._browser(sid)
            command = _read(message, SendCommand)
            payload = msgspec.json.encode(command.payload)
            return await self._commands.send(command.station, command.action, payload, timeout=command.timeout)

        return await _acknowledge(send)

    def _browser(self, sid: str) -> Browser:
        """Find who speaks; messages that were under way when they left come from nobody."""
        if browser := self._browsers.get(sid):
            return browser
        raise Problem(HTTPStatus.UNAUTHORIZED, "This connection is over.")


class _SocketTransport:
    """The way to one browser over Socket.IO."""

    def __init__(self, server: Any, sid: str) -> None:
        self._server = server
        self._sid = sid

    async def send(self, name: str, message: dict[str, Any]) -> None:
        await self._server.emit(name, message, to=self._sid)

    async def drained(self) -> None:
        # Engine.IO's queue has no bound: without this, a browser that reads slowly fills the memory.
        if transport := self._transport():
            await transport.queue.join()

    async def drop(self) -> None:
        # Not a Socket.IO disconnect: after one of those, a browser does not come back by itself.
        if transport := self._transport():
            await transport.close(wait=False)

    def _transport(self) -> Any:
        return self._server.eio.sockets.get(self._server.manager.eio_sid_from_sid(self._sid, "/"))


def _read(message: Any, type: type[T]) -> T:
    """Read a browser's message.

    Raises:
        Problem: 422, naming the field.
    """
    try:
        return msgspec.convert(message, type)
    except msgspec.ValidationError as exc:
        reason, _, path = str(exc).partition(" - at `")
        raise invalid([field_error(path.strip("`").removeprefix("$").removeprefix("."), reason)]) from None


async def _acknowledge(answer: Callable[[], Awaitable[Any]]) -> dict[str, Any]:
    """Await an answer and write it as builtins; a problem becomes a failure with the same members as over REST."""
    try:
        # By way of JSON, because a payload is raw JSON already.
        return msgspec.json.decode(msgspec.json.encode(await answer()), type=dict[str, Any])
    except Problem as exc:
        problem = exc
    except Exception:  # noqa: BLE001 - the browser waits for an answer, and Socket.IO would give none
        _log.exception("live request failed")
        problem = Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "Something went wrong here; the log tells what.")
    return {**msgspec.to_builtins(problem.details), "type": "failure"}

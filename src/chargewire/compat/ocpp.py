"""Runs charge point classes written with the PyPI package ``ocpp`` on our server, as they are.

What they get instead of a connection of ``websockets`` is a :class:`Connection`, which looks like one. Before it are
our upgrade pipeline and security profiles; around it our limits, keep-alive, events, and one connection for each
identity. Frames pass as they are: this module knows nothing about what is in them, and needs neither package.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import secrets
import ssl as tls
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from chargewire import handshake
from chargewire.asyncio.hub import EventHub, Listener
from chargewire.asyncio.options import Limits, Timeouts
from chargewire.asyncio.roster import Roster, Unspoken
from chargewire.asyncio.tls import ServerTls, check_context
from chargewire.asyncio.upgrade import Entrance, Pipeline, listen
from chargewire.asyncio.websocket import GOING_AWAY, INTERNAL_ERROR, NORMAL, Channel, Owner, Pinger, WebSocket
from chargewire.compat._websockets import ConnectionClosed, ConnectionClosedError, ConnectionClosedOK, State, ending
from chargewire.events import Connected, Disconnected, Event, FrameReceived, FrameSent
from chargewire.handshake import Accept, Authenticator, Handshake, NoSubprotocol, Reject, Terms
from chargewire.protocol import Version
from chargewire.security import SecurityProfile

__all__ = [
    "Connection",
    "ConnectionClosed",
    "ConnectionClosedError",
    "ConnectionClosedOK",
    "Headers",
    "Request",
    "Server",
    "State",
    "serve",
]

S = TypeVar("S")

_log = logging.getLogger("chargewire")


@asynccontextmanager
async def serve(
    handler: Callable[[Connection[S]], Awaitable[None]],
    host: str,
    port: int,
    *,
    versions: Sequence[Version],
    authenticate: Authenticator[S],
    ssl: ServerTls | tls.SSLContext | None = None,
    security_profile: SecurityProfile = SecurityProfile.NONE,
    handshake_timeout: float = 5.0,
    timeouts: Timeouts | None = None,
    limits: Limits | None = None,
    on_no_subprotocol: NoSubprotocol = "refuse",
    compress: bool = True,
) -> AsyncGenerator[Server[S], None]:
    """Listen while the block runs, and call ``handler`` with each connection, in the place of ``websockets.serve``.

    When the handler returns, its connection is closed with 1000; when it raises, with 1011. That it ends with
    :exc:`ConnectionClosed`, as it does where ``start()`` is awaited, is nothing special.

    Args:
        handler: what ``websockets.serve`` was given.
        host: address to listen on.
        port: TCP port; 0 takes a free one, see :attr:`Server.port`.
        versions: packages whose subprotocols to accept, such as :mod:`chargewire.v16`; the station's order decides.
        authenticate: as of :class:`~chargewire.CSMS`.
        ssl: certificates of the server, for security profiles 2 and 3.
        security_profile: the least a station must use.
        handshake_timeout: seconds from a connection to its upgrade; then it is answered with a 408.
        timeouts: of which ``ping_interval``, ``pong`` and ``close`` count here.
        limits: how much to take from one station; ``concurrent_calls`` is how many messages wait for ``recv()``.
        on_no_subprotocol: as of :class:`~chargewire.CSMS`.
        compress: agree to permessage-deflate when a 2.x station offers it.

    Raises:
        OSError: the address cannot be listened on.
        ValueError: no version is named, or no station could meet the security profile over ``ssl``.
    """
    if not versions:
        raise ValueError("versions: name at least one of v16, v201, v21")

    def secure() -> tls.SSLContext | None:
        return ssl.context if isinstance(ssl, ServerTls) else ssl

    check_context(secure(), security_profile)
    spoken = [version.SUBPROTOCOL for version in versions]
    decide = functools.partial(
        handshake.decide, spoken=spoken, deflate=compress,
        on_no_subprotocol=on_no_subprotocol, profile=security_profile,
        organization=ssl.organization if isinstance(ssl, ServerTls) else None,
    )  # fmt: skip
    timeouts, limits = timeouts or Timeouts(), limits or Limits()
    pinger = Pinger(interval=timeouts.ping_interval, pong_timeout=timeouts.pong)

    def websocket(owner: Owner, terms: Terms) -> WebSocket:
        return WebSocket(
            owner, limit=limits.message, deflate=terms.deflate, close_timeout=timeouts.close, pinger=pinger
        )

    shared = _Shared[S](handler, limits)
    pipeline = Pipeline(
        decide=decide, admit=functools.partial(_admit, authenticate, spoken, shared), websocket=websocket,
        hub=shared.hub, timeout=handshake_timeout, max_head=limits.head, max_message=limits.message,
    )  # fmt: skip
    entrance = await listen(pipeline, host, port, ssl=secure)
    try:
        yield Server(entrance, shared)
    finally:
        entrance.close()
        await shared.close(timeouts.close)
        pinger.close()
        await entrance.wait_closed()


class Server(Generic[S]):
    """A listening server.

    Attributes:
        port: where it listens; the one the system chose when 0 was asked for.
    """

    def __init__(self, entrance: Entrance, shared: _Shared[S]) -> None:
        self._entrance = entrance
        self._shared = shared
        self.port = entrance.port

    @property
    def connections(self) -> Mapping[str, Connection[S]]:
        """The connections by identity, live."""
        return self._shared.roster.by_identity

    def subscribe(self, listener: Listener, *types: type[Event]) -> Callable[[], None]:
        """Call ``listener`` for events of ``types``; see :meth:`chargewire.CSMS.subscribe`."""
        return self._shared.hub.subscribe(listener, *types)

    def events(self, *types: type[Event]) -> AsyncIterator[Event]:
        """Iterate over events of ``types`` from now on; see :meth:`chargewire.CSMS.events`."""
        return self._shared.hub.events(*types)

    async def serve_forever(self) -> None:
        """Wait until cancelled."""
        await self._entrance.server.serve_forever()


class Headers(Mapping[str, str]):
    """Headers of a request; the case of their names does not matter."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    def __getitem__(self, name: str) -> str:
        return self._headers[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._headers)

    def __len__(self) -> int:
        return len(self._headers)


@dataclass(frozen=True, slots=True)
class Request:
    """What a station asked for when it connected.

    Attributes:
        path: path and query, as they came.
    """

    path: str
    headers: Headers


class Connection(Generic[S]):
    """An open WebSocket with the manners of one of ``websockets``; what the package ``ocpp`` calls a connection.

    Attributes:
        identity: of the station: the percent-decoded last segment of its path.
        remote: address of the station, ``host:port``.
        subprotocol: what was negotiated, such as ``ocpp1.6``.
        request: what the station asked for.
        session: what ``authenticate`` accepted the station with.
        charge_point: yours. Put the object here that ``start()`` runs on, and a web handler finds it in
            :attr:`Server.connections`.
        close_code: how the connection ended; ``None`` while it has not.
        close_reason: what was said then.
    """

    def __init__(self, asked: Handshake, subprotocol: str, session: S, shared: _Shared[S]) -> None:
        self.identity = asked.identity
        self.remote = asked.remote
        self.subprotocol = subprotocol
        self.request = Request(asked.target, Headers(asked.headers))
        self.session = session
        self.charge_point: Any = None
        self.close_code: int | None = None
        self.close_reason: str | None = None
        self._shared = shared
        self._hub = shared.hub
        self._loop = asyncio.get_running_loop()
        self._websocket: WebSocket | None = None
        self._messages: deque[bytes] = deque()
        self._is_full = False
        self._arrival: asyncio.Future[None] | None = None
        self._pings: dict[bytes, tuple[asyncio.Future[float], float]] = {}
        self._ending: tuple[int, str, str] | None = None
        self._gone = self._loop.create_future()

    def __repr__(self) -> str:
        return f"<Connection {self.identity} {self.subprotocol} {self.remote}>"

    @property
    def state(self) -> State:
        """``State.OPEN`` while messages can be sent; of ``websockets``, where that is installed."""
        if self._gone.done():
            return State.CLOSED
        return State.OPEN if self._websocket is not None and self._websocket.is_open else State.CLOSING

    @property
    def path(self) -> str:
        """Path and query of the request."""
        return self.request.path

    @property
    def request_headers(self) -> Headers:
        """Headers of the request."""
        return self.request.headers

    @property
    def remote_address(self) -> tuple[str, int]:
        """Address and port of the station."""
        host, _, port = self.remote.rpartition(":")
        return host.strip("[]"), int(port or 0)

    async def recv(self) -> str:
        """Wait for the next message of the station.

        Raises:
            ConnectionClosed: there will be none any more.
            RuntimeError: somebody else waits for it already.
        """
        if self._arrival is not None:
            raise RuntimeError("recv() is awaited elsewhere already")
        while not self._messages:
            if self._ending is not None:
                raise ending(*self._ending)
            self._arrival = self._loop.create_future()
            try:
                await self._arrival
            finally:
                self._arrival = None
        message = self._messages.popleft()
        self._take_more()
        return message.decode()

    async def __aiter__(self) -> AsyncIterator[str]:
        """Iterate over messages until the station, or this side, closes as it should."""
        try:
            while True:
                yield await self.recv()
        except ConnectionClosedOK:
            return

    async def send(self, message: str) -> None:
        """Send a message.

        Raises:
            ConnectionClosed: the connection is over, or about to be.
            TypeError: it is not a string; OCPP has no others.
        """
        if not isinstance(message, str):  # pyright: ignore[reportUnnecessaryIsInstance] - the callers are untyped
            raise TypeError(f"message: expected a str, got {type(message).__name__}")
        websocket = await self._require_open()
        data = message.encode()
        websocket.send(data)
        if self._hub.wants_sent:
            self._hub.emit(FrameSent(self, data))

    async def ping(self, data: str | bytes | None = None) -> asyncio.Future[float]:
        """Send a ping.

        Returns:
            A future of the seconds until the pong. It fails with :exc:`ConnectionClosed` when none can come any more.

        Raises:
            ConnectionClosed: the connection is over, or about to be.
            RuntimeError: a ping with this data is on its way already.
        """
        websocket = await self._require_open()
        payload = data.encode() if isinstance(data, str) else data or secrets.token_bytes(4)
        if payload in self._pings:
            raise RuntimeError("a ping with this data is on its way already")
        now = self._loop.time()
        pong: asyncio.Future[float] = self._loop.create_future()
        self._pings[payload] = (pong, now)
        websocket.ping(now, payload)
        return pong

    async def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Close gracefully, and wait until the socket is gone."""
        if self._websocket is not None:
            self._websocket.close(code, reason)
            self._messages.clear()
            self._take_more()
        await self.wait_closed()

    async def wait_closed(self) -> None:
        """Wait until the socket is gone, whoever ends it."""
        await asyncio.shield(self._gone)

    @property
    def is_busy(self) -> bool:
        """Messages wait for ``recv()``."""
        return bool(self._messages)

    def supersede(self, code: int, reason: str) -> None:
        """Give way to a newer connection: ``recv()`` ends at once, the socket when its peer lets go."""
        self._end(code, reason, "us")
        if self._websocket is not None:
            self._websocket.close(code, reason)

    # What the WebSocket calls.

    def opened(self, websocket: Channel) -> None:
        """Messages can flow: let the handler see to them."""
        self._websocket = cast(WebSocket, websocket)  # it is the one that serve() made
        self._websocket.on_pong = self._receive_pong
        self._shared.enter(self)

    def receive(self, data: bytes, now: float) -> None:  # noqa: ARG002 - it is the WebSocket that needs the time
        """One message of the station."""
        if self._hub.wants_received:
            self._hub.emit(FrameReceived(self, data))
        if self._ending is not None:
            return
        self._messages.append(data)
        self._wake()
        if not self._is_full and len(self._messages) >= self._shared.limits.concurrent_calls:
            self._is_full = True
            cast(WebSocket, self._websocket).pause_reading()

    def blocked(self) -> None:
        """The station does not read; pings find out whether it ever will."""

    def unblocked(self) -> None:
        """The station has caught up."""

    def closed(self, code: int, reason: str, by: str) -> None:
        """Nothing will come any more."""
        self._shared.leave(self)
        self._end(code, reason, by)
        self.close_code, self.close_reason = code, reason
        self._gone.set_result(None)
        _log.info("%s: disconnected, %d %s", self.identity, code, reason or "without a reason")
        self._hub.emit(Disconnected(self, code, reason, by))

    def _end(self, code: int, reason: str, by: str) -> None:
        """Let nobody wait any longer."""
        if self._ending is not None:
            return
        self._ending = (code, reason, by)
        self._wake()
        for pong, _ in self._pings.values():
            if not pong.done():
                pong.set_exception(ending(code, reason, by))
                pong.exception()  # whoever does not wait for it has decided not to know
        self._pings.clear()

    def _wake(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)

    def _take_more(self) -> None:
        """Read from the station again once half of what had been waiting is taken."""
        if self._is_full and len(self._messages) <= self._shared.limits.concurrent_calls // 2:
            self._is_full = False
            cast(WebSocket, self._websocket).resume_reading()

    async def _require_open(self) -> WebSocket:
        if self._ending is None and self._websocket is not None and self._websocket.is_open:
            return self._websocket
        if self._ending is None:  # closing: how it ends is part of the exception
            await self.wait_closed()
        raise ending(*cast(tuple[int, str, str], self._ending))

    def _receive_pong(self, payload: bytes) -> None:
        """Answer the ping with this payload, and every earlier one (RFC 6455, 5.5.3)."""
        if payload not in self._pings:
            return
        now = self._loop.time()
        while True:
            earliest = next(iter(self._pings))
            pong, sent = self._pings.pop(earliest)
            if not pong.done():
                pong.set_result(now - sent)
            if earliest == payload:
                return


class _Shared(Generic[S]):
    """What the connections of one server share: who is there, and who sees to them."""

    def __init__(self, handler: Callable[[Connection[S]], Awaitable[None]], limits: Limits) -> None:
        self._handler = handler
        self._tasks: set[asyncio.Task[None]] = set()
        self.limits = limits
        self.hub = EventHub()
        self.roster = Roster[Connection[S]](self.hub)

    def enter(self, connection: Connection[S]) -> None:
        """Take a connection in, and begin to handle it."""
        self.roster.join(connection)
        self.hub.emit(Connected(connection))
        task = asyncio.get_running_loop().create_task(self._handle(connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def leave(self, connection: Connection[S]) -> None:
        """Forget a connection that is over; its handler learns of it by itself."""
        self.roster.part(connection)

    async def close(self, timeout: float) -> None:
        """Close every connection; give handlers ``timeout`` seconds to end, then cancel them."""
        await self.roster.close(GOING_AWAY, "the server stops")
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=timeout)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _handle(self, connection: Connection[S]) -> None:
        code = NORMAL
        try:
            await self._handler(connection)
        except ConnectionClosed:
            pass  # logged already
        except Exception:  # noqa: BLE001 - a user's function
            _log.exception("%s: the connection handler failed", connection.identity)
            code = INTERNAL_ERROR
        await connection.close(code)


async def _admit(
    authenticate: Authenticator[S], spoken: Sequence[str], shared: _Shared[S], asked: Handshake, terms: Terms
) -> tuple[Owner, Terms] | Reject:
    if terms.subprotocol is None:
        return Unspoken(), terms
    decision = await authenticate(asked)
    match decision:
        case Accept(session=session):
            asked, terms = handshake.settle(asked, terms, decision, spoken=spoken)
            if reject := shared.roster.check(asked.identity, asyncio.get_running_loop().time()):
                return reject
            return Connection(asked, cast(str, terms.subprotocol), session, shared), terms
        case Reject():
            return decision

"""A kit for tests of applications: two peers without a socket, a clock that is told the time, a station that records.

:func:`link` joins a CSMS and a station in memory, with the upgrade, the frames and the validation that they have on a
socket; :func:`serving` is for tests that want the socket. Knows nothing about test frameworks.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import itertools
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Generic, NamedTuple, Self, TypeVar, cast
from urllib.parse import quote

from chargewire.asyncio.asgi import AsgiApp
from chargewire.asyncio.connection import Connection, Context
from chargewire.asyncio.dispatch import Dispatcher
from chargewire.asyncio.hub import EventHub
from chargewire.asyncio.options import Limits, Timeouts
from chargewire.asyncio.server import CSMS, Station
from chargewire.asyncio.tls import ServerTls
from chargewire.asyncio.websocket import NORMAL
from chargewire.errors import CallRejected, ErrorCode, UpgradeRefused
from chargewire.identity import basic_authorization
from chargewire.messages import Direction, Request, Send
from chargewire.protocol import Role, Version
from chargewire.routing import Handler, Handlers, Table, merge

__all__ = ["FakeClock", "Link", "RecordingStation", "link", "serving"]

S = TypeVar("S")
Q = TypeVar("Q")
R = TypeVar("R")
M = TypeVar("M", bound=Request[Any, Any] | Send)

_ROUNDS = 50  # turns of the event loop in which everything that can happen without waiting has happened


class Link(NamedTuple, Generic[S]):
    """Two ends of one connection.

    Attributes:
        charge_point: the end of the station: what it calls, the CSMS handles.
        station: the end of the CSMS, as in :attr:`chargewire.CSMS.stations`.
    """

    charge_point: Connection
    station: Station[S]


@asynccontextmanager
async def link(
    csms: CSMS[S],
    version: Version,
    *,
    identity: str = "CP001",
    password: bytes | None = None,
    handlers: Handlers | Sequence[Handlers] = (),
    headers: Mapping[str, str] | None = None,
    timeouts: Timeouts | None = None,
    encrypted: bool = False,
) -> AsyncGenerator[Link[S], None]:
    """Connect a station to ``csms`` in memory while the block runs; the station is authenticated like any other.

    Args:
        csms: under test.
        version: what the station speaks, such as :mod:`chargewire.v16`.
        identity: of the station.
        password: for Basic authentication.
        handlers: of the station, for what the CSMS calls; a :class:`RecordingStation`, for example.
        headers: further headers of the station's request.
        timeouts: of the station.
        encrypted: whether ``csms`` is to believe that the connection is TLS.

    Raises:
        UpgradeRefused: the CSMS does not let the station in.
        ValueError: the security profile of ``csms`` is 3: certificates take a socket, see :func:`serving`.
    """
    timeouts = timeouts or Timeouts()
    context = Context(
        role=Role.STATION, handlers=merge([handlers] if isinstance(handlers, Handlers) else handlers), middleware=(),
        timeouts=timeouts, limits=Limits(), tolerate=frozenset(), hub=EventHub(), dispatcher=Dispatcher(),
    )  # fmt: skip
    charge_point = Connection(identity, version, "memory", context)
    sent = dict(headers or {}) | {"Sec-WebSocket-Protocol": version.SUBPROTOCOL}
    if password is not None:
        sent["Authorization"] = basic_authorization(identity, password)
    scope: dict[str, Any] = {
        "type": "websocket", "scheme": "wss" if encrypted else "ws", "path": f"/{identity}",
        "raw_path": f"/{quote(identity, safe='')}".encode(), "client": ("memory", 0),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in sent.items()],
        "extensions": {"websocket.http.response": {}},
    }  # fmt: skip
    app = csms.asgi()
    wire = _Wire(charge_point)
    try:
        await wire.open(app, scope)
        station = csms.stations.get(identity)
        if station is None:
            raise UpgradeRefused(101, f"the CSMS does not speak {version.SUBPROTOCOL}")
        yield Link(charge_point, station)
    finally:
        await charge_point.close()
        await wire.wait_closed()
        await app.close()
        await context.dispatcher.close(0)


@asynccontextmanager
async def serving(csms: CSMS[Any], *, ssl: ServerTls | None = None) -> AsyncGenerator[str, None]:
    """Run ``csms`` on a free port of this machine while the block runs; yields the URL that stations connect to."""
    async with csms.serve("127.0.0.1", 0, ssl=ssl) as server:
        yield f"{'ws' if ssl is None else 'wss'}://127.0.0.1:{server.port}"


class RecordingStation(Handlers):
    """The handlers of a station that answers as it is told, and keeps what it was asked.

    It serves :func:`link` and :class:`~chargewire.ChargePoint` alike. What it was told nothing about, it refuses with
    ``NotSupported``.

    Args:
        version: what the station speaks.

    Attributes:
        received: every request and SEND of the CSMS, in order.
    """

    def __init__(self, version: Version) -> None:
        self.received: list[Request[Any, Any] | Send] = []
        self._version = version
        self._answers: dict[type, Any] = {}
        self._arrival = asyncio.Event()

    def answer(self, request: type[Request[Q, R]], answer: R | Exception | Callable[[Q], Awaitable[R]]) -> None:
        """Answer ``request`` from now on with a response, an exception to raise, or what a function makes of it."""
        self._answers[request] = answer

    def of(self, kind: type[M]) -> list[M]:
        """Return what was received of one kind."""
        return [message for message in self.received if isinstance(message, kind)]

    async def wait_for(self, kind: type[M], *, count: int = 1) -> M:
        """Return the ``count``-th message of one kind, as soon as it has come."""
        while len(found := self.of(kind)) < count:
            self._arrival.clear()
            await self._arrival.wait()
        return found[count - 1]

    def table(self) -> Table:
        """Handle everything that a CSMS may send."""
        incoming = (Direction.TO_STATION, Direction.BOTH)
        handler: Handler = self._receive
        return {action.request: handler for action in self._version.ACTIONS.values() if action.direction in incoming}

    async def _receive(self, _: Connection, message: Request[Any, Any] | Send) -> Any:
        self.received.append(message)
        self._arrival.set()
        if isinstance(message, Send):
            return None
        answer: Any = self._answers.get(type(message))
        if answer is None:
            raise CallRejected(ErrorCode.NOT_SUPPORTED, f"no answer to {type(message).__name__} is scripted")
        if isinstance(answer, Exception):
            raise answer
        return await cast(Callable[[Any], Awaitable[Any]], answer)(message) if callable(answer) else answer


class FakeClock:
    """A clock that stands still until it is told to go on.

    Called, it is a ``Callable[[], datetime]`` for code that takes its clock as an argument. Inside ``with clock:`` it
    is also the clock of the running event loop: sleeps and timeouts end when :meth:`advance` comes to them. Enter it
    inside of :func:`link` and :func:`serving`, whose ends give handlers some time.

    Args:
        start: the time it shows at first.
    """

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed = 0.0
        self._offset = 0.0  # from our seconds to those of the loop
        self._loop: asyncio.BaseEventLoop | None = None
        self._timers: list[_Timer] = []
        self._numbers = itertools.count()

    def __call__(self) -> datetime:
        """Tell the time."""
        return self._start + timedelta(seconds=self._elapsed)

    def __enter__(self) -> Self:
        """Take over the running event loop.

        Raises:
            RuntimeError: there is none, or it is not asyncio's own.
        """
        loop = asyncio.get_running_loop()
        if not isinstance(loop, asyncio.BaseEventLoop):
            raise RuntimeError(f"the time of {type(loop).__module__}.{type(loop).__name__} cannot be told")  # noqa: TRY004
        self._loop = loop
        self._offset = loop.time() - self._elapsed
        vars(loop).update(time=self._time, call_at=self._call_at)
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Give the event loop back; what still waits goes on in real time."""
        loop = cast(asyncio.BaseEventLoop, self._loop)
        for name in ("time", "call_at"):
            del vars(loop)[name]
        for timer in self._timers:
            loop.call_later(timer.when - self._time(), timer.fire, loop)
        self._timers.clear()
        self._loop = None

    async def advance(self, seconds: float) -> None:
        """Let time pass: what becomes due happens at its own time and in its order, before this returns."""
        end = self._time() + seconds
        await _settle()
        while self._timers and self._timers[0].when <= end:
            timer = heapq.heappop(self._timers)
            self._elapsed = max(timer.when, self._time()) - self._offset
            timer.fire(cast(asyncio.BaseEventLoop, self._loop))
            await _settle()
        self._elapsed = end - self._offset
        await _settle()

    def _time(self) -> float:
        return self._offset + self._elapsed

    def _call_at(
        self, when: float, callback: Callable[..., object], *args: Any, context: contextvars.Context | None = None
    ) -> asyncio.TimerHandle:
        loop = cast(asyncio.BaseEventLoop, self._loop)
        timer = _Timer(when, next(self._numbers), callback, args, loop, context)
        if when <= self._time():
            loop.call_soon(timer.fire, loop)
        else:
            heapq.heappush(self._timers, timer)
        return timer.handle


class _Timer:
    """A callback that is due at some time."""

    def __init__(  # noqa: PLR0917 - as asyncio has them
        self,
        when: float,
        number: int,
        callback: Callable[..., object],
        args: Sequence[Any],
        loop: asyncio.AbstractEventLoop,
        context: contextvars.Context | None,
    ) -> None:
        self.when = when
        self.handle = asyncio.TimerHandle(when, callback, args, loop, context)
        self._number = number
        self._callback = callback
        self._args = args
        self._context = context

    def __lt__(self, other: _Timer) -> bool:
        return (self.when, self._number) < (other.when, other._number)

    def fire(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let the loop run it, unless it was cancelled."""
        if not self.handle.cancelled():
            loop.call_soon(self._callback, *self._args, context=self._context)


class _Wire:
    """The station's end of a connection in memory, and the ASGI server that the CSMS sees behind it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._to_csms = asyncio.Queue[Mapping[str, Any]]()
        self._opening: asyncio.Future[None] = self._loop.create_future()
        self._refusal = 0
        self._incoming: deque[bytes] = deque()
        self._holds = 0
        self._is_open = False
        self._task: asyncio.Future[None] | None = None

    @property
    def is_open(self) -> bool:
        """Messages can be sent."""
        return self._is_open

    async def open(self, app: AsgiApp, scope: Mapping[str, Any]) -> None:
        """Ask for the upgrade.

        Raises:
            UpgradeRefused: it is refused.
        """
        self._to_csms.put_nowait({"type": "websocket.connect"})
        self._task = asyncio.ensure_future(app(scope, self._to_csms.get, self._receive))
        await asyncio.wait([self._task, self._opening], return_when=asyncio.FIRST_COMPLETED)
        if not self._opening.done():
            await self._task
        await self._opening

    async def wait_closed(self) -> None:
        """Wait until the CSMS is done with it."""
        if self._task is not None:
            await self._task

    def send(self, data: bytes) -> None:
        """Send one text message."""
        if self._is_open:
            self._to_csms.put_nowait({"type": "websocket.receive", "text": data.decode()})

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Close: the CSMS hears it after what was sent before."""
        self._end(code, reason, "us")

    def pause_reading(self) -> None:
        """Keep what comes until :meth:`resume_reading` is called as often."""
        self._holds += 1

    def resume_reading(self) -> None:
        """Take what was kept."""
        self._holds -= 1
        self._deliver()

    async def _receive(self, event: Mapping[str, Any]) -> None:
        """Take what the CSMS sends."""
        match event["type"]:
            case "websocket.accept":
                self._is_open = True
                self._connection.opened(self)
                self._loop.call_soon(self._opening.set_result, None)  # the other end opens right after this
            case "websocket.send":
                self._incoming.append(event["text"].encode())
                self._deliver()
            case "websocket.close":
                self._end(event["code"], event["reason"], "peer")
            case "websocket.http.response.start":
                self._refusal = event["status"]
            case _:
                reason = event["body"].decode().partition("\n")[0]
                self._opening.set_exception(UpgradeRefused(self._refusal, reason))

    def _deliver(self) -> None:
        while self._incoming and not self._holds:
            self._connection.receive(self._incoming.popleft(), self._loop.time())

    def _end(self, code: int, reason: str, by: str) -> None:
        if self._is_open:
            self._is_open = False
            self._to_csms.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
            self._loop.call_soon(self._connection.closed, code, reason, by)


async def _settle() -> None:
    for _ in range(_ROUNDS):
        await asyncio.sleep(0)

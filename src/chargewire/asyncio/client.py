"""The charge point side: dials, stays connected, delivers what must arrive. Knows nothing about how a station works."""

from __future__ import annotations

import asyncio
import functools
import logging
import random
import ssl as tls
from collections.abc import Callable, Collection, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar, cast
from urllib.parse import urlsplit

from chargewire.asyncio import parser
from chargewire.asyncio.connection import Connection, Context
from chargewire.asyncio.dispatch import Dispatcher
from chargewire.asyncio.hub import EventHub, Listener
from chargewire.asyncio.options import Limits, Timeouts
from chargewire.asyncio.tls import client_context
from chargewire.asyncio.websocket import NORMAL, Pinger, WebSocket
from chargewire.backoff import Backoff
from chargewire.errors import CallRejected, CallTimeout, ConnectionLost, InvalidPayload, NotConnected, UpgradeRefused
from chargewire.events import Event, Reconnecting
from chargewire.handshake import DEFLATE_OFFER, read_deflate
from chargewire.identity import basic_authorization, url_of
from chargewire.messages import RawRequest, Request
from chargewire.middleware import Middleware
from chargewire.outbox import Entry, Outbox
from chargewire.protocol import Role, Version
from chargewire.routing import Handlers, Registry
from chargewire.validation import tolerances

Q = TypeVar("Q")
R = TypeVar("R")

_DIAL_FAILURES = (OSError, UpgradeRefused, TimeoutError)

_log = logging.getLogger("chargewire")


class ChargePoint(Registry[Connection]):
    """A charge point that stays connected to its CSMS.

    As ``async with``, the block begins when the connection is open and a failure of this first attempt is raised; with
    :meth:`start` the first attempt is repeated like every later one.

    Args:
        url: endpoint of the CSMS, ``ws://`` or ``wss://``; the identity is appended to its path (CON-002).
        versions: packages to offer, most wanted first (CON-008).
        identity: of the charging station.
        password: for Basic authentication, as bytes: of OCPP 1.6's hexadecimal key the decoded ones (SEC-006).
        handlers: objects with methods marked by :func:`~chargewire.on`; see also :meth:`on`.
        middleware: layers around every call, the first one outermost.
        timeouts: how long to wait for what.
        limits: how much to take from the CSMS.
        backoff: how long to wait before dialling again.
        outbox: keeps what :meth:`deliver` is given; share one to keep it beyond this object.
        ssl: context for ``wss://``, see :func:`~chargewire.client_context`; without it that of the system's trust
            store.
        compress: offer permessage-deflate.
        tolerate: names out of :data:`chargewire.validation.TOLERANCES`.
    """

    def __init__(
        self,
        url: str,
        *versions: Version,
        identity: str,
        password: bytes | None = None,
        handlers: Handlers | Sequence[Handlers] = (),
        middleware: Sequence[Middleware] = (),
        timeouts: Timeouts | None = None,
        limits: Limits | None = None,
        backoff: Backoff | None = None,
        outbox: Outbox | None = None,
        ssl: tls.SSLContext | None = None,
        compress: bool = False,
        tolerate: Collection[str] = (),
    ) -> None:
        if not versions:
            raise ValueError("versions: name at least one of v16, v201, v21")
        if not url.startswith(("ws://", "wss://")) or not urlsplit(url).hostname:
            raise ValueError(f"url: expected ws://HOST/PATH or wss://HOST/PATH, got {url!r}")
        if ssl is not None and not url.startswith("wss://"):
            raise ValueError(f"ssl: {url!r} is no wss:// URL")
        if password is not None and ":" in identity:
            raise ValueError("identity: must not hold a colon where a password is used (OCPP-J 2.1, 3.1.1)")
        super().__init__(handlers)
        self.identity = identity
        self._url = url_of(url, identity)
        self._versions = {version.SUBPROTOCOL: version for version in versions}
        self._password = password
        self._middleware = tuple(middleware)
        self._timeouts = timeouts or Timeouts()
        self._limits = limits or Limits()
        self._backoff = backoff or Backoff()
        self._outbox = outbox if outbox is not None else Outbox()
        self._ssl = client_context() if ssl is None and url.startswith("wss://") else ssl
        self._compress = compress
        self._tolerate = tolerances(tolerate)
        self._hub = EventHub()
        self._connection: Connection | None = None
        self._connected = asyncio.Event()
        self._outbox_changed = asyncio.Event()
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._context: Context | None = None
        self._pinger: Pinger | None = None
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def is_connected(self) -> bool:
        """A call would leave now."""
        return self._connection is not None and self._connection.is_open

    @property
    def version(self) -> Version | None:
        """The version spoken on the present connection, or on the last one; ``None`` before the first."""
        return self._connection.version if self._connection else None

    @property
    def subprotocol(self) -> str | None:
        """The name of :attr:`version` in ``Sec-WebSocket-Protocol``."""
        return self._connection.subprotocol if self._connection else None

    @property
    def queued(self) -> int:
        """How many deliveries have no final answer yet."""
        return len(self._outbox)

    def subscribe(self, listener: Listener, *types: type[Event]) -> Callable[[], None]:
        """Call ``listener`` on the event loop for events of ``types``; without types, for all but frames.

        Returns:
            A function that ends the subscription.
        """
        return self._hub.subscribe(listener, *types)

    async def __aenter__(self) -> Self:
        """Connect.

        Raises:
            UpgradeRefused: the CSMS answered, but not with an upgrade to an offered version.
            OSError: it cannot be reached.
            TimeoutError: it did not answer in time.
        """
        first = await self._dial(self._new_context())
        self._begin(first)
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def start(self) -> None:
        """Connect in the background, and again whenever the connection is lost, until :meth:`close`."""
        self._new_context()
        self._begin(None)

    async def wait_connected(self) -> None:
        """Wait until the connection is open."""
        await self._connected.wait()

    async def close(self) -> None:
        """Close the connection for good: nothing dials again. Deliveries without an answer stay in the outbox."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._connected.clear()
        if self._connection is not None:
            await self._connection.close()
        if self._context is not None:
            await self._context.dispatcher.close(self._timeouts.close)
        if self._pinger is not None:
            self._pinger.close()
        for answer in self._answers.values():
            answer.cancel()
        self._answers.clear()

    async def drop(self, code: int = NORMAL, reason: str = "") -> None:
        """Close the present connection only; it is dialled again after the back-off."""
        if self._connection is not None:
            await self._connection.close(code, reason)

    async def call(self, request: Request[Any, R], *, timeout: float | None = None) -> R:
        """Send a CALL on the present connection and return the response; see :meth:`Connection.call`.

        Raises:
            NotConnected: there is no open connection; nothing was sent.
            CallRejected: the CSMS answered with a CALLERROR.
            CallTimeout: it did not answer in time.
            ConnectionLost: the connection ended first.
            InvalidPayload: the request does not fit its schema, or the answer does not.
            ValueError: the negotiated version has no such message.
        """
        if self._connection is None:
            raise NotConnected(f"{self.identity} is not connected")
        return await self._connection.call(request, timeout=timeout)

    async def call_raw(self, action: str, payload: Any, *, timeout: float | None = None) -> Any:
        """Send a CALL that no schema describes on the present connection; see :meth:`Connection.call_raw`.

        Raises:
            NotConnected: there is no open connection; nothing was sent.
        """
        return (await self.call(RawRequest(action=action, payload=payload), timeout=timeout)).payload

    def deliver(self, request: Request[Q, R], *, revise: Callable[[Q], Q] | None = None) -> asyncio.Future[R]:
        """Send a message that must arrive: in order with the others, kept while offline, retried (T16-004, TX-019).

        Args:
            request: a transaction message.
            revise: applied to it right before each attempt, for what becomes known later.

        Returns:
            A future of the response. It fails with the error of the last attempt when all were used up, and is
            cancelled by :meth:`close`.

        Raises:
            OSError: the outbox has a file, and cannot write to it. The message is not accepted.
            ValueError: it has a file that cannot hold this message.
        """
        return self._answer_to(self._outbox.put(cast(Q, request), revise=revise))

    def resume_delivery(self, entry: Entry[Any], *, revise: Callable[[Any], Any] | None = None) -> asyncio.Future[Any]:
        """Get a future for a message that was put into the outbox before, such as by an earlier process.

        It is delivered anyway; this is for those who want its answer, or have to revise it.

        Args:
            entry: one of ``outbox.entries()``.
            revise: as in :meth:`deliver`; applied to the message as it was last sent.

        Returns:
            As :meth:`deliver`.
        """
        if revise is not None:
            self._outbox.revise(entry, revise)
        return self._answer_to(entry)

    def hold_deliveries(self) -> None:
        """Let no delivery leave for now, as before the BootNotification is accepted (BOOT-001)."""
        self._outbox.hold()

    def release_deliveries(self) -> None:
        """Let deliveries leave."""
        self._outbox.release()
        self._outbox_changed.set()

    def _new_context(self) -> Context:
        if self._tasks:
            raise RuntimeError("the charge point is started already")
        self._context = Context(
            role=Role.STATION, handlers=self._handlers, middleware=self._middleware, timeouts=self._timeouts,
            limits=self._limits, tolerate=self._tolerate, hub=self._hub, dispatcher=Dispatcher(),
        )  # fmt: skip
        self._pinger = Pinger(interval=self._timeouts.ping_interval, pong_timeout=self._timeouts.pong)
        return self._context

    def _begin(self, first: Connection | None) -> None:
        self._tasks = [
            asyncio.create_task(self._stay_connected(cast(Context, self._context), first)),
            asyncio.create_task(self._deliver_all()),
        ]

    async def _stay_connected(self, context: Context, connection: Connection | None) -> None:
        """Dial, wait for the end, and dial again, for ever."""
        failures = 0
        while True:
            error: Exception | None = None
            if connection is None:
                try:
                    connection = await self._dial(context)
                except _DIAL_FAILURES as exc:
                    error = exc
            if connection is not None:
                failures = 0
                await connection.wait_closed()
                self._connected.clear()
                connection = None
            delay = self._backoff.delay(failures, random.random())  # noqa: S311 - spreads load, keeps no secret
            failures += 1
            _log.info("%s: dialling again in %.1f s (%s)", self.identity, delay, error or "connection lost")
            self._hub.emit(Reconnecting(failures, delay, error))
            await asyncio.sleep(delay)

    async def _dial(self, context: Context) -> Connection:
        """Open one connection."""
        headers = {"Sec-WebSocket-Protocol": ", ".join(self._versions)}
        if self._password is not None:
            headers["Authorization"] = basic_authorization(self.identity, self._password)
        if self._compress:
            headers["Sec-WebSocket-Extensions"] = DEFLATE_OFFER
        answered = functools.partial(self._answered, context)
        async with asyncio.timeout(self._timeouts.connect):
            await parser.dial(self._url, answered, headers=headers, ssl=self._ssl, max_frame=self._limits.message)
        connection = self._connection
        if connection is None:
            raise NotConnected("the connection ended as it began")
        self._connected.set()
        self._outbox_changed.set()
        return connection

    def _answered(self, context: Context, headers: Mapping[str, str]) -> WebSocket:
        """Take the terms of a 101.

        Raises:
            UpgradeRefused: they are not among those offered.
        """
        chosen = headers.get("Sec-WebSocket-Protocol", "")
        version = self._versions.get(chosen)
        if version is None:
            raise UpgradeRefused(
                101, f"the CSMS chose {chosen or 'no subprotocol'}, offered: {', '.join(self._versions)}"
            )
        try:
            deflate = read_deflate(headers.get("Sec-WebSocket-Extensions", ""))
        except ValueError as exc:
            raise UpgradeRefused(101, str(exc)) from None
        remote = urlsplit(self._url).netloc
        self._connection = connection = Connection(self.identity, version, remote, context)
        return WebSocket(
            connection, limit=self._limits.message, deflate=deflate, close_timeout=self._timeouts.close,
            pinger=cast(Pinger, self._pinger),
        )  # fmt: skip

    async def _deliver_all(self) -> None:
        """Send what the outbox has, one after the other, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            await self._connected.wait()
            self._outbox_changed.clear()
            try:
                entry = self._outbox.next(loop.time())
            except Exception:  # noqa: BLE001 - a user's `revise`
                _log.exception(
                    "%s: a delivery could not be revised; it waits until something else is queued", self.identity
                )
                await self._outbox_changed.wait()
                continue
            if entry is not None:
                await self._deliver(entry)
                await asyncio.sleep(0)  # who waits for this answer learns from it what to revise in the next message
                continue
            due = self._outbox.deadline()
            try:
                async with asyncio.timeout_at(due):
                    await self._outbox_changed.wait()
            except TimeoutError:
                pass

    async def _deliver(self, entry: Entry[Any]) -> None:
        loop = asyncio.get_running_loop()
        try:
            response = await self.call(entry.message)
        except (ConnectionLost, NotConnected):
            self._outbox.interrupted(entry)
            if not self.is_connected:  # closing takes a while: do not try until there is a new connection
                self._connected.clear()
        except (CallRejected, CallTimeout, InvalidPayload, ValueError) as exc:
            if self._outbox.failed(entry, loop.time()):
                _log.warning("%s: gave up delivering %r: %s", self.identity, entry, exc)
                self._resolve(entry, exc)
        except asyncio.CancelledError:
            self._outbox.interrupted(entry)
            raise
        else:
            self._outbox.delivered(entry)
            self._resolve(entry, response)

    def _answer_to(self, entry: Entry[Any]) -> asyncio.Future[Any]:
        answer: asyncio.Future[Any] | None = self._answers.get(entry.key)
        if answer is None:
            answer = self._answers[entry.key] = asyncio.get_running_loop().create_future()
            answer.add_done_callback(_retrieve)
        self._outbox_changed.set()
        return answer

    def _resolve(self, entry: Entry[Any], outcome: Any) -> None:
        answer = self._answers.pop(entry.key, None)
        if answer is None or answer.done():
            return
        if isinstance(outcome, Exception):
            answer.set_exception(outcome)
        else:
            answer.set_result(outcome)


def _retrieve(answer: asyncio.Future[Any]) -> None:
    """Mark a failure as seen: who does not wait for a delivery has decided not to know."""
    if not answer.cancelled():
        answer.exception()

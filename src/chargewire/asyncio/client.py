"""The charge point side: dials, stays connected, delivers what must arrive. Knows nothing about how a station works."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import logging
import random
import ssl as tls
from collections.abc import Callable, Collection, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack, cast
from urllib.parse import urlsplit

from chargewire.asyncio import parser
from chargewire.asyncio.client_options import Changes, ClientOptions, Offline
from chargewire.asyncio.connection import Connection, Context
from chargewire.asyncio.delivery import Courier
from chargewire.asyncio.dispatch import Dispatcher
from chargewire.asyncio.hub import EventHub, Listener
from chargewire.asyncio.options import Limits, Timeouts
from chargewire.asyncio.tls import client_context
from chargewire.asyncio.websocket import NORMAL, Pinger, WebSocket, may_be_sent
from chargewire.backoff import Backoff
from chargewire.errors import NotConnected, UpgradeRefused
from chargewire.events import Event, GaveUp, Reconnecting
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
_VERSION_REFUSED = (101, 400)  # CON-011, CON-012: how a CSMS says that it speaks none of the versions offered

_log = logging.getLogger("chargewire")


class ChargePoint(Registry[Connection]):
    """A charge point that stays connected to its CSMS.

    As ``async with``, the block begins when the connection is open and a failure of this first attempt is raised; with
    :meth:`start`, or with ``retry_first``, the first attempt is repeated like every later one.

    Args:
        url: endpoint of the CSMS, ``ws://`` or ``wss://``; the identity is appended to its path (CON-002).
        versions: packages to offer, most wanted first (CON-008).
        identity: of the charging station.
        password: for Basic authentication, as bytes: of OCPP 1.6's hexadecimal key the decoded ones (SEC-006).
        handlers: objects with methods marked by :func:`~chargewire.on`; see also :meth:`on`.
        middleware: layers around every call, the first one outermost.
        timeouts: how long to wait for what; ``Timeouts()`` unless given.
        limits: how much to take from the CSMS; ``Limits()`` unless given.
        backoff: how long to wait before dialling again; ``Backoff()`` unless given.
        outbox: keeps what :meth:`deliver` is given; share one to keep it beyond this object.
        ssl: context for ``wss://``, see :func:`~chargewire.client_context`; without it that of the system's trust
            store.
        compress: offer permessage-deflate. Not so unless given: a station has little to compress, and OCPP 1.6 does not
            know it (CON-016).
        reconnect: dial again when the connection is lost. So unless given: OCPP wants a station back by itself.
        max_reconnects: failed attempts in a row after which nothing dials again until :meth:`start`. Without a limit
            unless given: a station that gives up has to be visited.
        retry_first: repeat a first attempt that fails also in ``async with``. Not so unless given: a wrong URL should
            show at once.
        pin_version: after the first connection offer only the version that was agreed on, since transactions under way
            and messages in the outbox are of that version; a CSMS that refuses it is offered all of them again.
        offline: what :meth:`call` does without a connection: ``"raise"`` :exc:`~chargewire.NotConnected` at once, since
            most messages are about now, or ``"wait"`` for one, as long as for an answer.
        tolerate: names out of :data:`chargewire.validation.TOLERANCES`.

    Raises:
        ValueError: an argument makes no sense; the message begins with its name.
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
        reconnect: bool = True,
        max_reconnects: int | None = None,
        retry_first: bool = False,
        pin_version: bool = True,
        offline: Offline = "raise",
        tolerate: Collection[str] = (),
    ) -> None:
        super().__init__(handlers)
        self._options = ClientOptions(
            url=url, versions=versions, identity=identity, password=password, timeouts=timeouts or Timeouts(),
            limits=limits or Limits(), backoff=backoff or Backoff(), ssl=ssl, compress=compress, reconnect=reconnect,
            max_reconnects=max_reconnects, retry_first=retry_first, pin_version=pin_version, offline=offline,
        )  # fmt: skip
        self._ssl = _context_for(self._options)
        self._middleware = tuple(middleware)
        self._tolerate = tolerances(tolerate)
        self._hub = EventHub()
        self._context: Context | None = None
        self._pinger: Pinger | None = None
        self._connection: Connection | None = None
        self._websocket: WebSocket | None = None
        self._pinned: Version | None = None
        self._settled = asyncio.Event()  # connected, or it will not be any more
        self._is_over = False  # nothing dials
        self._is_closing = False
        self._reconfigured = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._courier = Courier(
            outbox if outbox is not None else Outbox(),
            identity=identity, call=self._call_now, wait_connected=self.wait_connected,
        )  # fmt: skip

    @property
    def identity(self) -> str:
        """Of the charging station; that of the present connection may be an earlier one, see :meth:`reconfigure`."""
        return self._options.identity

    @property
    def is_connected(self) -> bool:
        """A call would leave now."""
        return self._connection is not None and self._connection.is_open and not self._is_closing

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
        return len(self._courier.outbox)

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
            NotConnected: it was closed before it was connected.
        """
        first = self._begin(retry_first=self._options.retry_first)
        try:
            await first
        except BaseException:
            await self.close(force=True)
            raise
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    def start(self) -> None:
        """Connect in the background, and again whenever the connection is lost, until :meth:`close`.

        Raises:
            RuntimeError: it is started already, or still closing.
        """
        self._begin(retry_first=True)

    async def wait_connected(self) -> None:
        """Wait until the connection is open.

        Raises:
            NotConnected: there will be none: the charge point was closed, or has given up.
        """
        while not self.is_connected:
            if self._is_over:
                raise NotConnected(f"{self.identity} is closed, or has given up")
            self._settled.clear()
            await self._settled.wait()

    def reconfigure(self, **changes: Unpack[Changes]) -> None:
        """Change options; those that are not named stay.

        ``url``, ``versions``, ``identity``, ``password``, ``ssl``, ``compress`` and ``pin_version`` apply when it
        connects next; :meth:`drop` makes that soon. ``reconnect``, ``max_reconnects``, ``backoff`` and ``offline``
        apply from now on: ``reconnect=False`` cancels an attempt that is waiting for its time. Of ``timeouts``
        ``call`` and of ``limits`` ``concurrent_calls`` apply from now on, the others when it connects next.

        Args:
            changes: by the names that the constructor has for them.

        Raises:
            TypeError: there is no such option, or it cannot be changed.
            ValueError: a value makes no sense; nothing is changed. The message begins with the name of the option.
        """
        if unknown := set(changes) - Changes.__annotations__.keys():
            raise TypeError(f"{min(unknown)}: is no option that can be changed")
        options = dataclasses.replace(self._options, **changes)
        self._ssl = _context_for(options) if {"url", "ssl"} & changes.keys() else self._ssl
        self._options = options
        self._courier.identity = options.identity
        if "versions" in changes:
            self._pinned = None
        if self._context is not None:
            self._context = dataclasses.replace(self._context, timeouts=options.timeouts, limits=options.limits)
            if self._connection is not None:
                self._connection.adapt(self._context)
        self._reconfigured.set()

    async def close(
        self, code: int = NORMAL, reason: str = "", *, pending: float | None = None, force: bool = False
    ) -> None:
        """Close the connection for good: nothing dials again. Deliveries without an answer stay in the outbox.

        Whatever the CSMS does, this ends: after ``pending`` seconds for calls, and ``Timeouts.close`` each for the
        close frame and for handlers that still run.

        Args:
            code: of the close frame.
            reason: of the close frame.
            pending: seconds that calls under way have to be answered; without it ``Timeouts.close``. New ones are
                refused.
            force: drop the socket right behind the close frame, without waiting for anybody. Also ends another
                :meth:`close` that is waiting.

        Raises:
            ValueError: ``code`` has no place in a close frame (RFC 6455, 7.4).
        """
        _check_code(code)
        grace = 0.0 if force else self._options.timeouts.close
        self._is_closing = self._is_over = True
        self._settled.set()
        # Another close() may end before this one, and a start() follow: what is closed here is what there is now.
        tasks, context = self._tasks, self._context
        try:
            await _cancelled(tasks[:1], timeout=None)  # before all else, so that nothing is dialled
            connection, websocket = self._connection, self._websocket
            if force and websocket is not None:
                websocket.close(code, reason)
                websocket.abort()
            if connection is not None and not force:
                await connection.settle(grace if pending is None else pending)
            await _cancelled(tasks, timeout=grace)
            if connection is not None:
                await connection.close(code, reason)
            if context is not None:
                await context.dispatcher.close(grace)
        finally:
            for task in tasks:
                task.cancel()  # here and below: when closing was cancelled
            if self._tasks is tasks:
                if self._websocket is not None:
                    self._websocket.abort()
                self._courier.close()
                if self._pinger is not None:
                    self._pinger.close()
                self._tasks, self._context, self._is_closing = [], None, False

    async def drop(self, code: int = NORMAL, reason: str = "") -> None:
        """Close the present connection only; it is dialled again after the back-off.

        Raises:
            ValueError: ``code`` has no place in a close frame (RFC 6455, 7.4).
        """
        _check_code(code)
        if self._connection is not None:
            await self._connection.close(code, reason)

    async def call(self, request: Request[Any, R], *, timeout: float | None = None) -> R:
        """Send a CALL on the present connection and return the response; see :meth:`Connection.call`.

        Raises:
            NotConnected: there is no open connection, nor came one in time with ``offline="wait"``; nothing was sent.
            CallRejected: the CSMS answered with a CALLERROR.
            CallTimeout: it did not answer in time.
            ConnectionLost: the connection ended first.
            InvalidPayload: the request does not fit its schema, or the answer does not.
            ValueError: the negotiated version has no such message.
        """
        if self._options.offline == "wait" and not self.is_connected:
            patience = self._options.timeouts.call if timeout is None else timeout
            try:
                async with asyncio.timeout(patience):
                    await self.wait_connected()
            except TimeoutError:
                raise NotConnected(f"{self.identity} is not connected since {patience:g} s") from None
        return await self._call_now(request, timeout=timeout)

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
        return self._courier.answer_to(self._courier.outbox.put(cast(Q, request), revise=revise))

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
            self._courier.outbox.revise(entry, revise)
        return self._courier.answer_to(entry)

    def hold_deliveries(self) -> None:
        """Let no delivery leave for now, as before the BootNotification is accepted (BOOT-001)."""
        self._courier.outbox.hold()

    def release_deliveries(self) -> None:
        """Let deliveries leave."""
        self._courier.outbox.release()
        self._courier.wake()

    async def _call_now(self, request: Request[Any, R], *, timeout: float | None = None) -> R:
        if self._connection is None or self._is_closing:
            raise NotConnected(f"{self.identity} is not connected")
        return await self._connection.call(request, timeout=timeout)

    def _begin(self, *, retry_first: bool) -> asyncio.Future[None]:
        """Start the tasks, and return a future of the first connection."""
        if self._is_closing or (self._tasks and not self._is_over):
            raise RuntimeError("the charge point is started already")
        for task in self._tasks:
            task.cancel()  # it has given up
        options = self._options
        self._is_over = False
        if self._context is None:
            self._context = Context(
                role=Role.STATION, handlers=self._handlers, middleware=self._middleware, timeouts=options.timeouts,
                limits=options.limits, tolerate=self._tolerate, hub=self._hub, dispatcher=Dispatcher(),
            )  # fmt: skip
        first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        first.add_done_callback(_retrieve)
        keeper = asyncio.create_task(self._stay_connected(first, retry_first=retry_first))
        keeper.add_done_callback(
            lambda _: _fail(first, NotConnected(f"{self.identity} was closed before it was connected"))
        )
        self._tasks = [keeper, asyncio.create_task(self._courier.run())]
        return first

    async def _stay_connected(self, first: asyncio.Future[None], *, retry_first: bool) -> None:
        """Dial, wait for the end, and dial again."""
        failures = 0
        error: Exception | None = None
        try:
            while True:
                try:
                    connection = await self._dial()
                except _DIAL_FAILURES as exc:
                    error = exc
                    if not first.done() and not retry_first:
                        break
                else:
                    failures, error = 0, None
                    if not first.done():
                        first.set_result(None)
                    await connection.wait_closed()
                failures += 1
                if not await self._back_off(failures, error):
                    break
        finally:
            if asyncio.current_task() in self._tasks:
                self._is_over = True
                self._settled.set()
            if error is not None:
                _fail(first, error)

    async def _back_off(self, failures: int, error: Exception | None) -> bool:
        """Wait until it is time to dial again; returns whether to."""
        options = self._options
        if options.reconnect and (options.max_reconnects is None or failures <= options.max_reconnects):
            delay = options.backoff.delay(failures - 1, random.random())  # noqa: S311 - spreads load, keeps no secret
            _log.info("%s: dialling again in %.1f s (%s)", self.identity, delay, error or "connection lost")
            self._hub.emit(Reconnecting(failures, delay, error))
            due = asyncio.get_running_loop().time() + delay
            while self._options.reconnect:
                self._reconfigured.clear()
                try:
                    async with asyncio.timeout_at(due):
                        await self._reconfigured.wait()
                except TimeoutError:
                    return True
        _log.warning("%s: not dialling again (%s)", self.identity, error or "connection lost")
        self._hub.emit(GaveUp(failures - 1, error))
        return False

    async def _dial(self) -> Connection:
        """Open one connection."""
        options = self._options
        offered = {version.SUBPROTOCOL: version for version in options.versions}
        if self._pinned is not None and options.pin_version:
            offered = {self._pinned.SUBPROTOCOL: self._pinned}
        headers = {"Sec-WebSocket-Protocol": ", ".join(offered)}
        if options.password is not None:
            headers["Authorization"] = basic_authorization(options.identity, options.password)
        if options.compress:
            headers["Sec-WebSocket-Extensions"] = DEFLATE_OFFER
        answered = functools.partial(self._answered, options, offered)
        url = url_of(options.url, options.identity)
        try:
            async with asyncio.timeout(options.timeouts.connect):
                await parser.dial(url, answered, headers=headers, ssl=self._ssl, max_frame=options.limits.message)
        except UpgradeRefused as exc:
            if exc.status in _VERSION_REFUSED:
                self._pinned = None
            raise
        connection = cast(Connection, self._connection)
        self._pinned = connection.version
        self._settled.set()
        self._courier.wake()
        return connection

    def _answered(
        self, options: ClientOptions, offered: Mapping[str, Version], headers: Mapping[str, str]
    ) -> WebSocket:
        """Take the terms of a 101.

        Raises:
            UpgradeRefused: they are not among those offered.
        """
        chosen = headers.get("Sec-WebSocket-Protocol", "")
        version = offered.get(chosen)
        if version is None:
            raise UpgradeRefused(101, f"the CSMS chose {chosen or 'no subprotocol'}, offered: {', '.join(offered)}")
        try:
            deflate = read_deflate(headers.get("Sec-WebSocket-Extensions", ""))
        except ValueError as exc:
            raise UpgradeRefused(101, str(exc)) from None
        timeouts = options.timeouts
        if self._pinger is not None:
            self._pinger.close()
        self._pinger = Pinger(interval=timeouts.ping_interval, pong_timeout=timeouts.pong)
        remote = urlsplit(options.url).netloc
        self._connection = Connection(options.identity, version, remote, cast(Context, self._context))
        self._websocket = WebSocket(
            self._connection, limit=options.limits.message, deflate=deflate, close_timeout=timeouts.close,
            pinger=self._pinger,
        )  # fmt: skip
        return self._websocket


def _context_for(options: ClientOptions) -> tls.SSLContext | None:
    return client_context() if options.ssl is None and options.url.startswith("wss://") else options.ssl


def _check_code(code: int) -> None:
    if not may_be_sent(code):
        raise ValueError(f"code: {code} has no place in a close frame")


async def _cancelled(tasks: Sequence[asyncio.Task[None]], *, timeout: float | None) -> None:
    """Cancel tasks, and wait until they have ended."""
    own = asyncio.current_task()
    if ending := [task for task in tasks if task is not own and not task.done()]:
        for task in ending:
            task.cancel()
        await asyncio.wait(ending, timeout=timeout)


def _fail(first: asyncio.Future[None], error: Exception) -> None:
    if not first.done():
        first.set_exception(error)


def _retrieve(first: asyncio.Future[None]) -> None:
    """Mark a failure as seen: after ``start`` nobody waits for the first connection."""
    if not first.cancelled():
        first.exception()

"""The CSMS side: accepts stations, keeps them by identity, runs their calls. Knows nothing about what a call means."""

from __future__ import annotations

import asyncio
import functools
import ssl as tls
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Generic, TypeVar, cast

from chargewire import handshake
from chargewire.asyncio.asgi import AsgiApp, Reception
from chargewire.asyncio.connection import Connection, Context
from chargewire.asyncio.courses import Courses, Route
from chargewire.asyncio.dispatch import Dispatcher
from chargewire.asyncio.hub import EventHub, Listener
from chargewire.asyncio.metrics import Metrics
from chargewire.asyncio.options import Limits, Timeouts
from chargewire.asyncio.roster import Roster, Unspoken
from chargewire.asyncio.stations import Stations, call_many, who_speaks
from chargewire.asyncio.tls import ServerTls, check_context
from chargewire.asyncio.upgrade import Admit, Entrance, Pipeline, listen
from chargewire.asyncio.websocket import GOING_AWAY, SERVICE_RESTART, Channel, Owner, Pinger, WebSocket
from chargewire.door import Door, Doorman
from chargewire.duplicates import OnDuplicate
from chargewire.events import Event
from chargewire.handshake import Accept, Authenticator, Handshake, Head, NoSubprotocol, Reject, Terms
from chargewire.messages import Request, Send
from chargewire.middleware import Middleware
from chargewire.pages import Page, health_page, page_path
from chargewire.protocol import Role, Version
from chargewire.routing import Handlers, Registry
from chargewire.security import SecurityProfile
from chargewire.validation import tolerances

S = TypeVar("S")
R = TypeVar("R")
T = TypeVar("T", bound=Send)


class Station(Connection, Generic[S]):
    """A connected charging station.

    Attributes:
        session: what the authenticator accepted it with.
    """

    __slots__ = ("session",)

    def __init__(self, identity: str, version: Version, remote: str, context: Context, session: S) -> None:
        super().__init__(identity, version, remote, context)
        self.session = session


class Server:
    """A listening CSMS.

    Attributes:
        port: where it listens; the one the system chose when 0 was asked for.
    """

    def __init__(self, entrance: Entrance, doorman: Doorman, roster: Roster[Any]) -> None:
        self._entrance = entrance
        self._doorman = doorman
        self._roster = roster
        self.port = entrance.port

    async def serve_forever(self) -> None:
        """Wait until cancelled."""
        await self._entrance.server.serve_forever()

    async def drain(self, deadline: float = 30.0) -> None:
        """Empty the server before it stops.

        Every upgrade is refused with a 503 from now on. Connections of the CSMS are closed with 1012 (service restart)
        a few at a time, each as soon as no call is under way on it in either direction. What is under way after
        ``deadline`` seconds fails with :exc:`~chargewire.ConnectionLost`. Whatever peers do, this ends at most
        ``Timeouts.close`` seconds later. Leaving the block of :meth:`CSMS.serve` is still up to you.

        Args:
            deadline: seconds. 30 is what most supervisors wait between SIGTERM and SIGKILL: allow for less than yours.
        """
        self._doorman.is_draining = True
        self._entrance.refuse()
        await self._roster.drain(SERVICE_RESTART, "the server restarts", seconds=deadline)


class CSMS(Registry[Station[S]], Generic[S]):
    """A server for charging stations.

    Args:
        versions: the packages to speak: :mod:`chargewire.v16`, :mod:`chargewire.v201`, :mod:`chargewire.v21`. The
            station's order of preference decides among them (CON-009).
        authenticate: decides about each upgrade before the 101. Whatever it raises is answered with a 500.
        handlers: objects with methods marked by :func:`~chargewire.on`; see also :meth:`on`.
        middleware: layers around every call, the first one outermost.
        door: who may connect at all, and how often.
        routes: the paths that lead in, and what is different there. A pattern is ``/`` and segments: ``text`` fits
            itself, ``{name}`` any one segment, a ``*`` at the end one or more; the most particular pattern decides. The
            identity is what stands for ``{identity}``, else the last segment. Without routes every path leads in; with
            them, any other is answered with a 404.
        security_profile: the least a station must use; see :func:`~chargewire.check_profile`, which is asked before
            ``authenticate`` is. The password itself is for ``authenticate`` to verify. Unless given, all is up to
            ``authenticate``.
        handshake_timeout: seconds from a connection to its upgrade, TLS included; then it is answered with a 408.
            Plenty for a password hash and a database, and little for those who only hold sockets open.
        timeouts: how long to wait for what; ``Timeouts()`` unless given.
        limits: how much to take; ``Limits()`` unless given.
        on_no_subprotocol: what to do without a version in common: ``"refuse"`` the upgrade with a 400 (as the OCTT
            wants it, CON-012) or ``"close_after_handshake"`` (as OCPP-J has it, CON-011). A refusal can say why.
        on_duplicate: what to do when a station that is connected connects once more, and is accepted. ``"replace"``
            closes the older connection with 4001, since it is dead most likely (CON-031); a newcomer is refused with a
            409 when that happens again and again. ``"refuse"`` refuses every newcomer with a 409; a connection that
            died unnoticed keeps its station out until it is pinged. ``"keep_both"`` leaves the older one open, and
            :attr:`stations` has the newer one.
        compress: agree to permessage-deflate when a 2.x station offers it. OCPP 2.x demands that of a CSMS (CON-015).
        tolerate: names out of :data:`chargewire.validation.TOLERANCES`.
    """

    def __init__(
        self,
        *versions: Version,
        authenticate: Authenticator[S],
        handlers: Handlers | Sequence[Handlers] = (),
        middleware: Sequence[Middleware] = (),
        door: Door | None = None,
        routes: Mapping[str, Route[S]] | None = None,
        security_profile: SecurityProfile = SecurityProfile.NONE,
        handshake_timeout: float = 5.0,
        timeouts: Timeouts | None = None,
        limits: Limits | None = None,
        on_no_subprotocol: NoSubprotocol = "refuse",
        on_duplicate: OnDuplicate = "replace",
        compress: bool = True,
        tolerate: Collection[str] = (),
    ) -> None:
        if not versions:
            raise ValueError("versions: name at least one of v16, v201, v21")
        super().__init__(handlers)
        self._versions = {version.SUBPROTOCOL: version for version in versions}
        self._middleware = tuple(middleware)
        self._door = door or Door()
        self._courses = Courses[S](
            self._versions, authenticate, SecurityProfile(security_profile), on_no_subprotocol, self._door, routes or {}
        )
        self._handshake_timeout = handshake_timeout
        self._timeouts = timeouts or Timeouts()
        self._limits = limits or Limits()
        self._compress = compress
        self._tolerate = tolerances(tolerate)
        self._hub = EventHub()
        self._roster = Roster[Station[S]](self._hub, on_duplicate)
        self._stations = Stations(self._roster.by_identity, self._hub)

    @property
    def stations(self) -> Stations[Station[S]]:
        """The connected stations by identity, live; :meth:`Stations.wait_for` waits for one."""
        return self._stations

    async def call_many(
        self,
        identities: Iterable[str],
        request: Request[Any, R] | Callable[[Station[S]], Request[Any, R]],
        *,
        parallel: int = 100,
        timeout: float | None = None,
    ) -> dict[str, R | Exception]:
        """Call each of several stations, and return what became of each.

        Args:
            identities: of the stations; one that is not connected has the outcome
                :exc:`~chargewire.errors.NotConnected`.
            request: a request, or a function that makes that of each station, from its ``version`` for example.
            parallel: how many calls may be under way at once.
            timeout: seconds to wait for each answer, from the moment its CALL leaves; without it ``Timeouts.call``.

        Returns:
            The response by identity, in the order given, or the exception that :meth:`Connection.call` raised.

        Raises:
            ValueError: ``parallel`` is less than 1.
        """
        return await call_many(self._stations, identities, request, parallel=parallel, timeout=timeout)

    async def broadcast(
        self,
        request: Request[Any, R] | Callable[[Station[S]], Request[Any, R]],
        *,
        parallel: int = 100,
        timeout: float | None = None,
    ) -> dict[str, R | Exception]:
        """Call every station that is connected now and whose version has ``request``; else as :meth:`call_many`."""
        return await self.call_many(who_speaks(self._stations, request), request, parallel=parallel, timeout=timeout)

    def on_send(
        self, message: type[T]
    ) -> Callable[[Callable[[Station[S], T], Awaitable[None]]], Callable[[Station[S], T], Awaitable[None]]]:
        """Register a function as the receiver of an OCPP 2.1 SEND.

        Raises:
            ValueError: there is one already.
        """

        def register(handler: Callable[[Station[S], T], Awaitable[None]]) -> Callable[[Station[S], T], Awaitable[None]]:
            self._register(message, handler)
            return handler

        return register

    def subscribe(self, listener: Listener, *types: type[Event]) -> Callable[[], None]:
        """Call ``listener`` on the event loop for events of ``types``; without types, for all but frames.

        Returns:
            A function that ends the subscription.
        """
        return self._hub.subscribe(listener, *types)

    def events(self, *types: type[Event]) -> AsyncIterator[Event]:
        """Iterate over events of ``types`` from now on; without types, over all but frames."""
        return self._hub.events(*types)

    @asynccontextmanager
    async def serve(
        self,
        host: str,
        port: int,
        *,
        ssl: ServerTls | tls.SSLContext | None = None,
        health: bool = False,
        metrics: bool = False,
    ) -> AsyncGenerator[Server, None]:
        """Listen while the block runs; at its end close every connection, within ``Timeouts.close`` seconds or so.

        Args:
            host: address to listen on.
            port: TCP port; 0 takes a free one, see :attr:`Server.port`.
            ssl: certificates of the server, for security profiles 2 and 3.
            health: answer ``GET /health`` on this port, with 200, and with 503 while the server drains. Whoever reaches
                the port may ask; the door does not count it.
            metrics: answer ``GET /metrics`` in Prometheus' text format, likewise. Needs ``chargewire[metrics]``.

        Raises:
            OSError: the address cannot be listened on.
            ModuleNotFoundError: prometheus-client is not installed.
            ValueError: no station could meet the security profile over ``ssl``.
        """
        # A route of its own may want certificates, or only TLS, where others do not.
        check_context(_context(ssl), min(self._courses.profiles))
        check_context(_context(ssl), min(max(self._courses.profiles), SecurityProfile.TLS_BASIC))
        pinger = Pinger(interval=self._timeouts.ping_interval, pong_timeout=self._timeouts.pong)
        dispatcher = Dispatcher()
        pipeline = self._pipeline(dispatcher, pinger, ssl.organization if isinstance(ssl, ServerTls) else None)
        counters = Metrics(self._hub, self._roster.__len__) if metrics else None
        pipeline = replace(pipeline, page=self._pages(pipeline.door, counters, health=health))
        entrance = await listen(pipeline, host, port, ssl=lambda: _context(ssl))
        try:
            yield Server(entrance, pipeline.door, self._roster)
        finally:
            entrance.close()
            await self._roster.close(GOING_AWAY, "the server stops")
            await dispatcher.close(self._timeouts.close)
            pinger.close()
            await entrance.wait_closed()
            if counters is not None:
                counters.close()

    def asgi(self) -> AsgiApp:
        """Make an ASGI application of this CSMS, to mount in Starlette, FastAPI, Litestar and their like.

        Authentication, limits, routes (with the path of the mount), events and replaced connections are those of
        :meth:`serve`. What belongs to the socket is the ASGI server's: ``Timeouts.ping_interval``, ``compress`` and
        ``Limits.head`` mean nothing here. A refusal has its status and reason where the server has the extension
        ``websocket.http.response``, and is a bare 403 elsewhere. Whether a connection is encrypted is what the server
        says, or makes of a proxy's headers.

        Raises:
            ValueError: the security profile is 3: ASGI knows nothing of client certificates.
        """
        if SecurityProfile.MUTUAL_TLS in self._courses.profiles:
            raise ValueError("security_profile: 3 needs client certificates, which ASGI cannot show; use serve()")
        return AsgiApp(
            Reception(
                decide=self._decider(deflate=False, organization=None), admit=self._admitter, hub=self._hub,
                timeout=self._handshake_timeout, max_message=self._limits.message, close_timeout=self._timeouts.close,
                door=self._doorman(), crowd=self._roster.__len__, router=self._courses.router,
            )
        )  # fmt: skip

    def _pipeline(self, dispatcher: Dispatcher, pinger: Pinger, organization: str | None) -> Pipeline:
        def websocket(owner: Owner, terms: Terms) -> WebSocket:
            return WebSocket(
                owner, limit=self._limits.message, deflate=terms.deflate, close_timeout=self._timeouts.close,
                pinger=pinger,
            )  # fmt: skip

        return Pipeline(
            decide=self._decider(deflate=self._compress, organization=organization), admit=self._admitter(dispatcher),
            websocket=websocket, hub=self._hub, timeout=self._handshake_timeout, max_head=self._limits.head,
            max_message=self._limits.message, door=self._doorman(), crowd=self._roster.__len__,
            router=self._courses.router,
        )  # fmt: skip

    def _pages(self, doorman: Doorman, metrics: Metrics | None, *, health: bool) -> Callable[[Head], Page | None]:
        def page(head: Head) -> Page | None:
            match page_path(head):
                case "/health" if health:
                    return health_page(is_draining=doorman.is_draining, connections=len(self._roster))
                case "/metrics" if metrics is not None:
                    return metrics.page()
                case _:
                    return None

        return page

    def _doorman(self) -> Doorman:
        return Doorman(self._door, connections=self._limits.connections)

    def _decider(self, *, deflate: bool, organization: str | None) -> Callable[[Handshake, str], Terms]:
        return functools.partial(self._courses.decide, deflate=deflate, organization=organization)

    def _admitter(self, dispatcher: Dispatcher) -> Admit:
        context = Context(
            role=Role.CSMS, handlers=self._handlers, middleware=self._middleware, timeouts=self._timeouts,
            limits=self._limits, tolerate=self._tolerate, hub=self._hub, dispatcher=dispatcher,
        )  # fmt: skip

        async def admit(asked: Handshake, terms: Terms) -> tuple[Owner, Terms] | Reject:
            if terms.subprotocol is None:
                return Unspoken(), terms
            decision = await self._courses.authenticate(asked)
            match decision:
                case Accept(session=session):
                    spoken = self._courses.spoken(asked)
                    asked, terms = handshake.settle(asked, terms, decision, spoken=spoken)
                    if reject := self._roster.check(asked.identity, asyncio.get_running_loop().time()):
                        return reject
                    version = self._versions[cast(str, terms.subprotocol)]
                    return _Member(self._roster, asked.identity, version, asked.remote, context, session), terms
                case Reject():
                    return decision

        return admit


class _Member(Station[S]):
    """A station that signs on and off."""

    __slots__ = ("_roster",)

    def __init__(  # noqa: PLR0917
        self,
        roster: Roster[Station[S]],
        identity: str,
        version: Version,
        remote: str,
        context: Context,
        session: S,
    ) -> None:
        super().__init__(identity, version, remote, context, session)
        self._roster = roster

    def opened(self, websocket: Channel) -> None:
        self._roster.join(self)
        super().opened(websocket)

    def closed(self, code: int, reason: str, by: str) -> None:
        self._roster.part(self)
        super().closed(code, reason, by)


def _context(ssl: ServerTls | tls.SSLContext | None) -> tls.SSLContext | None:
    return ssl.context if isinstance(ssl, ServerTls) else ssl

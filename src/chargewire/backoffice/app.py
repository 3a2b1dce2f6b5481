"""The composition root: the only place where store, services, stations and HTTP meet."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import socket
from collections.abc import AsyncGenerator, Awaitable, Generator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import structlog
import uvicorn

from chargewire import CSMS, Connected, Disconnected, Station
from chargewire.backoffice.api import Api
from chargewire.backoffice.api.auth import generate_token, hash_token
from chargewire.backoffice.config import Address, Config
from chargewire.backoffice.domain import Clock
from chargewire.backoffice.handlers import VERSIONS, handlers
from chargewire.backoffice.services import Services, StationSession
from chargewire.backoffice.store import open_store
from chargewire.backoffice.store.base import OpenError, Store, StoreError
from chargewire.events import Event

_HTTP_BACKLOG = 2048
_HTTP_SHUTDOWN = 3  # seconds for requests that are being answered
_DRAIN = 5.0  # seconds for calls that are under way; less than any supervisor waits
_MAX_WEBSOCKET_MESSAGE = 1_000_000  # bytes from a browser

_log = structlog.stdlib.get_logger(__name__)


class StartError(Exception):
    """The service cannot start. The message is one line for the operator."""


def utc_now() -> datetime:
    """Tell the present."""
    return datetime.now(UTC)


class Backoffice:
    """A management system that serves while the block runs.

    Args:
        config: the settings.
        clock: tells the present.

    Attributes:
        http: where the portal and the API listen, with the port that was taken.
        ocpp: where stations connect, likewise.
        new_token: the administrator's token when it was generated just now; it cannot be read again.
        store: the database.
        csms: the connected stations.
    """

    http: Address
    ocpp: Address
    new_token: str | None
    store: Store
    csms: CSMS[StationSession]

    def __init__(self, config: Config, *, clock: Clock = utc_now) -> None:
        self._config = config
        self._clock = clock
        self._resources = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Open everything, from the inside out.

        Raises:
            StartError: the database cannot be opened, or an address cannot be listened on.
        """
        async with AsyncExitStack() as resources:
            await self._open(resources)
            self._resources = resources.pop_all()
        _log.info("started", http=str(self.http), ocpp=str(self.ocpp))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close everything, from the outside in: no more requests, no more stations, then the database."""
        await self._resources.aclose()
        _log.info("stopped")

    async def _open(self, resources: AsyncExitStack) -> None:
        config = self._config
        self.store = await self._open_store()
        resources.push_async_callback(self.store.close)
        token_hash, self.new_token = await _administrator(self.store, config.admin_token)
        services = Services(
            self.store,
            clock=self._clock,
            unknown_stations=config.unknown_stations,
            unknown_tokens=config.unknown_tokens,
        )
        self.csms = CSMS(*VERSIONS, authenticate=services.authenticate, handlers=handlers(services))
        await resources.enter_async_context(_presence(self.csms, services))
        listener = _listen(config.http)
        resources.callback(listener.close)
        self.http = Address(config.http.host, listener.getsockname()[1])
        with _explained("ocpp", config.ocpp):
            server = await resources.enter_async_context(self.csms.serve(config.ocpp.host, config.ocpp.port))
        resources.push_async_callback(server.drain, _DRAIN)
        self.ocpp = Address(config.ocpp.host, server.port)
        api = Api(self.store, services, self.csms, token_hash=token_hash, clock=self._clock, epoch=secrets.token_hex(8))
        await resources.enter_async_context(_serve_http(api.app, listener))
        resources.push_async_callback(api.close)

    async def _open_store(self) -> Store:
        try:
            return await open_store(self._config.database, clock=self._clock)
        except OpenError as exc:
            raise StartError(str(exc)) from exc


@contextlib.contextmanager
def stop_signals() -> Generator[asyncio.Event]:
    """Give an event that SIGINT and SIGTERM set. The second of them ends the process at once, as if nobody listened."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    handled = (signal.SIGINT, signal.SIGTERM)

    def restore() -> None:
        for number in handled:
            loop.remove_signal_handler(number)

    def request_stop() -> None:
        restore()
        stop.set()

    try:
        for number in handled:
            loop.add_signal_handler(number, request_stop)
    except NotImplementedError:  # Windows: Ctrl-C cancels the main task there
        yield stop
        return
    try:
        yield stop
    finally:
        restore()


@contextlib.asynccontextmanager
async def _serve_http(app: Any, listener: socket.socket) -> AsyncGenerator[None]:
    """Serve ``app`` while the block runs."""
    config = uvicorn.Config(
        app,
        http="h11",
        ws="wsproto",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws_max_size=_MAX_WEBSOCKET_MESSAGE,
        timeout_graceful_shutdown=_HTTP_SHUTDOWN,
    )
    # What `uvicorn.Server.serve` does, without its signal handlers, and with its failure to start as an exception here.
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listener])
    ticking = asyncio.create_task(server.main_loop())
    try:
        yield
    finally:
        server.should_exit = True
        await ticking
        await server.shutdown(sockets=[listener])


@contextlib.asynccontextmanager
async def _presence(csms: CSMS[StationSession], services: Services) -> AsyncGenerator[None]:
    """Write down who is connected while the block runs, in the order it happens."""
    tasks: set[asyncio.Task[None]] = set()

    def note(event: Event) -> None:
        match event:
            case Connected(station=station):
                task = asyncio.create_task(_noted(station, services.connected(station)))
            case Disconnected(station=station, code=code, reason=reason):
                task = asyncio.create_task(_noted(station, services.disconnected(station, code, reason)))
            case _:
                raise AssertionError(event)
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    unsubscribe = csms.subscribe(note, Connected, Disconnected)
    try:
        yield
    finally:
        unsubscribe()
        await asyncio.gather(*tasks)


async def _noted(station: Station[StationSession], note: Awaitable[None]) -> None:
    """Await a note about a connection. One that fails costs nobody else's connection."""
    try:
        await note
    except StoreError as exc:
        _log.error("connection not noted", station=station.identity, reason=str(exc))


async def _administrator(store: Store, token: str | None) -> tuple[str, str | None]:
    """Return the hash of the administrator's token, and the token itself when it has just been generated."""
    if token is not None:
        return hash_token(token), None
    token_hash = await store.admin.load_token_hash()
    if token_hash is not None:
        return token_hash, None
    token = generate_token()
    await store.admin.save_token_hash(hash_token(token))
    return hash_token(token), token


def _listen(address: Address) -> socket.socket:
    """Open the listening socket of the HTTP side."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with _explained("http", address):
        return socket.create_server((address.host, address.port), family=family, backlog=_HTTP_BACKLOG)


@contextlib.contextmanager
def _explained(name: str, address: Address) -> Generator[None]:
    """Turn the system's refusal to listen into one line."""
    try:
        yield
    except OSError as exc:
        # asyncio and socket put words of their own around the system's. Errors of name resolution have other numbers.
        reason = os.strerror(exc.errno) if exc.errno is not None and exc.errno > 0 else exc.strerror or str(exc)
        raise StartError(f"{name}: cannot listen on {address}: {reason[:1].lower()}{reason[1:]}") from exc

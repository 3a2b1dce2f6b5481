"""A CSMS inside a web application: the same upgrade and the same connections, on sockets that an ASGI server has.

Pings, permessage-deflate and the size of a request's head are that server's business; certificates of clients are
beyond ASGI. Knows nothing about OCPP messages.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from chargewire import handshake
from chargewire.asyncio.dispatch import Dispatcher
from chargewire.asyncio.hub import EventHub
from chargewire.asyncio.websocket import ABNORMAL, GOING_AWAY, NO_STATUS, NORMAL, TOO_BIG, UNSUPPORTED_DATA, Owner
from chargewire.door import Doorman
from chargewire.events import UpgradeAborted, UpgradeError
from chargewire.handshake import Handshake, Head, Refused, Reject, Terms
from chargewire.paths import Router

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Any], Awaitable[None]]
Admit = Callable[[Handshake, Terms], Awaitable[tuple[Owner, Terms] | Reject]]

_RESPONSE = "websocket.http.response"  # the extension by which an upgrade is refused with more than a 403
_MANY = 64  # messages that wait to be sent before the peer is no longer read from

_log = logging.getLogger("chargewire")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """What the application needs to decide, and to run what it let in.

    Attributes:
        decide: the steps that need no waiting; raises :exc:`~chargewire.handshake.Refused`.
        admit: makes authentication for handlers that run on a dispatcher.
        timeout: seconds for all of that.
        max_message: bytes of one message.
        door: who may knock.
        crowd: counts the connections that are open.
        router: of the paths that lead in, those of the mount included; ``None`` when all do.
        close_timeout: seconds until the end of a connection that this side closes.
    """

    decide: Callable[[Handshake, str], Terms]
    admit: Callable[[Dispatcher], Admit]
    hub: EventHub
    timeout: float
    max_message: int
    close_timeout: float
    door: Doorman
    crowd: Callable[[], int]
    router: Router[Any] | None


class AsgiApp:
    """A CSMS as an ASGI 3 application, made by :meth:`chargewire.CSMS.asgi`."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        self._loop: asyncio.AbstractEventLoop | None = None
        self._channels: set[_Channel] = set()
        self._undecided = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection, or the lifespan of an application that is not mounted in another."""
        match scope["type"]:
            case "websocket":
                await self._connect(scope, receive, send)
            case "http":
                await _answer(_no_websocket(scope), send, "http.response")
            case "lifespan":
                await self._live(receive, send)
            case unknown:
                raise ValueError(f"scope: {unknown!r} is not served here")

    async def close(self) -> None:
        """Close every connection, and let handlers end, within ``Timeouts.close`` seconds or so.

        A mounted application is not told when its host stops: call this at the end of the host's lifespan.
        """
        for channel in tuple(self._channels):
            channel.close(GOING_AWAY, "the server stops")
        await asyncio.gather(*(channel.wait_closed() for channel in tuple(self._channels)))
        if self._loop is not None:
            self._loop = None
            await self._dispatcher.close(self._reception.close_timeout)

    async def _connect(self, scope: Scope, receive: Receive, send: Send) -> None:
        upgrade = _Upgrade(self._reception, scope)
        await receive()  # websocket.connect
        self._undecided += 1
        try:
            outcome = await upgrade.decide(self._admit(), undecided=self._undecided)
        finally:
            self._undecided -= 1
        match outcome:
            case Reject():
                await _refuse(outcome, scope, send)
            case (owner, terms):
                channel = _Channel(owner, send, self._reception)
                self._channels.add(channel)
                try:
                    await channel.run(terms.subprotocol, receive)
                finally:
                    self._channels.discard(channel)

    async def _live(self, receive: Receive, send: Send) -> None:
        while (await receive())["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        await self.close()
        await send({"type": "lifespan.shutdown.complete"})

    def _admit(self) -> Admit:
        """Return the authentication of the running loop: an application may outlive one, in tests above all."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            self._dispatcher = Dispatcher()
            self._admission = self._reception.admit(self._dispatcher)
        return self._admission


class _Upgrade:
    """One upgrade until it is decided."""

    def __init__(self, reception: Reception, scope: Scope) -> None:
        self._reception = reception
        self._scope = scope
        self._head = _read_head(scope)
        self._identity: str | None = None
        self._remote = "{}:{}".format(*(scope.get("client") or ("unknown", 0)))

    async def decide(self, admit: Admit, *, undecided: int) -> tuple[Owner, Terms] | Reject:
        """Run the steps, with one deadline for all. Nothing that the user's code raises leaves this coroutine."""
        deadline = asyncio.timeout(self._reception.timeout)
        try:
            async with deadline:
                return await self._run(admit, undecided)
        except Refused as exc:
            self._identity = self._identity or exc.identity
            reject = exc.reject
        except Exception as exc:  # noqa: BLE001 - a user's authentication
            if deadline.expired():
                reject = Reject(HTTPStatus.REQUEST_TIMEOUT, "the handshake took too long")
            else:
                _log.exception("%s: authentication failed", self._identity)
                self._reception.hub.emit(UpgradeError(exc, self._remote))
                reject = Reject(HTTPStatus.INTERNAL_SERVER_ERROR, "authentication failed")
        reason = reject.reason or reject.status.phrase
        _log.warning("%s: upgrade refused, %d %s", self._identity or self._remote, reject.status, reason)
        self._reception.hub.emit(UpgradeAborted(self._identity, reason, reject.status, self._remote, self._head))
        return reject

    async def _run(self, admit: Admit, undecided: int) -> tuple[Owner, Terms]:
        reception, head = self._reception, self._head
        self._remote = reception.door.locate(head, self._remote)
        now = asyncio.get_running_loop().time()
        reception.door.knock(self._remote, present=undecided + reception.crowd(), now=now)
        encrypted = self._scope.get("scheme") == "wss"
        asked = handshake.read_handshake(head, remote=self._remote, encrypted=encrypted, router=reception.router)
        self._identity = asked.identity
        terms = reception.decide(asked, "")
        decision = await admit(asked, terms)
        match decision:
            case Reject():
                raise Refused(decision, asked.identity)
            case _:
                return decision


class _Channel:
    """One open WebSocket of the ASGI server."""

    def __init__(self, owner: Owner, send: Send, reception: Reception) -> None:
        self._owner = owner
        self._send = send
        self._limit = reception.max_message
        self._close_timeout = reception.close_timeout
        self._loop = asyncio.get_running_loop()
        self._outgoing = asyncio.Queue[dict[str, Any]]()
        self._is_slow = False  # too many messages wait to be sent
        self._holds = 0  # how many want the peer to wait
        self._may_read = asyncio.Event()
        self._may_read.set()
        self._ending: tuple[int, str, str] | None = None
        self._deadline = asyncio.timeout(None)
        self._gone = self._loop.create_future()

    @property
    def is_open(self) -> bool:
        """Messages can be sent."""
        return self._ending is None

    def send(self, data: bytes) -> None:
        """Send one text message; nothing happens when the connection is closing."""
        if self._ending is None:
            self._outgoing.put_nowait({"type": "websocket.send", "text": data.decode()})
            if self._outgoing.qsize() >= _MANY and not self._is_slow:
                self._is_slow = True
                self.pause_reading()
                self._owner.blocked()

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Close, after what is to be sent already."""
        if self._ending is None:
            self._ending = (code, reason, "us")
            self._outgoing.put_nowait({"type": "websocket.close", "code": code, "reason": reason})
            self._deadline.reschedule(self._loop.time() + self._close_timeout)
            self._may_read.set()  # for the end that follows

    def pause_reading(self) -> None:
        """Let the peer wait until :meth:`resume_reading` is called as often."""
        self._holds += 1
        if self._ending is None:
            self._may_read.clear()

    def resume_reading(self) -> None:
        """Read again, unless somebody else still wants the peer to wait."""
        self._holds -= 1
        if self._holds == 0:
            self._may_read.set()

    async def wait_closed(self) -> None:
        """Wait until the connection is over."""
        await asyncio.shield(self._gone)

    async def run(self, subprotocol: str | None, receive: Receive) -> None:
        """Accept, and carry messages both ways until the end."""
        await self._send({"type": "websocket.accept", "subprotocol": subprotocol})
        writer = self._loop.create_task(self._write())
        try:
            async with self._deadline:
                self._owner.opened(self)
                await self._read(receive)
        except TimeoutError:
            pass  # closed from this side, and nobody said that it is done
        finally:
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
            self._ending = self._ending or (ABNORMAL, "", "peer")
            self._owner.closed(*self._ending)
            self._gone.set_result(None)

    async def _read(self, receive: Receive) -> None:
        while True:
            await self._may_read.wait()
            event = await receive()
            if event["type"] == "websocket.disconnect":
                code = event.get("code") or NO_STATUS
                self._ending = self._ending or (code, event.get("reason") or "", "peer")
                return
            if self._ending is None:
                self._take(event)

    def _take(self, event: Mapping[str, Any]) -> None:
        text = event.get("text")
        if text is None:
            self.close(UNSUPPORTED_DATA, "OCPP-J messages are text")  # RPC-001
            return
        data = text.encode()
        if len(data) > self._limit:
            self.close(TOO_BIG, f"a message may have {self._limit} bytes")
        else:
            self._owner.receive(data, self._loop.time())

    async def _write(self) -> None:
        try:
            while True:
                await self._send(await self._outgoing.get())
                if self._is_slow and self._outgoing.empty():
                    self._is_slow = False
                    self.resume_reading()
                    self._owner.unblocked()
        except (OSError, RuntimeError) as exc:  # what servers raise when the peer has gone; reading tells of it too
            _log.debug("a message could not be sent: %s", exc)


def _read_head(scope: Scope) -> Head:
    """Write the request as it was, as far as ASGI tells."""
    raw: bytes | None = scope.get("raw_path")
    path = quote(scope["path"]) if raw is None else raw.partition(b"?")[0].decode("latin-1")
    query: bytes = scope.get("query_string", b"")
    headers: dict[str, str] = {}
    for name, value in scope.get("headers", ()):
        key, text = name.decode("latin-1").lower(), value.decode("latin-1").strip()
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    if subprotocols := scope.get("subprotocols"):
        headers.setdefault("sec-websocket-protocol", ", ".join(subprotocols))
    target = f"{path}?{query.decode('latin-1')}" if query else path
    return Head(scope.get("method", "GET"), target, MappingProxyType(headers))


def _no_websocket(scope: Scope) -> Reject:
    """Say what is wrong with a plain HTTP request."""
    try:
        handshake.check_upgrade(_read_head(scope))
    except Refused as exc:
        return exc.reject
    _log.error("the ASGI server hands an upgrade on as plain HTTP: it has no support for WebSockets")
    return Reject(HTTPStatus.NOT_IMPLEMENTED, "this server has no support for WebSockets")


async def _refuse(reject: Reject, scope: Scope, send: Send) -> None:
    if _RESPONSE in (scope.get("extensions") or {}):
        await _answer(reject, send, _RESPONSE)
    else:
        await send({"type": "websocket.close"})  # the server makes a 403 of it


async def _answer(reject: Reject, send: Send, kind: str) -> None:
    headers, body = handshake.write_reject(reject)
    encoded = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
    await send({"type": f"{kind}.start", "status": int(reject.status), "headers": encoded})
    await send({"type": f"{kind}.body", "body": body})

"""The HTTP phase of a connection: read the request, run the pipeline, answer, or hand the socket on.

Knows nothing about OCPP messages, nor about frames.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, cast

from chargewire import handshake
from chargewire.asyncio import parser
from chargewire.asyncio.hub import EventHub
from chargewire.asyncio.listener import TlsListener, open_sockets
from chargewire.asyncio.tls import read_certificate
from chargewire.asyncio.websocket import Owner, WebSocket
from chargewire.door import Door, Doorman
from chargewire.events import UpgradeAborted, UpgradeError
from chargewire.handshake import Handshake, Head, Refused, Reject, Terms
from chargewire.pages import Page, encode_page
from chargewire.paths import Router

_MAX_AHEAD = 64 * 1024  # bytes a client may send before it has our answer
_BACKLOG = 4096  # a fleet that reconnects at once must not meet refused connections
_KEEP_ALIVE = ("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)  # below the idle limit of balancers

Admit = Callable[[Handshake, Terms], Awaitable[tuple[Owner, Terms] | Reject]]

_log = logging.getLogger("chargewire")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """What the gate needs to decide.

    Attributes:
        decide: the sync steps that need no waiting; raises :exc:`~chargewire.handshake.Refused`.
        admit: authentication; who is to own the connection and on which terms, or the refusal.
        websocket: makes what runs the connection.
        door: who may knock.
        crowd: counts the connections that are open.
        router: of the paths that lead in; ``None`` when all do.
        page: the answer to a plain HTTP request, where there is one.
        timeout: seconds for everything from the connection to the answer, the TLS handshake included.
        max_head: bytes of a request head.
        max_message: bytes of one frame.
    """

    decide: Callable[[Handshake, str], Terms]
    admit: Admit
    websocket: Callable[[Owner, Terms], WebSocket]
    hub: EventHub
    timeout: float
    max_head: int
    max_message: int
    door: Doorman = field(default_factory=lambda: Doorman(Door()))
    crowd: Callable[[], int] = int
    router: Router[Any] | None = None
    page: Callable[[Head], Page | None] = lambda _: None


class Entrance:
    """A listening socket, and what came in by it and is no WebSocket yet.

    Attributes:
        server: what listens.
        port: where it listens.
    """

    def __init__(self, server: asyncio.Server | TlsListener, gates: set[UpgradeGate]) -> None:
        self._gates = gates
        self.server = server
        self.port: int = server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Take no more sockets; what is no WebSocket yet is told so."""
        self.server.close()
        self.refuse()

    def refuse(self) -> None:
        """Refuse what is no WebSocket yet."""
        for gate in tuple(self._gates):
            gate.close()

    async def wait_closed(self) -> None:
        """Wait until nothing listens any more; after :meth:`close`."""
        if isinstance(self.server, TlsListener):
            await self.server.wait_closed()


async def listen(pipeline: Pipeline, host: str, port: int, *, ssl: Callable[[], ssl.SSLContext | None]) -> Entrance:
    """Take sockets in.

    Args:
        pipeline: how to decide about them.
        host: address to listen on.
        port: TCP port; 0 takes a free one.
        ssl: asked for each connection anew, since certificates may be reloaded; ``None`` is no TLS for all of them.

    Raises:
        OSError: the address cannot be listened on.
    """
    gates: set[UpgradeGate] = set()
    if ssl() is None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: UpgradeGate(pipeline, gates), host, port, backlog=_BACKLOG)
        return Entrance(server, gates)

    def failed(error: Exception, peer: tuple[Any, ...]) -> None:
        remote = _address(peer)
        _log.warning("%s: TLS handshake failed: %s", remote, error)
        pipeline.hub.emit(UpgradeError(error, remote))

    tls = TlsListener(
        await open_sockets(host, port, backlog=_BACKLOG), context=cast(Callable[[], Any], ssl),
        timeout=pipeline.timeout, protocol=lambda due: UpgradeGate(pipeline, gates, due=due), failed=failed,
    )  # fmt: skip
    return Entrance(tls, gates)


class UpgradeGate(asyncio.Protocol):
    """One socket until its upgrade is decided.

    Args:
        pipeline: how to decide.
        gates: where to sign on and off.
        due: when, by the loop's clock, it has to be decided; the pipeline's timeout from now unless given.
    """

    def __init__(self, pipeline: Pipeline, gates: set[UpgradeGate], *, due: float | None = None) -> None:
        self._pipeline = pipeline
        self._gates = gates
        self._loop = asyncio.get_running_loop()
        self._due = self._loop.time() + pipeline.timeout if due is None else due
        self._buffer = bytearray()
        self._task: asyncio.Task[None] | None = None
        self._identity: str | None = None
        self._request: Head | None = None
        self._remote = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the clock: all of the handshake has one deadline."""
        self._transport = cast(asyncio.Transport, transport)
        self._remote = _address(transport.get_extra_info("peername"))
        _keep_alive(transport.get_extra_info("socket"))
        self._gates.add(self)
        self._deadline = self._loop.call_at(self._due, self._time_out)

    def data_received(self, data: bytes) -> None:
        """Collect the request head; what comes behind it waits for the answer."""
        self._buffer += data
        if self._task is not None:
            if len(self._buffer) > _MAX_AHEAD:
                self._transport.pause_reading()
            return
        end = self._buffer.find(b"\r\n\r\n")
        if end > self._pipeline.max_head or (end < 0 and len(self._buffer) > self._pipeline.max_head):
            self._refuse(Reject(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the request head is too large"))
        elif end >= 0:
            head = bytes(self._buffer[:end])
            del self._buffer[: end + 4]
            self._task = self._loop.create_task(self._upgrade(head))

    def eof_received(self) -> bool:
        """A peer that stops talking before the answer is gone."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The peer is gone: stop deciding about it."""
        undecided = self in self._gates
        self._leave()
        if self._task is not None and not self._task.done():
            self._task.cancel()
        if undecided and (exc is not None or self._task is not None):
            lost = exc or ConnectionResetError("the peer left during the handshake")
            self._pipeline.hub.emit(UpgradeError(lost, self._remote))

    def close(self) -> None:
        """The server stops."""
        self._refuse(Reject(HTTPStatus.SERVICE_UNAVAILABLE, "the server is shutting down", {"Retry-After": "10"}))

    async def _upgrade(self, raw: bytes) -> None:
        """Run the pipeline. Nothing a peer sends and nothing the user's code raises leaves this coroutine."""
        try:
            head = self._request = handshake.parse_head(raw)
            if page := self._pipeline.page(head):  # before the door: a balancer asks often, and of a full server too
                self._leave()
                self._finish(encode_page(page, head.method))
                return
            self._knock(head)
            key = handshake.check_upgrade(head)
            asked = self._read_handshake(head)
            self._identity = asked.identity
            terms = self._pipeline.decide(asked, key)
            decision = await self._pipeline.admit(asked, terms)
        except Refused as exc:
            self._identity = self._identity or exc.identity
            self._refuse(exc.reject)
        except Exception as exc:  # noqa: BLE001 - a user's authentication
            _log.exception("%s: authentication failed", self._identity)
            self._pipeline.hub.emit(UpgradeError(exc, self._remote))
            self._refuse(Reject(HTTPStatus.INTERNAL_SERVER_ERROR, "authentication failed"))
        else:
            match decision:
                case Reject():
                    self._refuse(decision)
                case (owner, settled):
                    self._hand_over(owner, settled)

    def _knock(self, head: Head) -> None:
        door = self._pipeline.door
        self._remote = door.locate(head, self._remote)
        door.knock(self._remote, present=len(self._gates) + self._pipeline.crowd(), now=self._loop.time())

    def _read_handshake(self, head: Head) -> Handshake:
        tls: ssl.SSLObject | None = self._transport.get_extra_info("ssl_object")
        certificate = None if tls is None else read_certificate(tls)
        return handshake.read_handshake(
            head, remote=self._remote, encrypted=tls is not None, certificate=certificate, router=self._pipeline.router
        )

    def _time_out(self) -> None:
        """Answer 408; cancels the user's code if it is what takes so long."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
        self._refuse(Reject(HTTPStatus.REQUEST_TIMEOUT, "the handshake took too long"))

    def _refuse(self, reject: Reject) -> None:
        if self not in self._gates:
            return
        self._leave()
        reason = reject.reason or reject.status.phrase
        _log.warning("%s: upgrade refused, %d %s", self._identity or self._remote, reject.status, reason)
        self._pipeline.hub.emit(UpgradeAborted(self._identity, reason, reject.status, self._remote, self._request))
        self._finish(handshake.encode_reject(reject))

    def _finish(self, answer: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answer)
            self._transport.close()
            # A peer that does not read must not keep the socket.
            self._loop.call_later(self._pipeline.timeout, self._transport.abort)

    def _hand_over(self, owner: Owner, terms: Terms) -> None:
        """Let picows take the transport, the answer already decided, and read what has come in the meantime."""
        if self not in self._gates or self._transport.is_closing():
            return
        self._leave()
        websocket = self._pipeline.websocket(owner, terms)
        parser.accept(
            self._transport, websocket, terms, max_frame=self._pipeline.max_message, ahead=bytes(self._buffer)
        )

    def _leave(self) -> None:
        self._gates.discard(self)
        self._deadline.cancel()


def _keep_alive(sock: socket.socket) -> None:
    """Let the kernel notice a peer that vanished, whatever the application does."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEP_ALIVE:
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _address(peer: tuple[Any, ...] | str) -> str:
    if isinstance(peer, str):  # a UNIX socket
        return peer
    host, port = peer[:2]
    return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"

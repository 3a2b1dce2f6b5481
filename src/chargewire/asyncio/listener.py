"""Accepts TLS connections, each with the context of the moment, and tells of handshakes that fail.

A server of asyncio keeps one context for good, and failures to itself. Knows nothing about HTTP.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import ssl
from collections.abc import Callable, Sequence
from typing import Any

MakeProtocol = Callable[[float], asyncio.BaseProtocol]
Failed = Callable[[Exception, tuple[Any, ...]], None]

_NO_RESOURCES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_RECOVERY = 1.0  # seconds not to accept after that, as asyncio has it

_log = logging.getLogger("chargewire")


class TlsListener:
    """What an :class:`asyncio.Server` is to connections without TLS.

    Args:
        sockets: listening, see :func:`open_sockets`.
        context: asked for each connection.
        protocol: makes what gets a connection after its TLS handshake, given the deadline of all of its handshake by
            the loop's clock.
        failed: gets why a TLS handshake failed, and the address of the peer.
        timeout: seconds until that deadline.
    """

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        *,
        context: Callable[[], ssl.SSLContext],
        protocol: MakeProtocol,
        failed: Failed,
        timeout: float,
    ) -> None:
        self.sockets = tuple(sockets)
        self._context = context
        self._protocol = protocol
        self._failed = failed
        self._timeout = timeout
        self._loop = asyncio.get_running_loop()
        self._accepting = [self._loop.create_task(self._accept_all(each)) for each in self.sockets]
        self._handshakes: set[asyncio.Task[None]] = set()

    async def serve_forever(self) -> None:
        """Wait until cancelled."""
        await asyncio.gather(*self._accepting)

    def close(self) -> None:
        """Stop listening, and drop the connections whose TLS handshake is not done."""
        for task in (*self._accepting, *self._handshakes):
            task.cancel()

    async def wait_closed(self) -> None:
        """Wait until all is closed; after :meth:`close`."""
        await asyncio.gather(*self._accepting, *self._handshakes, return_exceptions=True)

    async def _accept_all(self, listening: socket.socket) -> None:
        with listening:
            while True:
                try:
                    sock, address = await self._loop.sock_accept(listening)
                except OSError as exc:
                    if exc.errno in _NO_RESOURCES:
                        _log.error("connections cannot be accepted: %s", exc)
                        await asyncio.sleep(_RECOVERY)
                    continue  # else the peer was gone before it was its turn
                task = self._loop.create_task(self._secure(sock, address))
                self._handshakes.add(task)
                task.add_done_callback(self._handshakes.discard)

    async def _secure(self, sock: socket.socket, address: tuple[Any, ...]) -> None:
        due = self._loop.time() + self._timeout
        try:
            await self._loop.connect_accepted_socket(
                lambda: self._protocol(due), sock, ssl=self._context(), ssl_handshake_timeout=self._timeout
            )
        except (OSError, ValueError) as exc:  # ValueError: a certificate that cannot be read
            self._failed(exc, address)


async def open_sockets(host: str, port: int, *, backlog: int) -> list[socket.socket]:
    """Open listening sockets for all addresses of a host.

    Raises:
        OSError: one cannot be listened on.
    """
    found = await asyncio.get_running_loop().getaddrinfo(
        host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    sockets: list[socket.socket] = []
    try:
        for family, _, _, _, address in dict.fromkeys(found):
            sock = socket.create_server(address[:2], family=family, backlog=backlog)
            sock.setblocking(False)
            sockets.append(sock)
    except OSError:
        for sock in sockets:
            sock.close()
        raise
    return sockets

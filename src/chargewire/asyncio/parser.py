"""Puts picows' frame parser on a transport, on either side. The only module that touches picows' internals.

picows' server takes a synchronous decision about an upgrade, ours may ask a database; and its client leaves a socket
behind when its caller gives up. So both sides build its protocol object themselves (docs/decisions/0003). The version
is bounded in pyproject.toml, and a test fails loudly when the constructor changes. Knows nothing about OCPP messages.
"""

from __future__ import annotations

import asyncio
import ssl as tls
from collections.abc import Callable, Mapping
from typing import Any, cast
from urllib.parse import urlsplit

from picows import (
    WSAutoPingStrategy,
    WSHandshakeError,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
)
from picows.picows import WSProtocol  # type: ignore[attr-defined]  # not public

from chargewire.asyncio.websocket import LingeringTransport, ParserLog, WebSocket
from chargewire.errors import UpgradeRefused
from chargewire.handshake import Terms

_READ_BUFFER = 2048  # bytes for each connection at first; grows with its messages
_DEFAULT_PORTS = {"ws": 80, "wss": 443}

Answered = Callable[[Mapping[str, str]], WebSocket]


def accept(transport: asyncio.Transport, websocket: WebSocket, terms: Terms, *, max_frame: int, ahead: bytes) -> None:
    """Run ``websocket`` on a transport whose upgrade is decided: write the 101, and read what came ahead.

    Args:
        transport: of a client that has sent its upgrade request.
        websocket: gets its frames.
        terms: what the upgrade was agreed on.
        max_frame: bytes a frame may have.
        ahead: what the client sent behind its request.
    """
    headers: dict[str, str] = {}
    if terms.subprotocol is not None:
        headers["Sec-WebSocket-Protocol"] = terms.subprotocol
    if terms.deflate is not None:
        headers["Sec-WebSocket-Extensions"] = terms.deflate.header

    def decided(_: WSUpgradeRequest) -> WSUpgradeResponseWithListener:
        return WSUpgradeResponseWithListener(WSUpgradeResponse.create_101_response(headers), websocket)

    parser = _parser(decided, ParserLog(websocket), max_frame=max_frame)
    transport.set_protocol(parser)
    parser.connection_made(LingeringTransport(transport))
    # picows wants a request to answer: the one it gets is ours, with the station's key.
    data = memoryview(
        b"GET / HTTP/1.1\r\nHost: -\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: " + terms.key.encode() + b"\r\n\r\n" + ahead
    )
    while data:
        room: memoryview = parser.get_buffer(-1)
        count = min(len(room), len(data))
        room[:count] = data[:count]
        parser.buffer_updated(count)
        data = data[count:]
    if not transport.is_reading() and not transport.is_closing():
        transport.resume_reading()


async def dial(
    url: str, answered: Answered, *, headers: Mapping[str, str], ssl: tls.SSLContext | None, max_frame: int
) -> None:
    """Connect to ``url`` and upgrade; on return the WebSocket of ``answered`` is open. Cancelling leaves no socket.

    Args:
        url: ``ws://`` or ``wss://``.
        answered: makes the WebSocket from the headers of a 101, or raises.
        headers: to send with the request.
        ssl: context, for TLS.
        max_frame: bytes a frame may have.

    Raises:
        UpgradeRefused: the answer was not a 101, or no proper one.
        OSError: there is no connection to be had.
    """
    parts = urlsplit(url)
    log = ParserLog()

    def begin(_: WSUpgradeRequest, response: WSUpgradeResponse) -> WebSocket:
        log.websocket = answered(response.headers)
        return log.websocket

    target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    transport, parser = await asyncio.get_running_loop().create_connection(
        lambda: _parser(begin, log, max_frame=max_frame, client_of=(parts.netloc, target), headers=headers),
        parts.hostname or "",
        parts.port or _DEFAULT_PORTS[parts.scheme],
        ssl=ssl,
    )
    try:
        await parser.wait_until_handshake_complete()
    except WSHandshakeError as exc:
        transport.abort()
        status = int(exc.response.status) if exc.response is not None else 0
        body = (exc.raw_body or b"").decode(errors="replace").partition("\n")[0]
        raise UpgradeRefused(status, body or str(exc)) from None
    except BaseException:
        transport.abort()
        raise
    if log.websocket is None:
        # In TLS 1.3 a certificate is refused when for its owner the handshake is over already: here.
        raise parser.lost or ConnectionResetError("the CSMS ended the connection instead of answering")


class _Dialled(WSProtocol):  # type: ignore[misc]
    """Keeps why a connection was lost: picows does not tell."""

    lost: OSError | None = None

    def connection_lost(self, exc: Exception | None) -> None:
        if isinstance(exc, OSError):
            self.lost = exc
        super().connection_lost(exc)  # pyright: ignore[reportUnknownMemberType]


def _parser(
    decide: Callable[..., Any],
    log: ParserLog,
    *,
    max_frame: int,
    client_of: tuple[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Any:
    """Build picows' protocol, with its own timers, pings and pongs off: those are ours."""
    host, target = client_of or (None, None)
    return cast(Any, _Dialled if client_of else WSProtocol)(
        host, target, client_of is not None, decide, log, False, None, False, 0, 0,
        WSAutoPingStrategy.PING_WHEN_IDLE, False, max_frame, headers, _READ_BUFFER,
    )  # fmt: skip

"""WebSocket frames to messages and back, on picows. Knows nothing about OCPP, HTTP or who the peer is.

picows parses frames and masks; ours are reassembly, UTF-8, size, permessage-deflate, liveness and a close handshake
that ends whatever the peer does (RFC 6455, RFC 7692).
"""

from __future__ import annotations

import asyncio
import codecs
import random
import zlib
from collections.abc import Callable
from typing import Any, Protocol, cast

from picows import WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport

from chargewire.handshake import Deflate

NORMAL, GOING_AWAY, PROTOCOL_ERROR, UNSUPPORTED_DATA = 1000, 1001, 1002, 1003
NO_STATUS, ABNORMAL, INVALID_TEXT, POLICY_VIOLATION, TOO_BIG, INTERNAL_ERROR = 1005, 1006, 1007, 1008, 1009, 1011
SERVICE_RESTART = 1012

_SENT_CODES = frozenset((*range(1000, 1004), *range(1007, 1015)))
_FIRST_FREE_CODE, _BEYOND_CODES = 3000, 5000  # for libraries and applications
_MAX_REASON = 123  # RFC 6455, 5.5: a control frame holds 125 bytes, two of them the code
_DEFLATE_ABOVE = 512  # bytes; below, compression costs more than it saves
_DEFLATE_TAIL = b"\x00\x00\xff\xff"  # RFC 7692, 7.2.1
_LINGER_BYTES = 16 * 1024 * 1024
_TEXT, _BINARY, _CONTINUATION = WSMsgType.TEXT, WSMsgType.BINARY, WSMsgType.CONTINUATION
_PING, _PONG, _CLOSE = WSMsgType.PING, WSMsgType.PONG, WSMsgType.CLOSE


class Channel(Protocol):
    """What an owner sends on: a :class:`WebSocket`, or one that somebody else runs."""

    @property
    def is_open(self) -> bool:
        """Messages can be sent."""
        ...

    def send(self, data: bytes) -> None:
        """Send one text message; nothing happens when the channel is closing."""

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Begin to close; the owner hears when it is done."""

    def pause_reading(self) -> None:
        """Let the peer wait until :meth:`resume_reading` is called as often."""

    def resume_reading(self) -> None:
        """Take more from the peer."""


class Owner(Protocol):
    """Who gets the messages."""

    def opened(self, websocket: Channel) -> None:
        """The handshake is done; messages follow."""

    def receive(self, data: bytes, now: float) -> None:
        """One text message, valid UTF-8."""

    def blocked(self) -> None:
        """The peer does not read: what is sent waits here."""

    def unblocked(self) -> None:
        """The peer has caught up."""

    def closed(self, code: int, reason: str, by: str) -> None:
        """The connection is over; comes exactly once after ``opened``."""


class WebSocket(WSListener):
    """One open WebSocket.

    Args:
        owner: gets what the peer sends.
        limit: bytes a message may have, reassembled and inflated.
        deflate: permessage-deflate as agreed.
        close_timeout: seconds the peer has to answer a close frame.
        pinger: watches over the peer.
    """

    __slots__ = (
        "_abort_timer", "_close_timeout", "_deflate", "_failure", "_fragments", "_holds", "_inflating",
        "_limit", "_loop", "_owner", "_pinger", "_transport", "last_received", "on_pong", "ping_sent",
    )  # fmt: skip

    def __init__(
        self, owner: Owner, *, limit: int, deflate: Deflate | None, close_timeout: float, pinger: Pinger
    ) -> None:
        self._owner = owner
        self._pinger = pinger
        self._limit = limit
        self._deflate = deflate
        self._close_timeout = close_timeout
        self._loop = asyncio.get_running_loop()
        self._transport: WSTransport | None = None
        self._fragments: bytearray | None = None
        self._inflating = False
        self._holds = 0  # how many want the peer to wait
        self._failure: tuple[int, str] | None = None
        self._abort_timer: asyncio.TimerHandle | None = None
        self.last_received = self._loop.time()
        self.ping_sent: float | None = None
        self.on_pong: Callable[[bytes], None] | None = None

    @property
    def is_open(self) -> bool:
        """Messages can be sent."""
        transport = self._transport
        return transport is not None and not transport.is_disconnected and not transport.is_close_frame_sent

    def send(self, data: bytes) -> None:
        """Send one text message; nothing happens when the socket is closing."""
        transport = self._transport
        if transport is None or transport.is_disconnected or transport.is_close_frame_sent:
            return
        if self._deflate is not None and len(data) > _DEFLATE_ABOVE:
            transport.send(_TEXT, _deflated(data, self._deflate.bits), True, True)
        else:
            transport.send(_TEXT, data)

    def ping(self, now: float, data: bytes = b"") -> None:
        """Ask for a sign of life; :attr:`on_pong` gets ``data`` back."""
        if self.is_open:
            self.ping_sent = now
            cast(WSTransport, self._transport).send_ping(data)

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Start the close handshake; the socket ends when the peer answers, or after the close timeout."""
        transport = self._transport
        if transport is None or transport.is_disconnected:
            return
        if not transport.is_close_frame_sent:
            transport.send_close(cast(WSCloseCode, code), _cut(reason))
        self._abort_later()

    def fail(self, code: int, reason: str) -> None:
        """End the connection because of what the peer did: close frame, then stop listening to it."""
        if self._failure is None:
            self._failure = (code, reason)
            self.close(code, reason)
            if self._transport is not None and isinstance(
                underlying := cast(Any, self._transport.underlying_transport), LingeringTransport
            ):
                underlying.lingers = True
            # Not from inside of picows' parser; and reading on, so that no reset overtakes our close frame.
            self._loop.call_soon(self._linger)

    def abort(self) -> None:
        """Drop the socket now."""
        if self._transport is not None:
            self._transport.disconnect(graceful=False)

    def pause_reading(self) -> None:
        """Let the peer wait, its messages stay in the socket, until :meth:`resume_reading` is called as often."""
        self._holds += 1
        if self._holds == 1 and self._transport is not None and not self._transport.is_disconnected:
            self._transport.underlying_transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again, unless somebody else still wants the peer to wait."""
        self._holds -= 1
        if self._holds == 0 and self._transport is not None and not self._transport.is_disconnected:
            self._transport.underlying_transport.resume_reading()

    # What picows calls.

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Hand the open socket to the owner."""
        self._transport = transport
        self.last_received = self._loop.time()
        self._pinger.add(self)
        self._owner.opened(self)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take one frame; the parser has checked opcodes, masks, lengths and control frames."""
        now = self.last_received = self._loop.time()
        type = frame.msg_type
        if type == _TEXT and frame.fin and not frame.rsv1 and self._fragments is None and self._failure is None:
            if frame.rsv2 or frame.rsv3:
                self.fail(PROTOCOL_ERROR, "reserved bits are set")
            elif not transport.is_close_frame_sent:
                data = frame.get_payload_as_bytes()
                if data.isascii():
                    self._owner.receive(data, now)
                else:
                    self._deliver(data, now)
            return
        if type == _CLOSE:
            self._receive_close(transport, frame)
        elif self._failure is None and not transport.is_close_frame_sent:
            self._receive_rare(frame, now)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Tell the owner how it ended."""
        self._pinger.discard(self)
        if self._abort_timer is not None:
            self._abort_timer.cancel()
        code, reason, by = self._ending(transport)
        self._transport = None
        self._owner.closed(code, reason, by)

    def pause_writing(self) -> None:
        """The peer reads too slowly: take nothing more from it until it does, since every CALL makes an answer."""
        self.pause_reading()
        self._owner.blocked()

    def resume_writing(self) -> None:
        """The peer has caught up."""
        self.resume_reading()
        self._owner.unblocked()

    # Frames

    def _receive_rare(self, frame: WSFrame, now: float) -> None:
        """Take a frame that is not a whole uncompressed text message."""
        type = frame.msg_type
        if frame.rsv2 or frame.rsv3 or (frame.rsv1 and (self._deflate is None or type != _TEXT)):
            self.fail(PROTOCOL_ERROR, "reserved bits are set")
        elif type == _PING:
            cast(WSTransport, self._transport).send_pong(frame.get_payload_as_bytes())  # CON-019
        elif type == _PONG:
            if self.on_pong is not None:
                self.on_pong(frame.get_payload_as_bytes())
        elif type == _BINARY:
            self.fail(UNSUPPORTED_DATA, "OCPP-J messages are text")  # RPC-001
        elif (type == _CONTINUATION) != (self._fragments is not None):
            self.fail(PROTOCOL_ERROR, "a fragment is out of place")
        else:
            self._gather(frame, now)

    def _gather(self, frame: WSFrame, now: float) -> None:
        """Add one fragment, and deliver with the last."""
        if self._fragments is None:
            self._fragments = bytearray()
            self._inflating = frame.rsv1
        if len(self._fragments) + frame.payload_size > self._limit:
            self.fail(TOO_BIG, f"a message may have {self._limit} bytes")
            return
        self._fragments += frame.get_payload_as_bytes()
        if not frame.fin:
            return
        data, self._fragments = bytes(self._fragments), None
        if self._inflating:
            try:
                data = _inflated(data, self._limit)
            except zlib.error:
                self.fail(PROTOCOL_ERROR, "not a deflate stream")
                return
            except OverflowError:
                self.fail(TOO_BIG, f"a message may have {self._limit} bytes")
                return
        self._deliver(data, now)

    def _deliver(self, data: bytes, now: float) -> None:
        if not data.isascii():
            try:
                codecs.utf_8_decode(data, "strict", True)
            except UnicodeDecodeError:
                self.fail(INVALID_TEXT, "not UTF-8")
                return
        self._owner.receive(data, now)

    def _receive_close(self, transport: WSTransport, frame: WSFrame) -> None:
        """Answer a close frame with its own code; then the TCP connection ends (RFC 6455, 5.5.1)."""
        if not transport.is_close_frame_sent:
            code = int(cast(Any, frame).get_close_code())
            if frame.payload_size and not may_be_sent(code):
                self.fail(PROTOCOL_ERROR, f"no close frame says {code}")
                return
            transport.send_close(cast(WSCloseCode, code or NORMAL), None)
        transport.disconnect()
        self._abort_later()

    def _ending(self, transport: WSTransport) -> tuple[int, str, str]:
        """Say how the connection ended: code, reason, and who began."""
        if self._failure is not None:
            return (*self._failure, "us")
        handshake = cast(Any, transport.close_handshake)
        if handshake is None:
            return ABNORMAL, "", "peer"
        first, by = (handshake.recv, "peer") if handshake.recv_then_sent else (handshake.sent, "us")
        return int(first.code) or NO_STATUS, first.reason or "", by

    def _abort_later(self) -> None:
        if self._abort_timer is None:
            self._abort_timer = self._loop.call_later(self._close_timeout, self.abort)

    def _linger(self) -> None:
        """Swap the parser for a sink, so that the peer reads our close frame instead of a reset."""
        if self._transport is None or self._transport.is_disconnected:
            return
        underlying = self._transport.underlying_transport
        underlying.set_protocol(_Sink(underlying, underlying.get_protocol()))
        if self._holds:
            underlying.resume_reading()
        if underlying.can_write_eof():
            underlying.write_eof()


class ParserLog:
    """Stands where picows logs, to learn of protocol violations: it reports them nowhere else."""

    __slots__ = ("websocket",)

    def __init__(self, websocket: WebSocket | None = None) -> None:
        self.websocket = websocket

    def isEnabledFor(self, _: int) -> bool:  # noqa: N802 - the name in logging
        """Nothing is logged."""
        return False

    def error(self, _: str, *args: Any) -> None:
        """Take ``("WS parser error: ...", (code, reason))``."""
        if self.websocket is not None and args and isinstance(args[0], tuple):
            code, reason = cast(tuple[int, str], args[0])
            self.websocket.fail(int(code), reason)

    def log(self, *args: Any) -> None:
        """Ignore the rest."""

    debug = info = warning = exception = log


class Pinger:
    """Pings silent peers and drops those that stay silent: one timer for all connections.

    Args:
        interval: seconds of silence before a ping; 0 pings never.
        pong_timeout: seconds after a ping in which something must come.
    """

    def __init__(self, *, interval: float, pong_timeout: float) -> None:
        self._interval = interval
        self._pong_timeout = pong_timeout
        self._loop = asyncio.get_running_loop()
        self._silence: dict[WebSocket, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._period = max(0.05, min(1.0, interval / 4, pong_timeout / 4))

    def add(self, websocket: WebSocket) -> None:
        """Watch a connection."""
        if self._interval:
            # A jitter of a quarter, so that a fleet that connected together does not ping together.
            self._silence[websocket] = self._interval * random.uniform(0.75, 1.25)  # noqa: S311
            if self._timer is None:
                self._timer = self._loop.call_later(self._period, self._sweep)

    def discard(self, websocket: WebSocket) -> None:
        """Watch it no longer."""
        self._silence.pop(websocket, None)

    def close(self) -> None:
        """Stop."""
        self._silence.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _sweep(self) -> None:
        now = self._loop.time()
        for websocket, silence in tuple(self._silence.items()):
            sent = websocket.ping_sent
            if sent is not None and websocket.last_received >= sent:
                sent = websocket.ping_sent = None
            if sent is not None and now - sent > self._pong_timeout:
                self.discard(websocket)
                websocket.fail(GOING_AWAY, f"no sign of life for {self._pong_timeout:g} s after a ping")
                websocket.abort()
            elif sent is None and now - websocket.last_received > silence:
                websocket.ping(now)
        self._timer = self._loop.call_later(self._period, self._sweep) if self._silence else None


class LingeringTransport:
    """A transport that picows cannot close while the peer may not have read our close frame.

    picows closes a hundredth of a second after a protocol violation. With unread data that is a reset, and a reset
    takes the close frame with it, so that the peer never learns what it did wrong.

    Attributes:
        lingers: only :meth:`WebSocket.abort` and the peer end the connection from now on.
    """

    __slots__ = ("_transport", "lingers")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.lingers = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def close(self) -> None:
        """Close, unless lingering."""
        if not self.lingers:
            self._transport.close()


class _Sink(asyncio.Protocol):
    """Swallows what a peer still sends after our close frame; the abort timer ends it at the latest."""

    def __init__(self, transport: asyncio.Transport, parser: asyncio.BaseProtocol) -> None:
        self._transport = transport
        self._parser = parser
        self._left = _LINGER_BYTES

    def data_received(self, data: bytes) -> None:
        self._left -= len(data)
        if self._left < 0:
            self._transport.abort()

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._parser.connection_lost(exc)


def may_be_sent(code: int) -> bool:
    """Tell the close codes that may be on the wire (RFC 6455, 7.4) from those that only report, or mean nothing."""
    return code in _SENT_CODES or _FIRST_FREE_CODE <= code < _BEYOND_CODES


def _cut(reason: str) -> bytes:
    """Make a close reason fit without splitting a character."""
    return reason.encode()[:_MAX_REASON].decode(errors="ignore").encode()


def _deflated(data: bytes, bits: int) -> bytes:
    compressor = zlib.compressobj(wbits=-bits)
    return (compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(_DEFLATE_TAIL)


def _inflated(data: bytes, limit: int) -> bytes:
    """Inflate one message.

    Raises:
        OverflowError: it holds more than ``limit`` bytes.
        zlib.error: it is no deflate stream.
    """
    inflater = zlib.decompressobj(wbits=-15)
    inflated = inflater.decompress(data + _DEFLATE_TAIL, limit + 1)
    if len(inflated) > limit:
        raise OverflowError
    return inflated

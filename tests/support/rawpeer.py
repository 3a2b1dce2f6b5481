"""A WebSocket client on bare sockets that sends whatever a test wants, right or wrong.

It frames and reads, and checks nothing: what it may not send, what it must answer and what OCPP says are the test's
business.
"""

from __future__ import annotations

import asyncio
import json
import os
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
RSV1, RSV2, RSV3 = 0x40, 0x20, 0x10
KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # the example of RFC 6455, 1.3, and its answer
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
PATIENCE = 20.0  # seconds until a test gives up waiting for the other side


@dataclass(frozen=True)
class Frame:
    """One frame as it came, unmasked."""

    opcode: int
    payload: bytes
    fin: bool = True
    rsv: int = 0

    @property
    def close_code(self) -> int:
        return int.from_bytes(self.payload[:2], "big")


@dataclass(frozen=True)
class HttpAnswer:
    """What a server answers before, or instead of, a WebSocket."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes


class RawPeer:
    """One TCP connection. Leaving its ``async with`` block drops it without a word."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def dial(cls, port: int) -> Self:
        """Open the TCP connection, and nothing more."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    @classmethod
    async def connect(
        cls, port: int, path: str = "/ocpp/RAW", *, subprotocol: str = "ocpp1.6", extensions: str | None = None
    ) -> Self:
        """Open the TCP connection and upgrade it."""
        peer = await cls.dial(port)
        answer = await peer.upgrade(path, subprotocols=(subprotocol,), extensions=extensions)
        assert answer.status == 101, answer
        assert answer.headers["sec-websocket-accept"] == ACCEPT
        return peer

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.writer.transport.abort()
        try:
            await self.writer.wait_closed()
        except OSError:
            return  # the server was faster

    async def upgrade(
        self,
        path: str = "/ocpp/RAW",
        *,
        subprotocols: Sequence[str] = ("ocpp1.6",),
        extensions: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> HttpAnswer:
        """Send a proper upgrade request and return the answer, whatever it is."""
        await self.write(upgrade_request(path, subprotocols=subprotocols, extensions=extensions, headers=headers))
        return await self.read_http()

    async def write(self, data: bytes) -> None:
        """Send bytes. A server that has hung up is no error here: reading tells what it had to say."""
        try:
            async with asyncio.timeout(PATIENCE):
                self.writer.write(data)
                await self.writer.drain()
        except ConnectionError:
            return

    async def send(
        self, payload: bytes | str, *, opcode: int = TEXT, fin: bool = True, rsv: int = 0, masked: bool = True
    ) -> None:
        """Send one frame."""
        data = payload.encode() if isinstance(payload, str) else payload
        await self.write(frame(data, opcode=opcode, fin=fin, rsv=rsv, masked=masked))

    async def call(self, id: str, action: str, payload: Mapping[str, Any] | None = None) -> list[Any]:
        """Send one CALL and return the next message, as JSON."""
        await self.send(json.dumps([2, id, action, payload or {}]))
        answer = await self.read_message()
        message: list[Any] = json.loads(answer)
        return message

    async def read_message(self) -> bytes:
        """Return the payload of the next text frame; others are skipped."""
        while True:
            received = await self.read_frame()
            match received.opcode:
                case 0x1:
                    return received.payload
                case 0x8:
                    raise ConnectionError(f"closed with {received.close_code} instead")
                case _:
                    continue

    async def read_frame(self) -> Frame:
        """Return the next frame.

        Raises:
            asyncio.IncompleteReadError: the server dropped the connection without a close frame.
        """
        async with asyncio.timeout(PATIENCE):
            first, second = await self.reader.readexactly(2)
            assert not second & 0x80, "a server must not mask"
            size = second & 0x7F
            if size == 126:
                size = int.from_bytes(await self.reader.readexactly(2), "big")
            elif size == 127:
                size = int.from_bytes(await self.reader.readexactly(8), "big")
            payload = await self.reader.readexactly(size)
        return Frame(first & 0x0F, payload, fin=bool(first & 0x80), rsv=first & 0x70)

    async def read_close_code(self) -> int:
        """Return the code of the close frame; what comes before it is skipped."""
        while (received := await self.read_frame()).opcode != CLOSE:
            pass
        return received.close_code

    async def read_to_end(self) -> bytes:
        """Return all that comes until the server ends the TCP connection, by whatever means."""
        collected = bytearray()
        async with asyncio.timeout(PATIENCE):
            try:
                while chunk := await self.reader.read(65536):
                    collected += chunk
            except ConnectionError:
                pass
        return bytes(collected)

    async def read_http(self) -> HttpAnswer:
        """Return the HTTP answer with as much body as it announces."""
        async with asyncio.timeout(PATIENCE):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            status_line, *lines = head.strip().split("\r\n")
            headers = {
                name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
            }
            body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return HttpAnswer(int(status_line.split(" ")[1]), headers, body)


def frame(payload: bytes, *, opcode: int = TEXT, fin: bool = True, rsv: int = 0, masked: bool = True) -> bytes:
    """Build one frame; RFC 6455, 5.2."""
    size = len(payload)
    mask_bit = 0x80 if masked else 0
    head = bytes(((0x80 if fin else 0) | rsv | opcode,))
    if size < 126:
        head += bytes((mask_bit | size,))
    elif size < 65536:
        head += bytes((mask_bit | 126,)) + size.to_bytes(2, "big")
    else:
        head += bytes((mask_bit | 127,)) + size.to_bytes(8, "big")
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + _masked(payload, mask)


def close_frame(code: int, reason: str = "") -> bytes:
    return frame(struct.pack("!H", code) + reason.encode(), opcode=CLOSE)


def upgrade_request(
    path: str,
    *,
    subprotocols: Sequence[str] = ("ocpp1.6",),
    extensions: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """Build an upgrade request; a header given with an empty value is left out."""
    fields = {
        "Host": "127.0.0.1",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": KEY,
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Protocol": ", ".join(subprotocols),
        "Sec-WebSocket-Extensions": extensions or "",
        **(headers or {}),
    }
    lines = (f"{name}: {value}" for name, value in fields.items() if value)
    return "\r\n".join((f"GET {path} HTTP/1.1", *lines, "", "")).encode("latin-1")


def _masked(payload: bytes, mask: bytes) -> bytes:
    """Apply the mask to all bytes at once: ten megabytes one by one would take seconds."""
    size = len(payload)
    key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
    return (int.from_bytes(payload, "big") ^ key).to_bytes(size, "big")

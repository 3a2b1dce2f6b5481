"""How messages may come in frames: fragmented, interleaved, compressed, in pieces of any size (RFC 6455, RFC 7692).

What may not come is in tests/acceptance/test_garbage.py.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from support.rawpeer import CONTINUATION, PING, PONG, RSV1, TEXT, Frame, RawPeer, frame, upgrade_request

from chargewire import CSMS, Accept, Connection, Handlers, Limits, on, v16, v201

LIMIT = 100_000
DEFLATE_TAIL = b"\x00\x00\xff\xff"


class Mirror(Handlers):
    """Gives back what it is given."""

    @on(v16.DataTransfer)
    async def transfer_16(self, station: Connection, request: v16.DataTransfer) -> v16.DataTransferResponse:
        return v16.DataTransferResponse(status=v16.DataTransferStatus.ACCEPTED, data=request.data)

    @on(v201.DataTransfer)
    async def transfer_201(self, station: Connection, request: v201.DataTransfer) -> v201.DataTransferResponse:
        return v201.DataTransferResponse(status=v201.DataTransferStatusEnumType.ACCEPTED, data=request.data)


async def admit(_: object) -> Accept[None]:
    return Accept(None)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    csms = CSMS(v16, v201, authenticate=admit, handlers=Mirror(), limits=Limits(message=LIMIT))
    async with csms.serve("127.0.0.1", 0) as server:
        yield server.port


@pytest.fixture
async def peer(port: int) -> AsyncIterator[RawPeer]:
    async with await RawPeer.connect(port) as peer:
        yield peer


@pytest.fixture
async def deflating(port: int) -> AsyncIterator[RawPeer]:
    async with await RawPeer.dial(port) as peer:
        offer = "permessage-deflate; client_max_window_bits"
        answer = await peer.upgrade(subprotocols=("ocpp2.0.1",), extensions=offer)
        assert answer.headers["sec-websocket-extensions"].startswith("permessage-deflate")
        assert "server_no_context_takeover" in answer.headers["sec-websocket-extensions"]
        yield peer


@pytest.mark.parametrize("size", [0, 1, 90, 126, 5_000, 65_535, 65_536, LIMIT - 100])
async def test_a_message_of_any_length_up_to_the_limit_is_answered(peer: RawPeer, size: int) -> None:
    data = "x" * size
    await peer.send(transfer(data))
    assert transferred(await peer.read_message()) == data


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
async def test_a_fragmented_message_is_put_together(peer: RawPeer, size: int) -> None:
    message = transfer("fragments of ünïcode €𝄞" * 20)
    pieces = [message[at : at + size] for at in range(0, len(message), size)]
    await peer.write(fragments(pieces))
    assert transferred(await peer.read_message()) == "fragments of ünïcode €𝄞" * 20


async def test_empty_fragments_are_fragments(peer: RawPeer) -> None:
    message = transfer("some")
    await peer.write(fragments([b"", message[:5], b"", message[5:], b""]))
    assert transferred(await peer.read_message()) == "some"


async def test_control_frames_may_come_between_fragments(peer: RawPeer) -> None:
    """RFC 6455, 5.4: the ping is answered at once, not behind the message."""
    message = transfer("some")
    await peer.send(message[:5], fin=False)
    await peer.send(b"are you there", opcode=PING)
    assert await peer.read_frame() == Frame(PONG, b"are you there")
    await peer.send(b"nobody asked", opcode=PONG)
    await peer.send(message[5:], opcode=CONTINUATION)
    assert transferred(await peer.read_message()) == "some"


async def test_a_ping_is_answered_with_its_own_payload(peer: RawPeer) -> None:
    """CON-019."""
    await peer.send(bytes(range(125)), opcode=PING)
    assert await peer.read_frame() == Frame(PONG, bytes(range(125)))


async def test_messages_that_come_in_one_segment_are_all_answered_in_order(peer: RawPeer) -> None:
    """RPC-038: a 1.6 station may have several calls outstanding."""
    await peer.write(b"".join(frame(transfer(f"number {number}")) for number in range(50)))
    assert [transferred(await peer.read_message()) for _ in range(50)] == [f"number {number}" for number in range(50)]


async def test_a_message_may_come_byte_by_byte(peer: RawPeer) -> None:
    for byte in frame(transfer("x" * 200)):
        await peer.write(bytes((byte,)))
    assert transferred(await peer.read_message()) == "x" * 200


async def test_the_upgrade_and_the_first_message_may_come_byte_by_byte_and_together(port: int) -> None:
    async with await RawPeer.dial(port) as peer:
        request = upgrade_request("/ocpp/EARLY") + frame(transfer("early"))
        for byte in request[:-20]:
            await peer.write(bytes((byte,)))
        await peer.write(request[-20:])
        assert (await peer.read_http()).status == 101
        assert transferred(await peer.read_message()) == "early"


async def test_a_compressed_message_is_inflated_and_a_long_answer_is_compressed(deflating: RawPeer) -> None:
    """CON-015."""
    await deflating.send(deflated(transfer("y" * 5000)), rsv=RSV1)
    answer = await deflating.read_frame()
    assert answer.rsv == RSV1
    assert len(answer.payload) < 500
    assert transferred(inflated(answer.payload)) == "y" * 5000


async def test_a_short_answer_is_not_worth_compressing(deflating: RawPeer) -> None:
    await deflating.send(deflated(transfer("y")), rsv=RSV1)
    answer = await deflating.read_frame()
    assert (answer.rsv, transferred(answer.payload)) == (0, "y")


async def test_every_compressed_answer_can_be_inflated_on_its_own(deflating: RawPeer) -> None:
    """RFC 7692, 7.1.1: server_no_context_takeover was agreed."""
    for _ in range(3):
        await deflating.send(deflated(transfer("again " * 500)), rsv=RSV1)
        answer = await deflating.read_frame()
        assert transferred(inflated(answer.payload)) == "again " * 500


async def test_uncompressed_messages_are_taken_where_compression_was_agreed(deflating: RawPeer) -> None:
    await deflating.send(transfer("plain"))
    assert transferred(await deflating.read_message()) == "plain"


async def test_a_compressed_message_may_be_fragmented_with_a_ping_in_between(deflating: RawPeer) -> None:
    """RFC 7692, 6.1: only the first fragment has the bit."""
    data = deflated(transfer("compressed and fragmented"))
    await deflating.send(data[:10], rsv=RSV1, fin=False)
    await deflating.send(b"!", opcode=PING)
    await deflating.send(data[10:], opcode=CONTINUATION)
    assert await deflating.read_frame() == Frame(PONG, b"!")
    assert transferred(await deflating.read_message()) == "compressed and fragmented"


async def test_a_message_in_several_deflate_blocks_is_inflated(deflating: RawPeer) -> None:
    """RFC 7692, 7.2.3.4 and 7.2.3.5: a full flush within, and a block without compression."""
    message = transfer("blocks " * 100)
    compressor = zlib.compressobj(wbits=-15)
    stored = zlib.compressobj(level=0, wbits=-15)
    for blocks in (
        compressor.compress(message[:50]) + compressor.flush(zlib.Z_FULL_FLUSH) + compressor.compress(message[50:])
        + compressor.flush(zlib.Z_SYNC_FLUSH),
        stored.compress(message) + stored.flush(zlib.Z_SYNC_FLUSH),
    ):  # fmt: skip
        await deflating.send(blocks.removesuffix(DEFLATE_TAIL), rsv=RSV1)
        answer = await deflating.read_frame()
        assert transferred(inflated(answer.payload)) == "blocks " * 100


async def test_a_small_window_asked_for_by_the_station_is_kept(port: int) -> None:
    """RFC 7692, 7.1.2.1."""
    async with await RawPeer.dial(port) as peer:
        offer = "permessage-deflate; server_max_window_bits=10"
        answer = await peer.upgrade(subprotocols=("ocpp2.0.1",), extensions=offer)
        assert "server_max_window_bits=10" in answer.headers["sec-websocket-extensions"]
        text = "".join(f"{number:x}" for number in range(8000))
        await peer.send(transfer(text))
        received = await peer.read_frame()
        assert (received.opcode, received.rsv) == (TEXT, RSV1)
        assert transferred(inflated(received.payload, bits=10)) == text


async def test_16_connections_are_not_compressed(port: int) -> None:
    """CON-016."""
    async with await RawPeer.dial(port) as peer:
        answer = await peer.upgrade(subprotocols=("ocpp1.6",), extensions="permessage-deflate")
        assert "sec-websocket-extensions" not in answer.headers


async def test_offers_that_cannot_be_met_are_declined_and_the_next_is_taken(port: int) -> None:
    """RFC 7692, 5.1: an offer with an unknown or impossible parameter is no offer."""
    async with await RawPeer.dial(port) as peer:
        offers = "x-webkit-deflate-frame, permessage-deflate; server_max_window_bits=99, permessage-deflate"
        answer = await peer.upgrade(subprotocols=("ocpp2.0.1",), extensions=offers)
        assert "server_max_window_bits" not in answer.headers["sec-websocket-extensions"]


def transfer(data: str) -> bytes:
    return json.dumps([2, "1", "DataTransfer", {"vendorId": "Mirror", "data": data}], ensure_ascii=False).encode()


def transferred(message: bytes) -> Any:
    kind, _, payload = json.loads(message)
    assert kind == 3
    return payload["data"]


def fragments(pieces: list[bytes]) -> bytes:
    last = len(pieces) - 1
    return b"".join(
        frame(piece, opcode=CONTINUATION if number else TEXT, fin=number == last) for number, piece in enumerate(pieces)
    )


def deflated(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return (compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(DEFLATE_TAIL)


def inflated(data: bytes, *, bits: int = 15) -> bytes:
    return zlib.decompressobj(wbits=-bits).decompress(data + DEFLATE_TAIL)

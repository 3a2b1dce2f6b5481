"""Whatever arrives on the OCPP port: it gets the close code or status that RFC 6455, RFC 7692 or OCPP-J names.

In every test another station's connection answers before and after (:func:`witness`), and the module's fixture checks
that the process lives and that nothing surprised it.
"""

from __future__ import annotations

import asyncio
import json
import random
import struct
import zlib
from collections.abc import AsyncIterator

import pytest
from support.processes import Csms
from support.rawpeer import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    RSV1,
    RSV2,
    RSV3,
    Frame,
    RawPeer,
    close_frame,
    frame,
    upgrade_request,
)
from support.witness import BOOT, Witness, witness

pytestmark = pytest.mark.timeout(180)

NORMAL, PROTOCOL_ERROR, UNSUPPORTED_DATA, INVALID_TEXT, TOO_BIG = 1000, 1002, 1003, 1007, 1009
TEN_MEGABYTES = 10_000_000
HEARTBEAT = b'[2,"1","Heartbeat",{}]'
NOT_UTF8 = {
    "lone byte": b'[2,"\xff","Heartbeat",{}]',
    "lone continuation byte": b'[2,"\x80","Heartbeat",{}]',
    "cut character": b'[2,"\xe2\x82","Heartbeat",{}]',
    "message ends within a character": b"[2,\xf0\x9f\x98",
    "surrogate": b'[2,"\xed\xa0\x80","Heartbeat",{}]',
    "overlong slash": b'[2,"\xc0\xaf","Heartbeat",{}]',
    "beyond unicode": b'[2,"\xf4\x90\x80\x80","Heartbeat",{}]',
}
PROTOCOL_VIOLATIONS = {
    "reserved bit 1 without an extension": frame(HEARTBEAT, rsv=RSV1),
    "reserved bit 2": frame(HEARTBEAT, rsv=RSV2),
    "reserved bit 3": frame(HEARTBEAT, rsv=RSV3),
    "reserved bit 1 on a ping": frame(b"", opcode=PING, rsv=RSV1),
    "reserved data opcode 3": frame(HEARTBEAT, opcode=0x3),
    "reserved data opcode 7": frame(HEARTBEAT, opcode=0x7),
    "reserved control opcode B": frame(b"", opcode=0xB),
    "reserved control opcode F": frame(b"", opcode=0xF),
    "unmasked text": frame(HEARTBEAT, masked=False),
    "unmasked ping": frame(b"", opcode=PING, masked=False),
    "fragmented ping": frame(b"", opcode=PING, fin=False),
    "fragmented close": frame(struct.pack("!H", NORMAL), opcode=CLOSE, fin=False),
    "ping of 126 bytes": frame(bytes(126), opcode=PING),
    "continuation of nothing": frame(HEARTBEAT, opcode=CONTINUATION),
    "last fragment of nothing after a whole message": frame(HEARTBEAT) + frame(HEARTBEAT, opcode=CONTINUATION),
    "text within a fragmented message": frame(b"[2,", fin=False) + frame(HEARTBEAT),
    "close frame of one byte": frame(b"\x03", opcode=CLOSE),
    "close code 0": close_frame(0),
    "close code 999": close_frame(999),
    "close code 1005, which is never sent": close_frame(1005),
    "close code 1006, which is never sent": close_frame(1006),
    "close code 1015, which is never sent": close_frame(1015),
    "close code 2000, which nobody defined": close_frame(2000),
    "close code 5000, which is out of range": close_frame(5000),
}
NO_UPGRADE = {
    "plain GET": (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 426),
    "plain GET of a station's path": (b"GET /ocpp/CP1 HTTP/1.1\r\nHost: a\r\n\r\n", 426),
    "POST": (b"POST /ocpp/CP1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}", 405),
    "HTTP/1.0": (b"GET /ocpp/CP1 HTTP/1.0\r\n\r\n", 505),
    "HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "no HTTP at all": (b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n\r\n", 400),
    "header without a colon": (b"GET /ocpp/CP1 HTTP/1.1\r\nHost\r\n\r\n", 400),
    "version 8": (upgrade_request("/ocpp/CP1", headers={"Sec-WebSocket-Version": "8"}), 426),
    "no key": (upgrade_request("/ocpp/CP1", headers={"Sec-WebSocket-Key": ""}), 400),
    "short key": (upgrade_request("/ocpp/CP1", headers={"Sec-WebSocket-Key": "c2hvcnQ="}), 400),
    "no identity": (upgrade_request("/"), 400),
    "identity that is not UTF-8": (upgrade_request("/ocpp/%FF%FE"), 400),
    "head of 100 kB": (upgrade_request("/ocpp/CP1", headers={"X-Long": "x" * 100_000}), 431),
    "endless head": (b"GET /ocpp/CP1 HTTP/1.1\r\n" + b"X-More: y\r\n" * 20_000, 431),
}
NOT_A_CALL = {
    "not JSON": b"This is fine",
    "empty message": b"",
    "cut JSON": b'[2,"1","Heartbeat",{',
    "NUL": b"\0",
    "object": b'{"action":"Heartbeat"}',
    "number": b"42",
    "empty array": b"[]",
    "call of two elements": b'[2,"1"]',
    "call of five elements": b'[2,"1","Heartbeat",{},{}]',
    "unknown message type": b'[9,"1","Heartbeat",{}]',
    "huge message type": b"[" + b"9" * 400 + b',"1","Heartbeat",{}]',
    "id that is no string": b'[2,1,"Heartbeat",{}]',
    "payload that is no object": b'[2,"1","Heartbeat",[]]',
    "answer nobody waits for": b'[3,"1",{}]',
    "error nobody waits for": b'[4,"-1","RpcFrameworkError","",{}]',
    "deep nesting": b"[" * 60_000,
}


@pytest.fixture
async def neighbour(csms: Csms) -> AsyncIterator[Witness]:
    async with witness(csms.ocpp_port) as station:
        yield station


@pytest.fixture
async def peer(csms: Csms, neighbour: Witness) -> AsyncIterator[RawPeer]:
    async with await RawPeer.connect(csms.ocpp_port) as peer:
        yield peer


async def test_a_binary_message_is_closed_with_1003(peer: RawPeer) -> None:
    """RPC-001: every frame is a text message."""
    await peer.send(HEARTBEAT, opcode=BINARY)
    assert await peer.read_close_code() == UNSUPPORTED_DATA


async def test_the_first_fragment_of_a_binary_message_is_closed_with_1003(peer: RawPeer) -> None:
    await peer.send(bytes(range(256)), opcode=BINARY, fin=False)
    assert await peer.read_close_code() == UNSUPPORTED_DATA


async def test_ten_megabytes_in_one_frame_are_closed_with_1009(peer: RawPeer) -> None:
    await peer.send(b'["' + b"x" * TEN_MEGABYTES + b'"]')
    assert await peer.read_close_code() == TOO_BIG


async def test_ten_megabytes_in_fragments_are_closed_with_1009(peer: RawPeer) -> None:
    piece = b"x" * 10_000
    await peer.write(frame(piece, fin=False) + frame(piece, opcode=CONTINUATION, fin=False) * (TEN_MEGABYTES // 10_000))
    assert await peer.read_close_code() == TOO_BIG


async def test_a_frame_that_only_announces_an_exabyte_is_closed_with_1009(peer: RawPeer) -> None:
    await peer.write(bytes((0x81, 0xFF)) + (2**60).to_bytes(8, "big") + b"mask")
    assert await peer.read_close_code() == TOO_BIG


@pytest.mark.parametrize("payload", NOT_UTF8.values(), ids=NOT_UTF8)
async def test_broken_utf8_is_closed_with_1007(peer: RawPeer, payload: bytes) -> None:
    await peer.send(payload)
    assert await peer.read_close_code() == INVALID_TEXT


async def test_broken_utf8_in_fragments_is_closed_with_1007(peer: RawPeer) -> None:
    await peer.send(b'[2,"\xe2\x82', fin=False)
    await peer.send(b'","Heartbeat",{}]', opcode=CONTINUATION)
    assert await peer.read_close_code() == INVALID_TEXT


async def test_broken_utf8_in_a_close_reason_is_closed_with_1007(peer: RawPeer) -> None:
    await peer.send(struct.pack("!H", NORMAL) + b"\xff\xfe", opcode=CLOSE)
    assert await peer.read_close_code() == INVALID_TEXT


@pytest.mark.parametrize("data", PROTOCOL_VIOLATIONS.values(), ids=PROTOCOL_VIOLATIONS)
async def test_a_violation_of_the_websocket_protocol_is_closed_with_1002(peer: RawPeer, data: bytes) -> None:
    await peer.write(data)
    assert await peer.read_close_code() == PROTOCOL_ERROR


async def test_what_is_no_deflate_stream_is_closed_with_1002(csms: Csms, neighbour: Witness) -> None:
    async with await deflating(csms) as peer:
        await peer.send(b"\xff\xff\xff\xff not compressed", rsv=RSV1)
        assert await peer.read_close_code() == PROTOCOL_ERROR


async def test_ten_megabytes_compressed_to_ten_kilobytes_are_closed_with_1009(csms: Csms, neighbour: Witness) -> None:
    async with await deflating(csms) as peer:
        await peer.send(deflated(b" " * TEN_MEGABYTES), rsv=RSV1)
        assert await peer.read_close_code() == TOO_BIG


@pytest.mark.parametrize("seed", range(10))
async def test_random_bytes_after_the_upgrade_are_closed_with_a_code_that_says_why(peer: RawPeer, seed: int) -> None:
    await peer.write(random.Random(seed).randbytes(4096))
    assert await peer.read_close_code() in {PROTOCOL_ERROR, UNSUPPORTED_DATA, INVALID_TEXT, TOO_BIG}


@pytest.mark.parametrize("seed", range(5))
async def test_random_bytes_before_the_upgrade_are_answered_with_400(csms: Csms, neighbour: Witness, seed: int) -> None:
    async with await RawPeer.dial(csms.ocpp_port) as peer:
        await peer.write(random.Random(seed).randbytes(512) + b"\r\n\r\n")
        assert (await peer.read_http()).status == 400


@pytest.mark.parametrize(("data", "status"), NO_UPGRADE.values(), ids=NO_UPGRADE)
async def test_http_instead_of_websocket_is_answered_with_status_and_body(
    csms: Csms, neighbour: Witness, data: bytes, status: int
) -> None:
    async with await RawPeer.dial(csms.ocpp_port) as peer:
        await peer.write(data)
        answer = await peer.read_http()
        assert answer.status == status
        assert answer.body
        assert await peer.read_to_end() == b""


async def test_a_refused_websocket_version_is_told_the_right_one(csms: Csms) -> None:
    """RFC 6455, 4.2.2: a 426 names the versions that are spoken."""
    async with await RawPeer.dial(csms.ocpp_port) as peer:
        answer = await peer.upgrade(headers={"Sec-WebSocket-Version": "8"})
    assert (answer.status, answer.headers["sec-websocket-version"]) == (426, "13")


async def test_slow_heads_and_silent_sockets_are_answered_with_408_and_hold_up_nobody(
    csms: Csms, neighbour: Witness
) -> None:
    """One upgrade comes byte by byte, one stops half-way, one never says a word."""
    async with (
        await RawPeer.dial(csms.ocpp_port) as slow,
        await RawPeer.dial(csms.ocpp_port) as half,
        await RawPeer.dial(csms.ocpp_port) as silent,
    ):
        dripping = asyncio.create_task(drip(slow, upgrade_request("/ocpp/SLOW")))
        await half.write(b"GET /ocpp/HALF HTTP/1.1\r\nHost: a\r\n")
        await neighbour.beats()
        answers = await asyncio.gather(slow.read_http(), half.read_http(), silent.read_http())
        dripping.cancel()
        assert [answer.status for answer in answers] == [408, 408, 408]
        assert all(answer.body for answer in answers)


async def test_peers_that_vanish_at_any_moment_leave_no_trace(csms: Csms, neighbour: Witness) -> None:
    """Dropped before a byte, within the head, right behind it, within a frame, with an answer on its way."""
    head = upgrade_request("/ocpp/GONE")
    for data in (b"", head[:40], head, head + frame(HEARTBEAT)[:9], head + frame(HEARTBEAT)):
        async with await RawPeer.dial(csms.ocpp_port) as peer:
            await peer.write(data)
        await neighbour.beats()


async def test_a_half_open_socket_gives_way_to_a_new_connection_of_the_same_station(
    csms: Csms, neighbour: Witness
) -> None:
    """CON-031: the older connection, which never says a word again, is replaced at once."""
    async with await RawPeer.connect(csms.ocpp_port, "/ocpp/TWICE") as old:
        await old.call("1", "BootNotification", BOOT)
        async with await RawPeer.connect(csms.ocpp_port, "/ocpp/TWICE") as new:
            assert (await new.call("2", "Heartbeat"))[:2] == [3, "2"]
            assert 1000 <= await old.read_close_code() < 5000


async def test_a_peer_that_sends_without_reading_holds_up_nobody(csms: Csms, neighbour: Witness) -> None:
    async with await RawPeer.connect(csms.ocpp_port) as peer:
        for number in range(20_000):
            peer.writer.write(frame(b'[2,"%d","Heartbeat",{}]' % number))
        await neighbour.beats()


@pytest.mark.parametrize("payload", NOT_A_CALL.values(), ids=NOT_A_CALL)
@pytest.mark.parametrize("subprotocol", ["ocpp1.6", "ocpp2.0.1"])
async def test_nonsense_in_a_text_message_costs_no_connection(
    csms: Csms, neighbour: Witness, subprotocol: str, payload: bytes
) -> None:
    """RPC-014..016, RPC-025: at most a CALLERROR; the next CALL of the same peer is answered."""
    async with await RawPeer.connect(csms.ocpp_port, f"/ocpp/{subprotocol}", subprotocol=subprotocol) as peer:
        await peer.send(payload)
        await peer.send('[2,"after","Heartbeat",{}]')
        while (answer := json.loads(await peer.read_message()))[1] != "after":
            assert answer[0] == 4, answer


async def test_a_proper_close_frame_is_answered_with_its_own_code(peer: RawPeer) -> None:
    """RFC 6455, 5.5.1; then the TCP connection ends."""
    await peer.write(close_frame(1001, "bye"))
    received = await peer.read_frame()
    assert received == Frame(CLOSE, struct.pack("!H", 1001))
    assert await peer.read_to_end() == b""


async def test_a_close_frame_without_a_code_is_answered_with_1000(peer: RawPeer) -> None:
    await peer.send(b"", opcode=CLOSE)
    assert await peer.read_close_code() == NORMAL
    assert await peer.read_to_end() == b""


async def deflating(csms: Csms) -> RawPeer:
    """Connect with permessage-deflate, which only 2.x has (CON-015, CON-016)."""
    peer = await RawPeer.dial(csms.ocpp_port)
    answer = await peer.upgrade("/ocpp/DEFLATE", subprotocols=("ocpp2.0.1",), extensions="permessage-deflate")
    assert answer.headers["sec-websocket-extensions"].startswith("permessage-deflate")
    return peer


def deflated(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return (compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)).removesuffix(b"\x00\x00\xff\xff")


async def drip(peer: RawPeer, data: bytes) -> None:
    """Send a byte every tenth of a second."""
    for byte in data:
        await peer.write(bytes((byte,)))
        await asyncio.sleep(0.1)

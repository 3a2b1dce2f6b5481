"""The load: N WebSocket connections from one process, one call outstanding on each, frames masked beforehand.

It speaks just enough WebSocket to be much cheaper than any server it measures, and knows nothing of OCPP but the
bytes it was given. Prints one JSON object: the resident size per idle connection and, by action, rates and latencies.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import resource
import sys
from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from time import perf_counter, perf_counter_ns
from typing import Any, cast

import uvloop

IDS = 512  # distinct message ids in rotation, so that no server meets one twice within its memory of recent ones
CONNECTING_AT_ONCE = 50
CONNECT_TIMEOUT = 60.0
LONGEST_WARM_UP = 6.0
LONGEST_ROUND = 20.0
SETTLING_AT_MOST = 3.0
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")

METER_VALUES = {
    "connectorId": 1,
    "transactionId": 4711,
    "meterValue": [
        {
            "timestamp": "2025-03-01T12:00:00Z",
            "sampledValue": [
                {
                    "value": "123456",
                    "context": "Sample.Periodic",
                    "measurand": "Energy.Active.Import.Register",
                    "unit": "Wh",
                },
                {"value": "11040.5", "context": "Sample.Periodic", "measurand": "Power.Active.Import", "unit": "W"},
                {"value": "57", "context": "Sample.Periodic", "measurand": "SoC", "unit": "Percent"},
            ],
        },
    ],
}
PAYLOADS: dict[str, dict[str, Any]] = {"Heartbeat": {}, "MeterValues": METER_VALUES}


@dataclass
class Load:
    """What all connections share: the frames to send, the answers counted, the latencies of the window."""

    answer_prefix: bytes
    frames: list[bytes] = field(default_factory=list)
    running: bool = False
    answers: int = 0
    answered: set[int] = field(default_factory=set)
    wrong: list[bytes] = field(default_factory=list)
    latencies_ns: array[int] = field(default_factory=lambda: array("Q"))
    measuring: bool = False
    lost: int = 0
    marker: Callable[[], None] | None = None  # called at each answer of the first connection


@dataclass(frozen=True)
class Snapshot:
    """Counters at one moment."""

    at: float
    answers: int
    cpu_s: float
    own_cpu_s: float


class Peer(asyncio.Protocol):
    """One station: upgrades, then sends the next call as soon as the last one is answered."""

    def __init__(self, load: Load, number: int, request: bytes) -> None:
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._load = load
        self._number = number
        self._request = request
        self._buffer = b""
        self._next = number
        self._sent_at = 0
        self._is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's own class, of the same shape
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if not self._is_open:
            self._upgraded(data)
            return
        if self._buffer:
            data = self._buffer + data
        size = data[1]
        start = 2
        if size >= 126:
            size = int.from_bytes(data[2:4], "big")
            start = 4
        if len(data) < start + size:
            self._buffer = data
            return
        if data[0] != 0x81:
            self._other_frame(data, start + size)
            return
        self._buffer = data[start + size :]
        self._answered(data, start)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._is_open:
            self._load.lost += 1
        elif not self.opened.done():
            self.opened.set_exception(ConnectionError(f"connection {self._number} closed before the upgrade: {exc}"))

    def close(self) -> None:
        self._is_open = False
        self.transport.abort()

    def start(self) -> None:
        self._sent_at = perf_counter_ns()
        self.transport.write(self._load.frames[self._next % IDS])
        self._next += 1

    def _answered(self, data: bytes, start: int) -> None:
        load = self._load
        now = perf_counter_ns()
        load.answers += 1
        if load.measuring:
            load.latencies_ns.append(now - self._sent_at)
        else:
            load.answered.add(self._number)
            if not data.startswith(load.answer_prefix, start):
                load.wrong.append(data[start : start + 200])
        if load.marker is not None and self._number == 0:
            load.marker()
        if load.running:
            self._sent_at = now
            self.transport.write(load.frames[self._next % IDS])
            self._next += 1

    def _other_frame(self, data: bytes, end: int) -> None:
        """Skip pings and pongs; whoever measures longer than a ping timeout must answer them."""
        rest = data[end:]
        self._buffer = b""
        if rest:
            self.data_received(rest)

    def _upgraded(self, data: bytes) -> None:
        self._buffer += data
        head, found, self._buffer = self._buffer.partition(b"\r\n\r\n")
        if not found:
            self._buffer = head
            return
        if b" 101 " not in head.split(b"\r\n", 1)[0]:
            self.opened.set_exception(ConnectionError(f"refused: {head!r}"))
            return
        self._is_open = True
        self.opened.set_result(None)


async def connect(load: Load, arguments: argparse.Namespace, count: int) -> list[Peer]:
    loop = asyncio.get_running_loop()
    peers: list[Peer] = []
    for first in range(0, count, CONNECTING_AT_ONCE):
        batch = [
            Peer(load, number, upgrade_request(arguments.port, number))
            for number in range(first, min(first + CONNECTING_AT_ONCE, count))
        ]
        async with asyncio.timeout(CONNECT_TIMEOUT):
            await asyncio.gather(
                *(loop.create_connection(partial(_itself, peer), "127.0.0.1", arguments.port) for peer in batch)
            )
            await asyncio.gather(*(peer.opened for peer in batch))
        peers += batch
    return peers


async def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    load = Load(answer_prefix=b"[2," if arguments.echo else b"[3,")
    await run_before(load, arguments)
    before_kib = await settled_rss_kib(arguments.pid)
    peers = await connect(load, arguments, arguments.connections)
    after_kib = await settled_rss_kib(arguments.pid)
    actions: dict[str, Any] = {}
    for action in PAYLOADS:
        load.frames = [masked_call(f"{number:08x}", action) for number in range(IDS)]
        actions[action] = await run_window(load, peers, arguments)
    await close(peers)
    return {"rss_kib_per_connection": (after_kib - before_kib) / len(peers), "actions": actions}


async def run_before(load: Load, arguments: argparse.Namespace) -> None:
    """Let the server import, allocate and compile what a first connection needs, so that it is not counted."""
    peers = await connect(load, arguments, 20)
    for action in PAYLOADS:
        load.frames = [masked_call(f"{number:08x}", action) for number in range(IDS)]
        load.answered.clear()
        for peer in peers:
            peer.start()
        async with asyncio.timeout(CONNECT_TIMEOUT):
            while len(load.answered) < len(peers):  # noqa: ASYNC110 - an event would cost every answer of the window
                await asyncio.sleep(0.01)
    await close(peers)


async def run_window(load: Load, peers: list[Peer], arguments: argparse.Namespace) -> dict[str, Any]:
    load.answered.clear()
    load.running = True
    for peer in peers:
        peer.start()
    await warm_up(load, peers, arguments.warm_up)
    load.latencies_ns = array("Q")
    first = await next_round(load, arguments.pid)
    load.measuring = True
    await asyncio.sleep(arguments.window)
    last = await next_round(load, arguments.pid)
    load.measuring = load.running = False
    await drain(load, peers)
    answers = last.answers - first.answers
    if load.wrong or load.lost or not answers:
        raise RuntimeError(f"{load.lost} connections lost, {answers} answers, not an answer: {load.wrong[:1]}")
    latencies = sorted(load.latencies_ns)
    return {
        "calls_per_s": answers / (last.at - first.at),
        "cpu_us": (last.cpu_s - first.cpu_s) / answers * 1e6,
        "generator_cpu_us": (last.own_cpu_s - first.own_cpu_s) / answers * 1e6,
        "p50_ms": latencies[len(latencies) // 2] / 1e6,
        "p99_ms": latencies[len(latencies) * 99 // 100] / 1e6,
    }


async def next_round(load: Load, pid: int) -> Snapshot:
    """Wait for the next answer on the first connection, and take stock at that moment.

    A server that reads from all its connections before it answers the first one answers in bursts: a window that
    began or ended between two of them would count one too many or too few.
    """
    taken: asyncio.Future[Snapshot] = asyncio.get_running_loop().create_future()

    def take() -> None:
        load.marker = None
        taken.set_result(Snapshot(perf_counter(), load.answers, cpu_seconds(pid), own_cpu_seconds()))

    load.marker = take
    async with asyncio.timeout(LONGEST_ROUND):
        return await taken


async def warm_up(load: Load, peers: list[Peer], seconds: float) -> None:
    """Run for ``seconds``, and on until every connection was answered once, as far as that comes in bearable time."""
    started = perf_counter()
    await asyncio.sleep(seconds)
    while len(load.answered) < len(peers) and perf_counter() - started < LONGEST_WARM_UP:  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.05)


async def drain(load: Load, peers: list[Peer]) -> None:
    """Wait for the calls still open, so that the next window starts from silence."""
    quiet, seen = 0, -1
    while quiet < 3:
        await asyncio.sleep(0.05)
        quiet = quiet + 1 if load.answers == seen else 0
        seen = load.answers


async def close(peers: list[Peer]) -> None:
    for peer in peers:
        peer.close()
    await asyncio.sleep(0)


async def settled_rss_kib(pid: int) -> int:
    """Read the resident size once it stands still, as far as it does within a few seconds."""
    size, quiet, deadline = -1, 0, perf_counter() + SETTLING_AT_MOST
    while quiet < 4 and perf_counter() < deadline:
        await asyncio.sleep(0.05)
        now = rss_kib(pid)
        quiet = quiet + 1 if now == size else 0
        size = now
    return size


def _itself(peer: Peer) -> Peer:
    return peer


def upgrade_request(port: int, number: int) -> bytes:
    return (
        f"GET /ocpp/CP{number:05} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
    ).encode()


def masked_call(id: str, action: str) -> bytes:
    payload = json.dumps([2, id, action, PAYLOADS[action]], separators=(",", ":")).encode()
    mask = random.randbytes(4)
    size = len(payload)
    head = bytes((0x81, 0x80 | size)) if size < 126 else bytes((0x81, 0xFE)) + size.to_bytes(2, "big")
    return head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads of ``pid``, from /proc/<pid>/stat."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def own_cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def rss_kib(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise ProcessLookupError(pid)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--pid", type=int, required=True, help="the server, whose CPU time and memory are read")
    parser.add_argument("--connections", type=int, required=True)
    parser.add_argument("--window", type=float, required=True, help="seconds measured")
    parser.add_argument("--warm-up", type=float, required=True, help="seconds before the window")
    parser.add_argument("--echo", action="store_true", help="the server sends back what it gets")
    arguments = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        json.dump(runner.run(measure(arguments)), sys.stdout)


if __name__ == "__main__":
    main()

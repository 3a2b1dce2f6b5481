"""Our commands as real processes: on free ports, ready when they answer, their output kept for the test's report."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import TypeVar

import httpx

TOKEN = "a-token-for-tests-only"
PATIENCE = 60.0  # seconds; eight test suites may share one core
BETWEEN_LOOKS = 0.05

T = TypeVar("T")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Command:
    """``chargewire <arguments>`` as a process, its output in a file."""

    def __init__(self, log: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                (sys.executable, "-c", "from chargewire.cli import main; main()", *arguments),
                env=os.environ | dict(environment or {}),
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    @property
    def output(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace")

    def kill(self) -> None:
        """End it as a power cut does."""
        self._process.kill()
        self._process.wait()

    def tell(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def wait(self) -> int:
        """Wait for its end, and return its exit code."""
        return self._process.wait(PATIENCE)

    def interrupt(self) -> int:
        """End it as a service manager does, and return its exit code."""
        self.tell(signal.SIGTERM)
        return self.wait()

    def end(self) -> None:
        if self.is_running:
            try:
                self.interrupt()
            except subprocess.TimeoutExpired:
                self.kill()


@dataclass
class Csms:
    """A management system as ``chargewire serve`` runs it, with its database kept over restarts.

    Attributes:
        folder: holds database and log.
        options: further arguments of ``serve``.
    """

    folder: Path
    options: tuple[str, ...] = ("--unknown-stations", "auto", "--unknown-tokens", "refuse")
    http_port: int = field(default_factory=free_port)
    ocpp_port: int = field(default_factory=free_port)
    command: Command | None = None

    @property
    def ocpp_url(self) -> str:
        return f"ws://127.0.0.1:{self.ocpp_port}/ocpp"

    async def start(self) -> None:
        """Start the process and wait until it answers."""
        self.command = Command(
            self.folder / "csms.log",
            "serve",
            *("--http", f"127.0.0.1:{self.http_port}", "--ocpp", f"127.0.0.1:{self.ocpp_port}"),
            *("--database", f"sqlite:///{self.folder / 'csms.db'}", *self.options),
            environment={"CHARGEWIRE_ADMIN_TOKEN": TOKEN},
        )
        await ready(self.command, f"http://127.0.0.1:{self.http_port}/health")

    def kill(self) -> None:
        assert self.command is not None
        self.command.kill()

    def rest(self) -> httpx.AsyncClient:
        """Return a client of the REST API, signed in."""
        return httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.http_port}/api/v1",
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=PATIENCE,
        )


@asynccontextmanager
async def serving(folder: Path, *options: str) -> AsyncIterator[Csms]:
    """Run a management system for the time of the block."""
    csms = Csms(folder, options) if options else Csms(folder)
    try:
        await csms.start()
        yield csms
    finally:
        if csms.command is not None:
            csms.command.end()


async def ready(command: Command, health: str) -> None:
    """Wait until ``health`` answers 200.

    Raises:
        AssertionError: the process ended, or did not answer in time; with its output.
    """
    deadline = monotonic() + PATIENCE
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        while monotonic() < deadline:
            assert command.is_running, f"the process ended:\n{command.output}"
            try:
                if (await client.get(health)).status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(BETWEEN_LOOKS)
    raise AssertionError(f"{health} did not answer:\n{command.output}")


async def until(look: Callable[[], Awaitable[T]], *, patience: float = PATIENCE) -> T:
    """Call ``look`` until it returns something true, and return that; an assertion failure after ``patience`` s."""
    deadline = monotonic() + patience
    while not (seen := await look()):
        assert monotonic() < deadline, f"waited {patience:g} s in vain; last seen: {seen!r}"
        await asyncio.sleep(BETWEEN_LOOKS)
    return seen

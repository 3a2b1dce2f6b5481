"""Runs a script of the examples or the README as its reader would, on free ports. Knows nothing about what it does."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager


class Script:
    """A running script: what it prints can be waited for."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._printed: list[str] = []

    @property
    def printed(self) -> str:
        return "".join(self._printed)

    async def prints(self, text: str) -> str:
        """Wait for a line that holds ``text``, and return it."""
        async with asyncio.timeout(30):
            while line := await self._read_line():
                if text in line:
                    return line.rstrip()
        raise AssertionError(f"the script ended without printing {text!r}:\n{self.printed}")

    async def listens(self, port: int) -> None:
        """Wait until the script accepts connections."""
        async with asyncio.timeout(30):
            while self._process.returncode is None:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except ConnectionRefusedError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    await writer.wait_closed()
                    return
        await self.prints("a line after which it listens")

    def terminate(self) -> None:
        """Send SIGTERM."""
        self._process.terminate()

    async def stop(self) -> None:
        if self._process.returncode is None:
            self._process.terminate()
        while await self._read_line():
            pass
        await self._process.wait()

    async def _read_line(self) -> str:
        assert self._process.stdout is not None
        line = (await self._process.stdout.readline()).decode()
        self._printed.append(line)
        return line


@asynccontextmanager
async def running(source: str, *, ports: Mapping[str, int]) -> AsyncIterator[Script]:
    """Run ``source`` with the documented ports replaced; it must not print a traceback before it is stopped."""
    for documented, port in ports.items():
        assert documented in source
        source = source.replace(documented, str(port))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-u", "-c", source), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    script = Script(process)
    try:
        yield script
    finally:
        await script.stop()
    assert "Traceback" not in script.printed, script.printed

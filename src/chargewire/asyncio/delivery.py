"""Takes messages from an outbox to a connection, one after the other. Knows nothing about how it is dialled."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from chargewire.errors import ConnectionLost, NotConnected
from chargewire.messages import Request, Response
from chargewire.outbox import Entry, Outbox

_log = logging.getLogger("chargewire")


class Courier:
    """Delivers what is in an outbox.

    Args:
        outbox: what is to be delivered.
        identity: of the charge point, for logs.
        call: sends a message on the present connection.
        wait_connected: returns when there is one, and raises :exc:`~chargewire.NotConnected` when there will be none.
    """

    def __init__(
        self,
        outbox: Outbox,
        *,
        identity: str,
        call: Callable[[Request[Any, Any]], Awaitable[Response]],
        wait_connected: Callable[[], Awaitable[None]],
    ) -> None:
        self.outbox = outbox
        self.identity = identity
        self._call = call
        self._wait_connected = wait_connected
        self._changed = asyncio.Event()
        self._answers: dict[int, asyncio.Future[Any]] = {}

    def answer_to(self, entry: Entry[Any]) -> asyncio.Future[Any]:
        """Return the future of an entry's response."""
        answer: asyncio.Future[Any] | None = self._answers.get(entry.key)
        if answer is None:
            answer = self._answers[entry.key] = asyncio.get_running_loop().create_future()
            answer.add_done_callback(_retrieve)
        self._changed.set()
        return answer

    def wake(self) -> None:
        """Look into the outbox again."""
        self._changed.set()

    def close(self) -> None:
        """Cancel the futures of what is still in the outbox."""
        for answer in self._answers.values():
            answer.cancel()
        self._answers.clear()

    async def run(self) -> None:
        """Deliver until there will be no connection any more."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                await self._wait_connected()
            except NotConnected:
                return
            self._changed.clear()
            try:
                entry = self.outbox.next(loop.time())
            except Exception:  # noqa: BLE001 - a user's `revise`
                _log.exception(
                    "%s: a delivery could not be revised; it waits until something else is queued", self.identity
                )
                await self._changed.wait()
                continue
            if entry is not None:
                await self._deliver(entry)
                await asyncio.sleep(0)  # who waits for this answer learns from it what to revise in the next message
                continue
            due = self.outbox.deadline()
            try:
                async with asyncio.timeout_at(due):
                    await self._changed.wait()
            except TimeoutError:
                pass

    async def _deliver(self, entry: Entry[Any]) -> None:
        try:
            response = await self._call(entry.message)
        except (ConnectionLost, NotConnected):
            self.outbox.interrupted(entry)
        except asyncio.CancelledError:
            self.outbox.interrupted(entry)
            raise
        except Exception as exc:  # noqa: BLE001 - refused, not answered, not valid, or a user's layer failed
            if self.outbox.failed(entry, asyncio.get_running_loop().time()):
                _log.warning("%s: gave up delivering %r: %r", self.identity, entry, exc)
                self._resolve(entry, exc)
        else:
            self.outbox.delivered(entry)
            self._resolve(entry, response)

    def _resolve(self, entry: Entry[Any], outcome: Response | Exception) -> None:
        answer = self._answers.pop(entry.key, None)
        if answer is None or answer.done():
            return
        if isinstance(outcome, Exception):
            answer.set_exception(outcome)
        else:
            answer.set_result(outcome)


def _retrieve(answer: asyncio.Future[Any]) -> None:
    """Mark a failure as seen: who does not wait for a delivery has decided not to know."""
    if not answer.cancelled():
        answer.exception()

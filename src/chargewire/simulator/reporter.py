"""Tells the CSMS the status of every connector, in order, and nothing twice. Knows no states, only their changes."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from datetime import datetime

from chargewire.errors import ConnectionLost, NotConnected, OcppError

from .actions import StatusChanged
from .dialect import Dialect

_log = logging.getLogger("chargewire.simulator")


class StatusReporter:
    """The StatusNotifications of one station.

    They are no transaction messages: what happens while offline is not told afterwards, only what is different then
    (BOOT-016, BOOT-017).
    """

    def __init__(self, dialect: Dialect, clock: Callable[[], datetime]) -> None:
        self._dialect = dialect
        self._clock = clock
        self._open = False
        self._pending: deque[tuple[StatusChanged, datetime]] = deque()
        self._told: dict[int, Hashable] = {}
        self._wake = asyncio.Event()

    def changed(self, change: StatusChanged) -> None:
        """Tell a change, unless nothing may be told at present."""
        if self._open:
            self._pending.append((change, self._clock()))
            self._wake.set()

    def pause(self) -> None:
        """Forget what was not told yet: the connection is gone, or the registration."""
        self._open = False
        self._pending.clear()

    def resume(self, present: Iterable[StatusChanged], *, everything: bool) -> None:
        """Tell what is different from what was told last, or everything (BOOT-011, BOOT-012)."""
        self._open = True
        if everything:
            self._told.clear()
        at = self._clock()
        self._pending.clear()
        self._pending.extend((change, at) for change in present)
        self._wake.set()

    async def send(self, change: StatusChanged) -> None:
        """Tell a status because the CSMS asked, whether it is new or not.

        Raises:
            OcppError: It was not answered.
        """
        if self._dialect.status_of(change) is not None:
            await self._dialect.send_status(change, self._clock())

    async def run(self) -> None:
        """Tell what is pending, one after the other, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._pending:
                await self._tell(*self._pending.popleft())

    async def _tell(self, change: StatusChanged, at: datetime) -> None:
        told = self._dialect.status_of(change)
        if told is None or told == self._told.get(change.connector):
            return
        try:
            await self._dialect.send_status(change, at)
        except (ConnectionLost, NotConnected):
            return  # `resume` will find the difference
        except OcppError as exc:
            _log.warning("connector %d: status %s was not taken: %s", change.connector, change.status, exc)
        self._told[change.connector] = told

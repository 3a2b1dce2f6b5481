"""Messages that must arrive: kept while offline, sent in order, retried. Knows no clock, no socket and no tasks.

OCPP calls these the transaction-related messages. They leave strictly one after the other (OCPP 1.6, 3.7), whatever
happens to the connection meanwhile. One entry lives like this::

    put ──> waiting ──next──> in flight ──delivered──> gone
               ^                  │
               ├──interrupted─────┤   the link went away: does not count as an attempt
               └──failed──────────┴─────────────────> gone after the last attempt

A lost link does not use up an attempt. The attempts exist for messages that the CSMS answers with an error or not at
all; a connection that flaps three times must not cost the operator a transaction. The price is that a message may
arrive twice when the answer was lost on the way, which a CSMS has to recognise in any case.

What must also outlive the process is written to an :class:`OutboxStore`, which somebody else makes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

M = TypeVar("M")


@dataclass(slots=True, eq=False, repr=False)
class Entry(Generic[M]):
    """One message in an outbox, and the handle by which its fate is reported. To be read, not written, outside.

    Attributes:
        key: Unique within its outbox, ascending in the order of delivery.
        original: The message as it was put.
        revise: What is applied to ``original`` right before each attempt.
        message: What to send: ``original`` as ``revise`` left it at the latest attempt.
        sends: Attempts that count: the one under way and those ended by ``failed``.
        not_before: When the next attempt may begin.
    """

    key: int
    original: M
    revise: Callable[[M], M] | None
    message: M
    sends: int = 0
    not_before: float = float("-inf")

    def __repr__(self) -> str:
        """Name the entry without its payload: id tokens do not belong into logs."""
        return f"Entry(key={self.key}, message={type(self.original).__name__}, sends={self.sends})"


class OutboxStore(Protocol):
    """Where an outbox writes down what it holds. Its methods return when that is done.

    Functions cannot be stored: of a message that is revised, the form of its latest attempt is, and until then the
    original. After a restart :meth:`Outbox.revise` gives an entry its function back.
    """

    def load(self) -> Iterable[Entry[Any]]:
        """Read what was added and not removed, in the order of delivery."""
        ...

    def add(self, entry: Entry[Any]) -> None:
        """Write a new entry; what this raises, ``put`` raises, and the message is not accepted."""

    def update(self, entry: Entry[Any], *, sends: int) -> None:
        """Write ``entry.message`` and the attempts that count. Must not raise: at worst an attempt is repeated."""

    def remove(self, entry: Entry[Any]) -> None:
        """Forget an entry. Must not raise: at worst a message is sent again after a restart."""


class Outbox:
    """A queue of messages of which at most one is in flight.

    The two settings are plain attributes: a station changes them when the CSMS does, and the next failure obeys.

    Args:
        store: keeps the messages beyond the process; what it has is delivered first. The wait before a message is
            sent again does not outlive the process, its attempts do.

    Attributes:
        attempts: Sends before a message is given up (TransactionMessageAttempts, MessageAttempts[TransactionEvent]).
            The figure of the example in OCPP 1.6, 3.7.1.
        retry_interval: Seconds; before a message is sent again this is waited once for each of its sends so far
            (TransactionMessageRetryInterval, MessageAttemptInterval[TransactionEvent]). The figure of the same example.
    """

    def __init__(self, *, attempts: int = 3, retry_interval: float = 60.0, store: OutboxStore | None = None) -> None:
        self.attempts = attempts
        self.retry_interval = retry_interval
        self._store = store
        self._entries: deque[Entry[Any]] = deque(() if store is None else store.load())
        self._last_key = self._entries[-1].key if self._entries else 0
        self._in_flight = False
        self._held = False

    def __len__(self) -> int:
        """Count the messages without a final answer, the one in flight included."""
        return len(self._entries)

    @property
    def is_held(self) -> bool:
        """Whether nothing may leave at the moment."""
        return self._held

    def entries(self) -> tuple[Entry[Any], ...]:
        """List the messages in the order of delivery, the one in flight included."""
        return tuple(self._entries)

    def put(self, message: M, *, revise: Callable[[M], M] | None = None) -> Entry[M]:
        """Append a message.

        Args:
            message: What to send.
            revise: Applied to ``message`` right before each attempt, for what is not known yet: the transaction id
                of a start made offline, or that the link was lost meanwhile.

        Raises:
            Exception: Whatever the store raised; the message is not accepted.
        """
        entry = Entry(self._last_key + 1, message, revise, message)
        if self._store is not None:
            self._store.add(entry)
        self._last_key = entry.key
        self._entries.append(entry)
        return entry

    def revise(self, entry: Entry[M], revise: Callable[[M], M]) -> None:
        """Apply ``revise`` before each further attempt of an entry: one from before a restart has lost its own."""
        entry.revise = revise

    def hold(self) -> None:
        """Let nothing leave until ``release``, as before the BootNotification is accepted (OCPP 1.6, 4.2)."""
        self._held = True

    def release(self) -> None:
        """Let messages leave again."""
        self._held = False

    def next(self, now: float) -> Entry[Any] | None:
        """Take the message that is to be sent now, or nothing.

        The caller sends ``entry.message`` and reports with ``delivered``, ``failed`` or ``interrupted``; until then
        there is no next one.

        Raises:
            Exception: Whatever ``revise`` raised; the message stays where it was.
        """
        due = self.deadline()
        if due is None or due > now:
            return None
        entry = self._entries[0]
        if entry.revise is not None:
            before, entry.message = entry.message, entry.revise(entry.original)
            if self._store is not None and entry.message != before:
                self._store.update(entry, sends=entry.sends)
        entry.sends += 1
        self._in_flight = True
        return entry

    def deadline(self) -> float | None:
        """Return when ``next`` yields a message (possibly in the past), or None while it will not by itself."""
        if self._held or self._in_flight or not self._entries:
            return None
        return self._entries[0].not_before

    def delivered(self, entry: Entry[Any]) -> None:
        """Remove the message in flight: it was answered.

        Raises:
            ValueError: The entry is not in flight.
        """
        self._land(entry)
        self._remove(entry)

    def failed(self, entry: Entry[Any], now: float) -> bool:
        """Note that the message in flight was answered with an error, or not in time.

        It waits for its next attempt, in front of all others, or is discarded after the last one.

        Returns:
            Whether it was discarded.

        Raises:
            ValueError: The entry is not in flight.
        """
        self._land(entry)
        if entry.sends >= self.attempts:
            self._remove(entry)
            return True
        entry.not_before = now + self.retry_interval * entry.sends
        if self._store is not None:
            self._store.update(entry, sends=entry.sends)
        return False

    def interrupted(self, entry: Entry[Any]) -> None:
        """Note that the link went away before the answer came. The attempt does not count.

        Raises:
            ValueError: The entry is not in flight.
        """
        self._land(entry)
        entry.sends -= 1

    def _land(self, entry: Entry[Any]) -> None:
        if not self._in_flight or self._entries[0] is not entry:
            raise ValueError(f"{entry!r} is not in flight")
        self._in_flight = False

    def _remove(self, entry: Entry[Any]) -> None:
        self._entries.popleft()
        if self._store is not None:
            self._store.remove(entry)

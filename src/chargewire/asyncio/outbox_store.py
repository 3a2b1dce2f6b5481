"""Keeps an outbox in a file, so that it outlives the process. Knows nothing about connections or retries.

The writes are synchronous: when ``deliver()`` returns, the message is in the file. A charge point has a few of them a
minute, and each takes as long as the disk needs to say that it has it. Doing it in a thread would save these
milliseconds of the event loop, and would leave a moment in which a message is accepted and not yet safe.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from chargewire.errors import InvalidPayload
from chargewire.messages import Action, Kind, Message
from chargewire.outbox import Entry
from chargewire.protocol import Version
from chargewire.validation import check, decode, encode

_APPLICATION_ID = 0x63_77_6F_62  # "cwob": a file with another one is not ours
_SCHEMA = 1
_CREATE = """
CREATE TABLE delivery (
    key INTEGER PRIMARY KEY,
    version TEXT NOT NULL,
    action TEXT NOT NULL,
    payload TEXT NOT NULL,
    sends INTEGER NOT NULL
) STRICT
"""

_log = logging.getLogger("chargewire")


class SqliteOutboxStore:
    """An outbox in an SQLite file: ``Outbox(store=SqliteOutboxStore("cp001.outbox", v16))``.

    A message is stored as version, action and payload. One process has the file at a time; a killed one lets go of it
    at once. Use it as a context manager, or :meth:`close` it after the charge point.

    Args:
        path: of the file, which is made when it is missing; its directory must exist.
        versions: packages whose messages may be in it.

    Raises:
        OSError: the file cannot be opened, or another process has it.
        ValueError: it is something else than an outbox, or was written by a newer chargewire; or no version is named.
    """

    def __init__(self, path: str | Path, *versions: Version) -> None:
        if not versions:
            raise ValueError("versions: name at least one of v16, v201, v21")
        self._path = Path(path)
        self._actions: dict[str, Mapping[str, Action]] = {each.SUBPROTOCOL: each.ACTIONS for each in versions}
        self._subprotocols: dict[type[Message], str] = {
            action.request: subprotocol
            for subprotocol, actions in self._actions.items()
            for action in actions.values()
            if action.kind is Kind.CALL
        }
        try:
            self._database = sqlite3.connect(self._path, timeout=0.0, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as exc:
            raise OSError(f"{self._path}: {exc}") from exc
        try:
            self._open()
        except sqlite3.OperationalError as exc:
            self.close()
            raise OSError(f"{self._path}: {exc}") from exc
        except (sqlite3.DatabaseError, ValueError) as exc:
            self.close()
            raise ValueError(f"path: {self._path} is {exc if isinstance(exc, ValueError) else 'no outbox'}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def load(self) -> list[Entry[Any]]:
        """Read what was added and not removed, in the order of delivery.

        Raises:
            ValueError: a message is of a version that was not named, or none that this chargewire can read.
        """
        rows = self._database.execute("SELECT key, version, action, payload, sends FROM delivery ORDER BY key")
        return [self._entry(*row) for row in rows.fetchall()]

    def add(self, entry: Entry[Any]) -> None:
        """Write a new entry.

        Raises:
            InvalidPayload: the message does not fit its schema.
            ValueError: it is no request of the versions named.
            OSError: it cannot be written.
        """
        version, action, payload = self._row(entry.message)
        try:
            self._database.execute(
                "INSERT INTO delivery (key, version, action, payload, sends) VALUES (?, ?, ?, ?, ?)",
                (entry.key, version, action, payload, entry.sends),
            )
        except sqlite3.Error as exc:
            raise OSError(f"{self._path}: {exc}") from exc

    def update(self, entry: Entry[Any], *, sends: int) -> None:
        """Write what an entry has become; where it cannot be, that is logged and the file keeps what it had."""
        try:
            version, action, payload = self._row(entry.message)
            self._database.execute(
                "UPDATE delivery SET version = ?, action = ?, payload = ?, sends = ? WHERE key = ?",
                (version, action, payload, sends, entry.key),
            )
        except (ValueError, sqlite3.Error) as exc:
            _log.error("%s: %r was not updated: %s", self._path, entry, exc)

    def remove(self, entry: Entry[Any]) -> None:
        """Forget an entry; where it cannot be, that is logged: a restarted charge point sends the message again."""
        try:
            self._database.execute("DELETE FROM delivery WHERE key = ?", (entry.key,))
        except sqlite3.Error as exc:
            _log.error("%s: %r was not removed: %s", self._path, entry, exc)

    def _open(self) -> None:
        """Take the file for this process, and see that it is an outbox.

        Raises:
            ValueError: it is not; says what it is.
        """
        execute = self._database.execute
        execute("PRAGMA locking_mode = EXCLUSIVE")
        execute("BEGIN EXCLUSIVE")  # the lock comes with it, and stays
        application = execute("PRAGMA application_id").fetchone()[0]
        schema = execute("PRAGMA user_version").fetchone()[0]
        is_new = execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0
        if is_new:
            execute(_CREATE)
            execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            execute(f"PRAGMA user_version = {_SCHEMA}")
        execute("COMMIT")
        if not is_new and (application, schema) != (_APPLICATION_ID, _SCHEMA):
            raise ValueError("an outbox of a newer chargewire" if application == _APPLICATION_ID else "no outbox")
        execute("PRAGMA journal_mode = WAL")
        # A commit is on the disk, not only with the system: stations lose their power in the middle of a charge.
        execute("PRAGMA synchronous = FULL")

    def _row(self, message: Message) -> tuple[str, str, str]:
        subprotocol = self._subprotocols.get(type(message))
        if subprotocol is None:
            raise ValueError(f"{type(message).__name__} is no request of {', '.join(self._actions)}")
        payload = encode(message)
        check(message, payload)
        return subprotocol, type(message).__name__, payload.decode()

    def _entry(self, key: int, version: str, action: str, payload: str, sends: int) -> Entry[Any]:
        known = self._actions.get(version, {}).get(action)
        if known is None:
            raise ValueError(f"versions: {self._path} holds {action} of {version}")
        try:
            message = decode(payload.encode(), known.request)
        except InvalidPayload as exc:
            raise ValueError(f"{self._path}: delivery {key}, {action}: {exc}") from exc
        return Entry(key, message, None, message, sends)

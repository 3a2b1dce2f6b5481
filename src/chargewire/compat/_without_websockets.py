"""Stand-ins for names of ``websockets`` where it is not installed. They carry the same attributes, and no more."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class State(enum.IntEnum):
    """How far a connection is."""

    CONNECTING, OPEN, CLOSING, CLOSED = range(4)


@dataclass(frozen=True, slots=True)
class Close:
    """A close frame."""

    code: int
    reason: str


class ConnectionClosed(Exception):
    """The connection is over.

    Attributes:
        rcvd: the close frame of the peer, if it sent one.
        sent: ours, if we sent one.
        rcvd_then_sent: who began, where there are both.
    """

    def __init__(self, rcvd: Close | None, sent: Close | None, rcvd_then_sent: bool | None = None) -> None:  # noqa: FBT001 - as there
        super().__init__(rcvd, sent, rcvd_then_sent)
        self.rcvd = rcvd
        self.sent = sent
        self.rcvd_then_sent = rcvd_then_sent

    def __str__(self) -> str:
        last = self.rcvd or self.sent
        return "no close frame received or sent" if last is None else f"{last.code} {last.reason}".rstrip()


class ConnectionClosedOK(ConnectionClosed):
    """It ended as it should."""


class ConnectionClosedError(ConnectionClosed):
    """It broke, or ended with a code that says what went wrong."""

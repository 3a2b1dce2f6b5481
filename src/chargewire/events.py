"""What happens to connections, as values. Knows nothing about who listens."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Generic, Literal, TypeVar

from chargewire.handshake import Head

C = TypeVar("C")  # whatever stands for a connection: a Station, a Connection, or a facade of one


@dataclass(frozen=True, slots=True)
class Connected(Generic[C]):
    """A connection is open. Comes before the first call on it is handled."""

    station: C


@dataclass(frozen=True, slots=True)
class Disconnected(Generic[C]):
    """A connection is over.

    Attributes:
        code: the close code of RFC 6455; 1006 when there was no close frame.
        by: ``"us"`` or ``"peer"``: who closed first.
    """

    station: C
    code: int
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class Replaced(Generic[C]):
    """A newer connection of the same identity takes over from ``station`` (CON-031)."""

    station: C


@dataclass(frozen=True, slots=True)
class UpgradeAborted:
    """An upgrade request was refused, or took too long.

    Attributes:
        identity: who asked, as far as it could be read.
        remote: address of the peer, ``host:port``.
        request: what it asked for; ``None`` when it did not get that far.
    """

    identity: str | None
    reason: str
    status: HTTPStatus
    remote: str
    request: Head | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class UpgradeError:
    """The socket failed, or the user's code did, before the upgrade was decided."""

    error: Exception
    remote: str


@dataclass(frozen=True, slots=True)
class BadMessage(Generic[C]):
    """The peer sent what is not an OCPP-J frame, or one that has no place here."""

    station: C
    reason: str
    data: bytes


@dataclass(frozen=True, slots=True)
class FrameReceived(Generic[C]):
    """A message as it came. Built only for those who subscribe to it by name."""

    station: C
    data: bytes


@dataclass(frozen=True, slots=True)
class FrameSent(Generic[C]):
    """A message as it left. Built only for those who subscribe to it by name."""

    station: C
    data: bytes


@dataclass(frozen=True, slots=True)
class CallTimedOut(Generic[C]):
    """A call of ours was not answered in time; who made it gets :exc:`~chargewire.errors.CallTimeout`.

    Attributes:
        action: what was called.
        id: of the message, as in :class:`FrameSent`.
    """

    station: C
    action: str
    id: str


@dataclass(frozen=True, slots=True)
class RateLimited(Generic[C]):
    """The peer called more often than ``Limits.call_rates`` allows, and was refused.

    Attributes:
        action: what it called.
        retry_after: seconds until it may.
    """

    station: C
    action: str
    retry_after: float


@dataclass(frozen=True, slots=True)
class Backpressure(Generic[C]):
    """The peer is no longer read from, until what is under way has become less.

    Attributes:
        cause: ``"calls"``: it calls faster than its calls are handled, see ``Limits.concurrent_calls``;
            ``"writing"``: it does not read what is sent to it, and is dropped after ``Timeouts.write``.
    """

    station: C
    cause: Literal["calls", "writing"]


@dataclass(frozen=True, slots=True)
class Reconnecting:
    """A charge point will dial again.

    Attributes:
        attempt: failed attempts in a row, from 1.
        delay: seconds until the next one.
        error: why the last one failed; ``None`` after a connection that had been open.
    """

    attempt: int
    delay: float
    error: Exception | None


@dataclass(frozen=True, slots=True)
class GaveUp:
    """A charge point does not dial again until it is started anew: it must not reconnect, or has tried often enough.

    Attributes:
        attempts: failed attempts in a row, without the first connection.
        error: why the last one failed; ``None`` after a connection that had been open.
    """

    attempts: int
    error: Exception | None


Event = (
    Connected[Any]
    | Disconnected[Any]
    | Replaced[Any]
    | UpgradeAborted
    | UpgradeError
    | BadMessage[Any]
    | FrameReceived[Any]
    | FrameSent[Any]
    | CallTimedOut[Any]
    | RateLimited[Any]
    | Backpressure[Any]
    | Reconnecting
    | GaveUp
)

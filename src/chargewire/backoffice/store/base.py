"""What the CSMS needs of a database: a small protocol per aggregate. Knows no engine and decides nothing.

Everybody reads through the aggregates of :class:`Store`. Changes are units of work: a plain function over a
:class:`Unit` that runs alone, sees what the units before it did, and is committed whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol, TypeVar

from chargewire.backoffice.domain import (
    BootReport,
    Event,
    IdToken,
    MeterPoint,
    Orphan,
    OutboxEvent,
    Page,
    Reading,
    Registration,
    Station,
    StatusReport,
    Transaction,
    TransactionEvent,
    TransactionRecord,
    TransactionState,
)

T = TypeVar("T")

Work = Callable[["Unit"], T]
"""A unit of work. It awaits nothing and changes nothing but what the unit offers: it may be run again."""

Subscriber = Callable[[Sequence[OutboxEvent]], None]

UNKNOWN_EVSE = -1
"""EVSE of samples whose transaction did not say yet where it is (E01.FR.16)."""


class StoreError(Exception):
    """The database did not do what was asked; nothing was changed by the unit of work that hears it."""


class StoreClosedError(StoreError):
    """The store was closed before the unit of work ran."""


class OpenError(StoreError):
    """The database cannot be opened: no such engine, no such place, or a schema of a newer chargewire."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A connection that has taken over a station, until a newer one does.

    Attributes:
        key: the station's key in the store.
        epoch: fencing token: writes of connection state count only while no newer connection has claimed the station.
        registration: the operator's decision when the connection was made.
        boot_answer: what the last BootNotification was answered with.
    """

    key: int
    identity: str
    epoch: int
    registration: Registration
    boot_answer: Registration | None


@dataclass(frozen=True, slots=True)
class Sample:
    """A reading and where it was taken."""

    evse_id: int
    transaction: int | None
    reading: Reading


class Novelty(Enum):
    """How an event relates to those stored of its transaction."""

    NEW = "a new sequence number"
    OTHER_BODY = "a known sequence number with another body"
    REPEATED = "stored already"


class Stations(Protocol):
    """Stations on record."""

    async def load(self, identity: str) -> Station | None:
        """Find a station."""
        ...

    async def list(self, *, limit: int, cursor: str | None = None) -> Page[Station]:
        """List stations in order of identity.

        Raises:
            InvalidCursorError: the cursor is of another list.
        """
        ...

    async def set_registration(self, identity: str, registration: Registration) -> Station | None:
        """Write the operator's decision; the next BootNotification is answered with it. ``None``: no such station."""
        ...


class IdTokens(Protocol):
    """Tokens on record."""

    async def load(self, token: str, *, type: str | None = None) -> IdToken | None:
        """Find a token, whatever its case; without a type the first of that text."""
        ...

    async def list(self, *, limit: int, cursor: str | None = None) -> Page[IdToken]:
        """List tokens in alphabetical order.

        Raises:
            InvalidCursorError: the cursor is of another list.
        """
        ...

    async def save(self, token: IdToken) -> bool:
        """Create or replace a token. Returns whether it is new."""
        ...

    async def delete(self, token: str, *, type: str | None = None) -> bool:
        """Forget a token; without a type all of that text. Returns whether there was one."""
        ...


class Transactions(Protocol):
    """Transactions on record."""

    async def load(self, id: int) -> Transaction | None:
        """Find a transaction by the CSMS's number."""
        ...

    async def list(
        self,
        *,
        limit: int,
        cursor: str | None = None,
        station: str | None = None,
        state: TransactionState | None = None,
    ) -> Page[Transaction]:
        """List transactions, the newest first. ``ENDED`` finds those whose end was inferred, too.

        Raises:
            InvalidCursorError: the cursor is of another list.
        """
        ...

    async def meter(self, id: int) -> tuple[MeterPoint, ...]:
        """Read the curve of a transaction, in order of time."""
        ...

    async def orphans(self, *, limit: int, cursor: str | None = None) -> Page[Orphan]:
        """List messages that belong to no transaction on record, the newest first.

        Raises:
            InvalidCursorError: the cursor is of another list.
        """
        ...


class Events(Protocol):
    """Every change, in the order of the commits."""

    async def latest(self) -> int:
        """The cursor of the newest event; 0 before the first."""
        ...

    async def after(
        self, cursor: int, *, limit: int, stations: Collection[str] | None = None
    ) -> tuple[OutboxEvent, ...]:
        """Read events with a higher cursor in order, of all stations unless some are named."""
        ...

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Have ``callback`` called on the loop right after each commit, with every event once and in order.

        Returns:
            What ends the subscription.
        """
        ...


class Admin(Protocol):
    """How the administrator is recognised."""

    async def load_token_hash(self) -> str | None:
        """The hash of the administrator's token; ``None`` before the first start."""
        ...

    async def save_token_hash(self, token_hash: str) -> None:
        """Replace the hash of the administrator's token."""
        ...


class StationUnit(Protocol):
    """Stations, within a unit of work."""

    def claim(self, identity: str, *, protocol: str, registration: Registration, at: datetime) -> Claim:
        """Take over a station for a new connection.

        Args:
            identity: which station; it is created when it is not on record.
            protocol: the negotiated subprotocol.
            registration: what a new station starts with.
            at: now.
        """
        ...

    def release(self, claim: Claim, *, at: datetime) -> bool:
        """Write that the connection is over. Returns whether it was still the newest."""
        ...

    def see(self, claim: Claim, *, at: datetime) -> bool:
        """Write a sign of life. Returns whether the connection is still the newest."""
        ...

    def boot(self, claim: Claim, report: BootReport, *, at: datetime) -> Registration:
        """Write what a station says about itself, and that it was answered with the registration returned."""
        ...

    def status(self, claim: Claim, report: StatusReport, *, status_at: datetime, at: datetime) -> bool:
        """Write a connector's status. Returns whether it is the newest; an older one is history only."""
        ...

    def sight(self, claim: Claim, *, evse_id: int, connector_id: int) -> None:
        """Make sure that a connector is on record."""
        ...

    def register(self, identity: str, registration: Registration) -> bool:
        """Write the operator's decision. Returns whether there is such a station."""
        ...


class IdTokenUnit(Protocol):
    """Tokens, within a unit of work."""

    def find(self, token: str, *, type: str | None) -> IdToken | None:
        """Find a token, whatever its case; without a type the first of that text."""
        ...

    def save(self, token: IdToken) -> bool:
        """Create or replace a token. Returns whether it is new."""
        ...

    def delete(self, token: str, *, type: str | None) -> bool:
        """Forget a token. Returns whether there was one."""
        ...


class TransactionUnit(Protocol):
    """Transactions, within a unit of work."""

    def start(
        self, claim: Claim, record: TransactionRecord, *, key: bytes, at: datetime
    ) -> tuple[TransactionRecord, bool]:
        """Allot an id to an OCPP 1.6 transaction, positive and never used before.

        Args:
            claim: the station.
            record: how it begins.
            key: what a repeated start has in common with the first.
            at: now.

        Returns:
            The transaction of this key as it is on record now, and whether this start created it.
        """
        ...

    def adopt(self, claim: Claim, station_transaction_id: str, *, at: datetime) -> tuple[TransactionRecord, bool]:
        """Find an OCPP 2.x transaction by the station's id, or open an empty record.

        Returns:
            The transaction, and whether nothing was told of it yet.
        """
        ...

    def find(self, claim: Claim, id: int) -> TransactionRecord | None:
        """Find an OCPP 1.6 transaction of the station by the id it was given."""
        ...

    def open_at(self, claim: Claim, evse_id: int) -> tuple[TransactionRecord, ...]:
        """Find the station's open transactions at an EVSE, the oldest first."""
        ...

    def save(self, record: TransactionRecord, *, at: datetime) -> None:
        """Write what is known of a transaction."""
        ...

    def add_event(self, record: TransactionRecord, event: TransactionEvent, *, at: datetime) -> Novelty:
        """Store an event, unless it is stored already."""
        ...


class Unit(Protocol):
    """What a unit of work may do."""

    @property
    def stations(self) -> StationUnit:
        """Stations."""
        ...

    @property
    def id_tokens(self) -> IdTokenUnit:
        """Tokens."""
        ...

    @property
    def transactions(self) -> TransactionUnit:
        """Transactions."""
        ...

    def add_samples(self, claim: Claim, samples: Iterable[Sample], *, at: datetime) -> None:
        """Store readings. One that is stored already, with the same content, stays once."""
        ...

    def add_orphan(self, claim: Claim, *, action: str, reason: str, body: bytes, at: datetime) -> None:
        """Keep a message that belongs to no transaction on record."""
        ...

    def save_setting(self, name: str, value: str) -> None:
        """Write a setting of the CSMS itself."""
        ...

    def emit(self, event: Event) -> None:
        """Tell about a change, if it is committed."""
        ...


class Store(Protocol):
    """A database of the CSMS."""

    @property
    def stations(self) -> Stations:
        """Stations."""
        ...

    @property
    def id_tokens(self) -> IdTokens:
        """Tokens."""
        ...

    @property
    def transactions(self) -> Transactions:
        """Transactions."""
        ...

    @property
    def events(self) -> Events:
        """The order of all changes."""
        ...

    @property
    def admin(self) -> Admin:
        """The administrator."""
        ...

    async def write(self, work: Work[T]) -> T:
        """Run a unit of work and return what it returns, once it is committed.

        A caller that is cancelled meanwhile does not take the work back.

        Raises:
            StoreError: it could not be committed.
            Exception: whatever ``work`` raised; nothing of it is kept then.
        """
        ...

    async def close(self) -> None:
        """Finish what was asked for, then let go of the database."""
        ...

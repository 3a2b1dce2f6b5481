"""What a version of OCPP has to do for a simulated station, and what the station does for it."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from chargewire import Handlers
from chargewire.messages import Request

from .actions import Actions, IdToken, StatusChanged, TransactionChanged
from .config import StationConfig
from .model import StationModel
from .settings import Settings
from .tokens import TokenInfo, Tokens

Q = TypeVar("Q", bound=Request[Any, Any])
R = TypeVar("R")


class BootReason(StrEnum):
    """Why a station boots, in the words of OCPP 2.x."""

    POWER_UP = "PowerUp"
    REMOTE_RESET = "RemoteReset"
    SCHEDULED_RESET = "ScheduledReset"
    TRIGGERED = "Triggered"


class Context(StrEnum):
    """When a reading was taken."""

    BEGIN = "Transaction.Begin"
    END = "Transaction.End"
    PERIODIC = "Sample.Periodic"
    CLOCK = "Sample.Clock"
    TRIGGER = "Trigger"


@dataclass(frozen=True, slots=True)
class Registration:
    """Answer to a BootNotification: Accepted, Pending or Rejected."""

    status: str
    interval: int
    current_time: datetime


class Host(Protocol):
    """The station, as its version sees it."""

    config: StationConfig
    settings: Settings
    model: StationModel
    tokens: Tokens

    @property
    def is_accepted(self) -> bool:
        """Whether the CSMS accepted the latest BootNotification."""
        ...

    @property
    def is_online(self) -> bool:
        """Whether a message would leave now."""
        ...

    @property
    def outages(self) -> int:
        """How often the connection has been lost."""
        ...

    def now(self) -> float:
        """Return the monotonic time."""
        ...

    def clock(self) -> datetime:
        """Return the time of day, as the CSMS set it."""
        ...

    def perform(self, actions: Actions) -> None:
        """Do what the model says."""
        ...

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something after the handler that asks for it has answered; link failures end it."""
        ...

    def boot_again(self) -> None:
        """Send the BootNotification now that is waiting for its interval."""
        ...

    def settings_changed(self) -> None:
        """Obey settings that the CSMS changed."""
        ...

    async def report(self, connector: int | None) -> None:
        """Send the status of one connector, or of all, because the CSMS asked."""
        ...

    async def call(self, request: Request[Any, R]) -> R:
        """Send a message that may be lost."""
        ...

    def deliver(self, request: Q, *, revise: Callable[[Q], Q] | None = None) -> asyncio.Future[Any]:
        """Send a message that must arrive."""
        ...


class Dialect(ABC):
    """One version of OCPP, spoken by one station.

    Attributes:
        handlers: Answers to what the CSMS asks.
    """

    handlers: Handlers

    @abstractmethod
    async def register(self, reason: BootReason) -> Registration:
        """Send a BootNotification."""

    @abstractmethod
    async def heartbeat(self) -> datetime:
        """Send a Heartbeat and return the time of the CSMS."""

    @abstractmethod
    async def authorize(self, id_token: IdToken) -> TokenInfo:
        """Ask the CSMS about a token."""

    @abstractmethod
    def status_of(self, change: StatusChanged) -> Hashable | None:
        """Reduce a status to what this version tells of it; None when it tells nothing."""

    @abstractmethod
    async def send_status(self, change: StatusChanged, at: datetime) -> None:
        """Send a StatusNotification."""

    @abstractmethod
    def tell(self, event: TransactionChanged) -> None:
        """Deliver what happened to a transaction."""

    @abstractmethod
    async def send_aligned(self, at: datetime) -> None:
        """Send the meter values that are due on the clock."""

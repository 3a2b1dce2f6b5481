"""What the CSMS keeps beside an open connection. Whatever must outlast it is in the store."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from chargewire.backoffice.store import Claim


@dataclass(slots=True, eq=False)
class StationSession:
    """The value that ``Accept`` carries for a station.

    Attributes:
        claim: the claim of this connection on its station, once somebody asked for it.
        seen_at: the last sign of life on record.
        triggered: actions the CSMS asked the station for.
    """

    identity: str
    claim: asyncio.Task[Claim] | None = None
    seen_at: datetime | None = None
    triggered: set[str] = field(default_factory=set[str])


class Peer(Protocol):
    """What services need of a connected station; :class:`chargewire.Station` is one."""

    @property
    def identity(self) -> str:
        """Which station it is."""
        ...

    @property
    def subprotocol(self) -> str:
        """What it speaks, such as ``ocpp1.6``."""
        ...

    @property
    def session(self) -> StationSession:
        """What is kept beside the connection."""
        ...

"""What a charge point can be told, at its start and while it runs. Knows nothing about when it obeys."""

from __future__ import annotations

import ssl as tls
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypedDict, get_args
from urllib.parse import urlsplit

from chargewire.asyncio.options import Limits, Timeouts
from chargewire.backoff import Backoff
from chargewire.protocol import Version

Offline = Literal["raise", "wait"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOptions:
    """The options of a :class:`~chargewire.ChargePoint` that :meth:`~chargewire.ChargePoint.reconfigure` takes.

    Raises:
        ValueError: one of them makes no sense, by itself or with another; the message begins with its name.
    """

    url: str
    versions: Sequence[Version]
    identity: str
    password: bytes | None = field(default=None, repr=False)
    timeouts: Timeouts = field(default_factory=Timeouts)
    limits: Limits = field(default_factory=Limits)
    backoff: Backoff = field(default_factory=Backoff)
    ssl: tls.SSLContext | None = None
    compress: bool = False
    reconnect: bool = True
    max_reconnects: int | None = None
    retry_first: bool = False
    pin_version: bool = True
    offline: Offline = "raise"

    def __post_init__(self) -> None:
        """Refuse nonsense."""
        if not self.versions:
            raise ValueError("versions: name at least one of v16, v201, v21")
        if not self.url.startswith(("ws://", "wss://")) or not urlsplit(self.url).hostname:
            raise ValueError(f"url: expected ws://HOST/PATH or wss://HOST/PATH, got {self.url!r}")
        if self.ssl is not None and not self.url.startswith("wss://"):
            raise ValueError(f"ssl: {self.url!r} is no wss:// URL")
        if not self.identity:
            raise ValueError("identity: must not be empty")
        if self.password is not None and ":" in self.identity:
            raise ValueError("identity: must not hold a colon where a password is used (OCPP-J 2.1, 3.1.1)")
        if self.max_reconnects is not None and self.max_reconnects < 1:
            raise ValueError(f"max_reconnects: expected at least 1, got {self.max_reconnects}; see reconnect")
        if self.offline not in get_args(Offline):
            raise ValueError(f"offline: expected 'raise' or 'wait', got {self.offline!r}")


class Changes(TypedDict, total=False):
    """What :meth:`~chargewire.ChargePoint.reconfigure` takes; each as in the constructor."""

    url: str
    versions: Sequence[Version]
    identity: str
    password: bytes | None
    timeouts: Timeouts
    limits: Limits
    backoff: Backoff
    ssl: tls.SSLContext | None
    compress: bool
    reconnect: bool
    max_reconnects: int | None
    pin_version: bool
    offline: Offline

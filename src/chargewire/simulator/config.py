"""What a simulated station is made of: chosen before it starts and never changed by a CSMS."""

from __future__ import annotations

from dataclasses import dataclass, field

from chargewire import Timeouts, v16
from chargewire.protocol import Version

from .driver import Habits
from .meter import AC_22_KW, Supply
from .settings import Settings


@dataclass(frozen=True, kw_only=True)
class StationConfig:
    """One simulated station.

    Attributes:
        identity: As in the URL.
        version: The package of the version it speaks: `chargewire.v16` or `chargewire.v201`.
        password: For Basic authentication.
        connectors: How many; each is an EVSE of its own in 2.x.
        supply: What each of them delivers.
        vendor: Who made it.
        model: What it is called.
        serial_number: Unless given, made from the identity.
        firmware_version: Of its software.
        settings: Its configuration at delivery; each station gets a copy.
        habits: Of the people around it; None for an unmanned station.
        seed: Makes its readings and its people repeatable; unless given, the identity is the seed.
        time_scale: How many seconds its batteries live in one.
        handshake: Seconds that station and vehicle need to agree before the power flows.
        boot_retry: Seconds to the next BootNotification when none was granted.
        reboot: Seconds that a reboot takes.
        timeouts: Of its connection.

    Raises:
        ValueError: One of them makes no station; the message names it.
    """

    identity: str
    version: Version = v16
    password: bytes | None = None
    connectors: int = 2
    supply: Supply = AC_22_KW
    vendor: str = "chargewire"
    model: str = "Simulator"
    serial_number: str | None = None
    firmware_version: str = "1.0.0"
    settings: Settings = field(default_factory=Settings)
    habits: Habits | None = field(default_factory=Habits)
    seed: int | str | None = None
    time_scale: float = 1.0
    handshake: float = 1.5
    boot_retry: float = 10.0
    reboot: float = 2.0
    timeouts: Timeouts = field(default_factory=Timeouts)

    def __post_init__(self) -> None:
        """Refuse what makes no station."""
        if not self.identity:
            raise ValueError("identity: expected at least one character")
        if self.connectors < 1:
            raise ValueError(f"connectors: expected at least 1, got {self.connectors}")
        if self.time_scale <= 0:
            raise ValueError(f"time_scale: expected more than 0, got {self.time_scale}")

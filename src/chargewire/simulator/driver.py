"""What the people at a simulated connector do: come, plug in, present a card, and go. Pure, with seeded randomness."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from random import Random

from .actions import IdToken
from .connector import Connector
from .meter import Vehicle
from .states import ChargingState

REFUSALS_UNTIL_LEAVING = 3


class Deed(Enum):
    """What a driver does next."""

    PLUG_IN = auto()
    UNPLUG = auto()
    SWIPE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How drivers behave, in seconds.

    Attributes:
        plug_in_after: From the authorization, also a remote one, until the cable is in; None if nobody is there.
        unplug_after: From the end of a transaction until the vehicle leaves; None if it stays.
        visits_every: Mean time from a free connector to the next visitor; None if nobody comes by himself.
        stays: The least and the most time a visitor charges, if the battery is not full before.
        vehicle: What everybody drives; None for all kinds of vehicles.
    """

    plug_in_after: float | None = 2.0
    unplug_after: float | None = 10.0
    visits_every: float | None = None
    stays: tuple[float, float] = (120.0, 900.0)
    vehicle: Vehicle | None = None


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a driver is about to do, and how long it takes at least and at most."""

    deed: Deed
    why: str
    least: float
    most: float


class Driver:
    """The people at one connector, one at a time.

    Attributes:
        id_token: The card of the present one.
    """

    def __init__(self, habits: Habits, random: Random) -> None:
        self._habits = habits
        self._random = random
        self._why = ""
        self._due: float | None = None
        self._swipes = 0
        self.id_token = self._new_card()

    @property
    def deadline(self) -> float | None:
        """When `act` has something to do, unless the connector changes before."""
        return self._due

    def act(self, connector: Connector, now: float) -> Deed | None:
        """Look at the connector and return what to do now."""
        wish = self._wish(connector, now)
        if wish is None:
            self._why, self._due = "", None
            return None
        if wish.why != self._why or self._due is None:
            self._why, self._due = wish.why, now + self._random.uniform(wish.least, wish.most)
        if now < self._due:
            return None
        self._due = None
        match wish.deed:
            case Deed.SWIPE:
                self._swipes += 1
            case Deed.PLUG_IN:
                self._swipes = 0
            case Deed.UNPLUG:
                self.id_token = self._new_card()
        return wish.deed

    def vehicle(self) -> Vehicle:
        """Choose what the next visitor drives."""
        return self._habits.vehicle or Vehicle(
            capacity_wh=self._random.choice((24_000.0, 42_000.0, 58_000.0, 77_000.0, 95_000.0)),
            soc_percent=round(self._random.uniform(8.0, 62.0), 1),
            target_percent=self._random.choice((80.0, 90.0, 100.0, 100.0)),
            ac_phases=self._random.choice((1, 3, 3)),
            ac_current_a=self._random.choice((16.0, 16.0, 32.0)),
            dc_power_w=self._random.choice((50_000.0, 100_000.0, 150_000.0)),
        )

    def _wish(self, connector: Connector, now: float) -> _Wish | None:
        if connector.vehicle is None:
            return self._wish_without_vehicle(connector)
        if connector.is_finished:
            return _in(Deed.UNPLUG, "finished", self._habits.unplug_after)
        if self._habits.visits_every is None:
            return None
        if connector.fault is not None or self._swipes > REFUSALS_UNTIL_LEAVING:
            return _Wish(Deed.UNPLUG, "disappointed", 3.0, 8.0)
        return self._wish_of_visitor(connector, now)

    def _wish_without_vehicle(self, connector: Connector) -> _Wish | None:
        if connector.authorization is not None:
            return _in(Deed.PLUG_IN, "authorized", self._habits.plug_in_after)
        every = self._habits.visits_every
        if every is None or connector.cable or not connector.is_free:
            return None
        return _Wish(Deed.PLUG_IN, "visit", 0.3 * every, 1.7 * every)

    def _wish_of_visitor(self, connector: Connector, now: float) -> _Wish | None:
        if connector.authorization is None:
            return _Wish(Deed.SWIPE, "begin", 2.0, 6.0)
        if not self.id_token.matches(connector.authorization.id_token):
            return None  # somebody else started it, and will end it
        self._swipes = 0
        if connector.charging_state(now) is ChargingState.SUSPENDED_EV:
            return _Wish(Deed.SWIPE, "full", 5.0, 30.0)
        return _Wish(Deed.SWIPE, "charging", *self._habits.stays)

    def _new_card(self) -> IdToken:
        return IdToken(f"{self._random.getrandbits(32):08X}")


def _in(deed: Deed, why: str, seconds: float | None) -> _Wish | None:
    return None if seconds is None else _Wish(deed, why, seconds, seconds)

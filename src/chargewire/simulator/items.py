"""How a setting is written as text, and what text it accepts.

Shared by the configuration keys of 1.6 and the variables of 2.x; knows the names of neither.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from .settings import Settings, TxPoint


@dataclass(frozen=True, slots=True)
class Item(ABC):
    """One setting of a station."""

    attribute: str

    @abstractmethod
    def read(self, settings: Settings) -> str:
        """Write the value as text."""

    @abstractmethod
    def write(self, settings: Settings, text: str) -> None:
        """Take a value from text.

        Raises:
            ValueError: The text is not a value of this setting; nothing was changed.
        """


@dataclass(frozen=True, slots=True)
class Flag(Item):
    """True or false."""

    def read(self, settings: Settings) -> str:
        """Write ``true`` or ``false``."""
        return "true" if getattr(settings, self.attribute) else "false"

    def write(self, settings: Settings, text: str) -> None:
        """Take ``true`` or ``false``, whatever the case."""
        value = {"true": True, "false": False}.get(text.strip().lower())
        if value is None:
            raise ValueError("expected true or false")
        setattr(settings, self.attribute, value)


@dataclass(frozen=True, slots=True)
class Number(Item):
    """An integer with a lower limit."""

    minimum: int = 0
    unit: str | None = "s"

    def read(self, settings: Settings) -> str:
        """Write decimal digits."""
        return str(getattr(settings, self.attribute))

    def write(self, settings: Settings, text: str) -> None:
        """Take an integer that is not below the limit."""
        value = int(text)
        if value < self.minimum:
            raise ValueError(f"expected at least {self.minimum}")
        setattr(settings, self.attribute, value)


@dataclass(frozen=True, slots=True)
class Words(Item):
    """A list of words out of a given set, separated by commas."""

    allowed: Sequence[str]

    def read(self, settings: Settings) -> str:
        """Write the words in their order."""
        return ",".join(getattr(settings, self.attribute))

    def write(self, settings: Settings, text: str) -> None:
        """Take words of the set, each once."""
        setattr(settings, self.attribute, _words(text, self.allowed))


@dataclass(frozen=True, slots=True)
class Points(Item):
    """Conditions under which transactions run."""

    def read(self, settings: Settings) -> str:
        """Write the conditions in alphabetical order."""
        return ",".join(sorted(getattr(settings, self.attribute)))

    def write(self, settings: Settings, text: str) -> None:
        """Take at least one condition: without any, no transaction would ever begin or end."""
        points = frozenset(TxPoint(word) for word in _words(text, list(TxPoint)))
        if not points:
            raise ValueError("expected at least one of " + ", ".join(TxPoint))
        setattr(settings, self.attribute, points)


def _words(text: str, allowed: Sequence[str]) -> list[str]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    for word in words:
        if word not in allowed:
            raise ValueError(f"{word} is not supported")
    return list(dict.fromkeys(words))

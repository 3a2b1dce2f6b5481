"""The vocabulary of OCPP as plain data: what the emitter of every language reads.

Knows neither JSON schemas nor any target language. Names are those of the wire and of the specification.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All that one OCPP version can say, each tuple in alphabetical order."""

    version: str
    enums: tuple[EnumType, ...]
    types: tuple[ObjectType, ...]
    messages: tuple[Message, ...]

    @property
    def subprotocol(self) -> str:
        """The WebSocket subprotocol of the version, as registered with IANA."""
        return f"ocpp{self.version}"


@dataclass(frozen=True, slots=True)
class Message:
    """One action: its payloads, who may send it and in which frame."""

    action: str
    direction: str
    kind: str
    request: ObjectType
    response: ObjectType | None


@dataclass(frozen=True, slots=True)
class ObjectType:
    """A JSON object whose members are all known."""

    name: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """A member of an object, named as on the wire."""

    name: str
    type: Type
    required: bool


@dataclass(frozen=True, slots=True)
class EnumType:
    """A closed set of strings."""

    name: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A string of at most ``max_length`` code points."""

    max_length: int | None = None


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number; both limits belong to the range."""

    minimum: int | None = None
    maximum: int | None = None


@dataclass(frozen=True, slots=True)
class Number:
    """A decimal number; both limits belong to the range."""

    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True)
class Boolean:
    """True or false."""


@dataclass(frozen=True, slots=True)
class DateTime:
    """An RFC 3339 point in time with its offset from UTC."""


@dataclass(frozen=True, slots=True)
class Anything:
    """Any JSON value, null included."""


@dataclass(frozen=True, slots=True)
class VendorObject:
    """An open object with a ``vendorId``: the value of every ``customData``."""


@dataclass(frozen=True, slots=True)
class Reference:
    """An enum or object of the same vocabulary, by name."""

    name: str


@dataclass(frozen=True, slots=True)
class ListOf:
    """A JSON array of items of one type."""

    items: Type
    min_items: int | None = None
    max_items: int | None = None


Type = Text | Integer | Number | Boolean | DateTime | Anything | VendorObject | Reference | ListOf

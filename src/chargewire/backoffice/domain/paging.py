"""Lists in pages, continued by an opaque cursor. Knows nothing about what is listed."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Generic, TypeVar

T_co = TypeVar("T_co", covariant=True)


class InvalidCursorError(ValueError):
    """The cursor was not made by the list it was given to."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T_co]):
    """A part of a list.

    Attributes:
        items: What was found, in the list's order.
        next: The cursor of the following page; ``None`` on the last one.
    """

    items: tuple[T_co, ...]
    next: str | None = None


def encode_cursor(*position: str | int) -> str:
    """Write the sort key of a page's last item as a cursor."""
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *kinds: type[str | int]) -> tuple[str | int, ...]:
    """Read a cursor whose sort key has parts of these types.

    Raises:
        InvalidCursorError: It is no such cursor.
    """
    try:
        position = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError) as error:
        raise InvalidCursorError(f"{cursor!r} is no cursor of this list") from error
    match position:
        case [*parts] if [type(part) for part in parts] == list(kinds):
            return tuple(parts)
        case _:
            raise InvalidCursorError(f"{cursor!r} is no cursor of this list")

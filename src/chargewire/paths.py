"""Which pattern the path of a URL fits: literal segments, parameters, wildcards. Knows nothing about what is there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Generic, TypeVar
from urllib.parse import unquote

R = TypeVar("R")

_NAME = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


class _Kind(IntEnum):
    """What a segment of a pattern fits, the most particular first."""

    LITERAL = 0
    PARAMETER = 1
    REST = 2


@dataclass(frozen=True, slots=True)
class _Segment:
    kind: _Kind
    text: str  # of a literal, or the name of a parameter


@dataclass(frozen=True, slots=True)
class Match(Generic[R]):
    """A path has found its pattern.

    Attributes:
        pattern: as it was written.
        route: what was put there.
        parameters: segments by the names in the pattern, percent-encoded as they came.
    """

    pattern: str
    route: R
    parameters: Mapping[str, str]


class Router(Generic[R]):
    """Patterns, and what to do with paths that fit them.

    A pattern is ``/`` and segments: ``text`` fits itself, ``{name}`` any one segment, and a ``*`` at the end one
    segment or more. Where several patterns fit, the first segment in which they differ decides: a text goes before a
    name, and a name before the rest. The order in which they are given means nothing.

    Args:
        routes: by pattern.

    Raises:
        ValueError: a pattern is none, or fits the same paths as another.
    """

    def __init__(self, routes: Mapping[str, R]) -> None:
        parsed = [(_parse(pattern), pattern, route) for pattern, route in routes.items()]
        shapes: dict[object, str] = {}
        for segments, pattern, _ in parsed:
            shape = tuple((each.kind, each.text if each.kind is _Kind.LITERAL else "") for each in segments)
            if shape in shapes:
                raise ValueError(f"routes: {pattern!r} fits the same paths as {shapes[shape]!r}")
            shapes[shape] = pattern
        self._routes = sorted(parsed, key=lambda each: [segment.kind for segment in each[0]])

    def find(self, target: str) -> Match[R] | None:
        """Return the pattern that the path of a request target fits best; a slash at its end means nothing."""
        path = target.partition("?")[0].rstrip("/").split("/")[1:]
        for segments, pattern, route in self._routes:
            if (parameters := _fit(segments, path)) is not None:
                return Match(pattern, route, parameters)
        return None


def _parse(pattern: str) -> tuple[_Segment, ...]:
    if not pattern.startswith("/"):
        raise ValueError(f"routes: {pattern!r} does not begin with a slash")
    texts = pattern.rstrip("/").split("/")[1:]
    segments: list[_Segment] = []
    for number, text in enumerate(texts, start=1):
        if text == "*" and number == len(texts):
            segments.append(_Segment(_Kind.REST, ""))
        elif name := _NAME.fullmatch(text):
            segments.append(_Segment(_Kind.PARAMETER, name[1]))
        elif not text or set(text) & set("*{}"):
            raise ValueError(f"routes: {text!r} in {pattern!r} is no segment, no {{name}}, and no * at the end")
        else:
            segments.append(_Segment(_Kind.LITERAL, unquote(text)))
    names = [segment.text for segment in segments if segment.kind is _Kind.PARAMETER]
    if len(set(names)) < len(names):
        raise ValueError(f"routes: a name occurs twice in {pattern!r}")
    return tuple(segments)


def _fit(segments: tuple[_Segment, ...], path: list[str]) -> dict[str, str] | None:
    """Return the parameters of a path, or ``None`` when it does not fit."""
    if len(path) < len(segments):
        return None
    parameters: dict[str, str] = {}
    for segment, text in zip(segments, path, strict=False):
        match segment.kind:
            case _Kind.REST:
                return parameters
            case _Kind.LITERAL if unquote(text) == segment.text:
                pass
            case _Kind.PARAMETER if text:
                parameters[segment.text] = text
            case _:
                return None
    return parameters if len(path) == len(segments) else None

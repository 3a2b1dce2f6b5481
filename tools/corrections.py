"""Where the schemas of the PyPI package ``ocpp`` leave the official set, and what the official set says (RPC-066).

Knows nothing about the model: corrections are applied to the parsed JSON schema before it is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Correction:
    """One keyword of one schema; ``official`` is None where the official schema has no such keyword or item."""

    version: str
    schema: str
    path: tuple[str | int, ...]
    packaged: str | int
    official: str | int | None


_METER_VALUE = ("properties", "meterValue")
_SAMPLED_VALUE = (*_METER_VALUE, "items", "properties", "sampledValue")

CORRECTIONS = (
    Correction("1.6", "MeterValues", (*_SAMPLED_VALUE, "items", "properties", "unit", "enum", 17), "Hertz", None),
    Correction("1.6", "MeterValues", (*_SAMPLED_VALUE, "minItems"), 1, None),
    Correction("1.6", "MeterValues", (*_METER_VALUE, "minItems"), 1, None),
    Correction("2.0.1", "Get15118EVCertificateResponse", ("properties", "exiResponse", "maxLength"), 7500, 5600),
)


def correct(version: str, schema_name: str, schema: dict[str, Any]) -> None:
    """Bring a packaged schema to the official text, in place.

    Raises:
        ValueError: the package no longer says what the correction expects, so the table must be reviewed.
    """
    for correction in CORRECTIONS:
        if (correction.version, correction.schema) != (version, schema_name):
            continue
        *parents, last = correction.path
        node: Any = schema
        for step in parents:
            node = node[step]
        if node[last] != correction.packaged:
            raise ValueError(f"{schema_name} {correction.path}: expected {correction.packaged!r}, found {node[last]!r}")
        if correction.official is None:
            del node[last]
        else:
            node[last] = correction.official

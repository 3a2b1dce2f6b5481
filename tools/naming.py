"""Python names for OCPP names: ``limit_L2`` -> ``limit_l2``, ``Sample.Clock`` -> ``SAMPLE_CLOCK``.

A general rule splits a name into words; a table of the specification's own words and a few whole names settle what
the rule cannot know. For 1.6 and 2.0.1 the field names are those that users of the PyPI package ``ocpp`` know.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

# Words with capitals or digits inside, longest first.
_WORDS = (
    *("V2G20", "EMAID", "IKEv2", "IPSec", "RoCoF", "eMAID", "L2TP"),
    *("SoC", "SoH", "V2G", "V2X", "kVA", "kWh", "soC", "soH", "v2x", "kW"),
)

# A word of the table; an acronym up to the next word; a word with its number; a number.
_WORD = re.compile("|".join((*_WORDS, r"[A-Z]+(?![a-z])[0-9]*", r"[A-Z]?[a-z]+[0-9]*", r"[0-9]+")))

_WHOLE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "IdleTIme": "idle_time",
        "Other1PhMax16A": "other_1ph_max_16a",
        "Other1PhOver16A": "other_1ph_over_16a",
        "Other3Ph": "other_3ph",
        "prioritizedEMAIDs": "prioritized_emaids",
        "s309-1P-16A": "s309_1p_16a",
        "s309-1P-32A": "s309_1p_32a",
        "s309-3P-16A": "s309_3p_16a",
        "s309-3P-32A": "s309_3p_32a",
    }
)


def snake(name: str) -> str:
    """Return the Python field name of a wire name."""
    words = _WHOLE_NAMES.get(name) or "_".join(word.lower() for word in _WORD.findall(name))
    return f"{words}_" if keyword.iskeyword(words) else words


def member(value: str) -> str:
    """Return the Python enum member of a wire value."""
    return snake(value).upper()


def unique(owner: str, names: Iterable[str]) -> None:
    """Check the outcome for one class.

    Raises:
        ValueError: a name is no identifier, or stands for two wire names.
    """
    seen: set[str] = set()
    for name in names:
        if not name.isidentifier() or name in seen:
            raise ValueError(f"{owner}: bad or double name {name!r}")
        seen.add(name)

"""The official JSON schemas as an oracle: every payload of every version with its schema, samples of it and its faults.

Independent of ``tools/``: the deviations are written down here a second time, so that a mistake there is seen.
"""

from __future__ import annotations

import itertools
import json
import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from types import ModuleType
from typing import Any

import jsonschema_rs

from chargewire import v16, v21, v201
from chargewire.messages import Kind, Message

VERSIONS: dict[str, ModuleType] = {"v16": v16, "v201": v201, "v21": v21}

Json = Any
Schema = dict[str, Any]

_INSTANT = "2024-02-29T12:34:56Z"
_FOREVER = 2**31 - 1
_FRACTIONS = ("", ".5", ".123", ".123456", ".123456789")
_OFFSETS = ("Z", "+02:00", "-11:30")


@dataclass(frozen=True)
class Payload:
    """One payload: its class and its JSON schema."""

    version: str
    name: str
    type: type[Message]
    is_answer: bool

    def __str__(self) -> str:
        return f"{self.version}.{self.name}"

    @cached_property
    def schema(self) -> Schema:
        schema = _load(self)
        _correct(str(self), schema)
        _drop_what_is_not_enforced(schema)
        return _resolve(schema, schema.get("definitions", {}))

    @cached_property
    def accepts(self) -> Callable[[Json], bool]:
        """Whether the JSON schema accepts a document."""
        dialect = self.schema["$schema"]
        draft = jsonschema_rs.Draft4Validator if "draft-04" in dialect else jsonschema_rs.Draft6Validator
        return draft(self.schema, validate_formats=True).is_valid


@dataclass(frozen=True)
class Change:
    """One difference from a document that fits: the JSON path of the value and what it became."""

    field: str
    value: str


def minimal(schema: Schema) -> Json:
    """The required members only, lists as short as they may be."""
    return _sample(schema, is_full=False)


def maximal(schema: Schema) -> Json:
    """Every member that the schema knows, in its order; texts as long and numbers as large as they may be."""
    return _sample(schema, is_full=True)


def arbitrary(schema: Schema, rng: random.Random) -> Json:  # noqa: PLR0911 - one answer for each kind
    """Some document that the schema accepts."""
    match schema:
        case {"enum": values}:
            return rng.choice(values)
        case {"type": "object"}:
            required = schema.get("required", ())
            members = schema.get("properties", {}).items()
            return {name: arbitrary(s, rng) for name, s in members if name in required or rng.random() < 0.5}
        case {"type": "array"}:
            low = schema.get("minItems", 0)
            length = rng.randint(low, min(schema.get("maxItems", low + 2), low + 2))
            return [arbitrary(schema["items"], rng) for _ in range(length)]
        case {"type": "string", "format": "date-time"}:
            date = f"2{rng.randint(100, 999)}-02-1{rng.randint(0, 9)}"
            return f"{date}T23:59:59{rng.choice(_FRACTIONS)}{rng.choice(_OFFSETS)}"
        case {"type": "string"}:
            length = rng.randint(0, min(schema.get("maxLength", 20), 20))
            return "".join(rng.choices('aZ09 _-/"\\\n\x1fäß漢😀', k=length))
        case {"type": "integer"}:
            return rng.randint(math.ceil(schema.get("minimum", -(2**31))), math.floor(schema.get("maximum", _FOREVER)))
        case {"type": "number"}:
            return round(rng.uniform(schema.get("minimum", -1e6), schema.get("maximum", 1e6)), rng.choice((0, 1, 6)))
        case {"type": "boolean"}:
            return rng.random() < 0.5
        case _:
            return rng.choice((None, 1, "x", [None], {"a": None}))


def variants(schema: Schema, document: Json) -> Iterator[Change]:
    """Bring ``document`` to each of its legal limits in turn.

    Yields:
        What is different now; the document is as before when the generator goes on.
    """
    for field, container, key, member in members(schema, document):
        for value in _legal_values(member, container[key]):
            yield from _replaced(field, container, key, value)


def faults(schema: Schema, document: Json) -> Iterator[Change]:
    """Give ``document`` each single fault in turn.

    Missing, unknown or null members, wrong types, words, lengths, ranges, item counts and date-times.

    Yields:
        What is different now; the document is as before when the generator goes on.
    """
    for field, owner_schema, owner in _objects(schema, document, ""):
        for name in owner_schema.get("required", ()):
            complete = dict(owner)
            del owner[name]
            yield Change(_join(field, name), "missing")
            owner.clear()
            owner.update(complete)
        if owner_schema.get("additionalProperties") is False:
            owner["unknownMember"] = 1
            yield Change(_join(field, "unknownMember"), "not in the schema")
            del owner["unknownMember"]
    for field, container, key, member in members(schema, document):
        for value in _wrong_values(member, container[key]):
            yield from _replaced(field, container, key, value)


def members(
    schema: Schema, document: Json, field: str = "", *, is_deep: bool = True
) -> Iterator[tuple[str, Json, str | int, Schema]]:
    """Every value inside ``document`` that has a schema: its path, its container, its key there and its schema."""
    match schema:
        case {"type": "object"}:
            known = [(name, member) for name, member in schema.get("properties", {}).items() if name in document]
        case {"type": "array", "items": items}:
            known = [(0, items)] if document else []
        case _:
            known = []
    for key, member in known:
        inner = _join(field, key)
        yield inner, document, key, member
        if is_deep:
            yield from members(member, document[key], inner)


def _payloads() -> Iterator[Payload]:
    for version, module in VERSIONS.items():
        for action in module.ACTIONS.values():
            yield Payload(version, action.name, action.request, is_answer=False)
            if action.kind is Kind.CALL:
                yield Payload(version, f"{action.name}Response", action.response, is_answer=True)


def _load(payload: Payload) -> Schema:
    folder = resources.files("ocpp") / payload.version / "schemas"
    for name in (f"{payload.name}.json", f"{payload.name}Request.json"):
        if (folder / name).is_file():
            schema: Schema = json.loads((folder / name).read_text(encoding="utf-8-sig"))
            return schema
    raise FileNotFoundError(payload)


def _correct(payload: str, schema: Schema) -> None:
    """Undo where the package leaves the official set (RPC-066)."""
    match payload:
        case "v16.MeterValues":
            meter_value = schema["properties"]["meterValue"]
            sampled_value = meter_value["items"]["properties"]["sampledValue"]
            sampled_value["items"]["properties"]["unit"]["enum"].remove("Hertz")
            del meter_value["minItems"], sampled_value["minItems"]
        case "v201.Get15118EVCertificateResponse":
            schema["properties"]["exiResponse"]["maxLength"] = 5600


def _drop_what_is_not_enforced(node: Json) -> None:
    """Drop ``multipleOf`` 0.1, which binary floats cannot keep, and ``format`` uri, which is a hint."""
    if isinstance(node, list):
        for item in node:
            _drop_what_is_not_enforced(item)
    elif isinstance(node, dict):
        if node.get("format") == "uri":
            del node["format"]
        node.pop("multipleOf", None)
        for value in node.values():
            _drop_what_is_not_enforced(value)


def _resolve(node: Json, definitions: Schema) -> Json:
    """Put definitions in the place of their references, so that a walk needs no look-up."""
    match node:
        case {"$ref": str(reference)}:
            return _resolve(definitions[reference.rpartition("/")[2]], definitions)
        case dict():
            return {key: _resolve(value, definitions) for key, value in node.items() if key != "definitions"}
        case list():
            return [_resolve(item, definitions) for item in node]
        case _:
            return node


def _sample(schema: Schema, *, is_full: bool) -> Json:  # noqa: PLR0911 - one answer for each kind
    match schema:
        case {"enum": values}:
            return values[-1]
        case {"type": "object"}:
            names = schema.get("properties", {})
            chosen = names if is_full else [name for name in names if name in schema.get("required", ())]
            return {name: _sample(names[name], is_full=is_full) for name in chosen}
        case {"type": "array"}:
            low = schema.get("minItems", 0)
            return [_sample(schema["items"], is_full=is_full) for _ in range(max(low, 1) if is_full else low)]
        case {"type": "string", "format": "date-time"}:
            return _INSTANT
        case {"type": "string"}:
            return "x" * (schema.get("maxLength", 100) if is_full else 0)
        case {"type": "integer"}:
            return int(schema.get("maximum", _FOREVER) if is_full else schema.get("minimum", -(2**31)))
        case {"type": "number"}:
            return schema.get("maximum", 1e6) - 0.5
        case {"type": "boolean"}:
            return is_full
        case _:
            return {"any": [None, 1, "x"]}


def _objects(schema: Schema, document: Json, field: str) -> Iterator[tuple[str, Schema, dict[str, Json]]]:
    if schema.get("type") == "object":
        yield field, schema, document
    for inner, container, key, member in members(schema, document, field, is_deep=False):
        yield from _objects(member, container[key], inner)


def _replaced(field: str, container: Json, key: str | int, value: Json) -> Iterator[Change]:
    original = container[key]
    container[key] = value
    yield Change(field, str(value)[:40])
    container[key] = original


def _join(field: str, key: str | int) -> str:
    match key:
        case int():
            return f"{field}[{key}]"
        case str():
            return f"{field}.{key}" if field else key


def _legal_values(schema: Schema, value: Json) -> list[Json]:  # noqa: PLR0911 - one answer for each kind
    match schema:
        case {"enum": values}:
            return list(values)
        case {"type": "array"}:
            limits = (schema.get("minItems", 0), schema.get("maxItems", 3))
            return [[minimal(schema["items"])] * limit for limit in limits]
        case {"type": "string", "format": "date-time"}:
            return ["1999-12-31T23:59:59.999Z", "2024-02-29T00:00:00+14:00", "2024-01-01T00:00:00.123456789-00:30"]
        case {"type": "string"}:
            return ["", "😀" * schema.get("maxLength", 1000)]
        case {"type": "integer"}:
            return [int(schema.get("minimum", -(2**31))), int(schema.get("maximum", _FOREVER))]
        case {"type": "number"}:
            return [schema.get("minimum", -1.25e-7), schema.get("maximum", 1.5e9), 0]
        case {"type": "boolean"}:
            return [False, True]
        case _:
            return [value]


def _wrong_values(schema: Schema, value: Json) -> list[Json]:  # noqa: PLR0911 - one answer for each kind
    """Values that the schema refuses, each for one reason. Null stands in every list but that of free values."""
    match schema:
        case {"enum": _}:
            return [None, 1, ["x"], "", "NotInTheSpecification", f"{value} ", value.swapcase()]
        case {"type": "object", "additionalProperties": False}:
            return [None, "x", [], 1]
        case {"type": "object"}:
            return ["x", [], 1]  # customData: validation leaves null alone
        case {"type": "array"}:
            return [None, "x", {}, 1, *_wrong_lengths(schema)]
        case {"type": "string", "format": "date-time"}:
            return [
                None,
                1,
                "",
                "yesterday",
                "2024-01-01",
                "2024-01-01T00:00:00",
                "2023-02-29T00:00:00Z",
                "2024-01-01T25:00:00Z",
            ]
        case {"type": "string"}:
            too_long = ["x" * (schema["maxLength"] + 1)] if "maxLength" in schema else []
            return [None, 1, True, ["x"], {}, *too_long]
        case {"type": "integer"}:
            return [None, "1", 1.5, True, [1], *_out_of_range(schema, 1)]
        case {"type": "number"}:
            return [None, "1", True, [1], *_out_of_range(schema, 0.001)]
        case {"type": "boolean"}:
            return [None, "true", 1, []]
        case _:
            return []


def _wrong_lengths(schema: Schema) -> list[Json]:
    item = minimal(schema["items"])
    lengths = [schema["minItems"] - 1] if "minItems" in schema else []
    if "maxItems" in schema:
        lengths.append(schema["maxItems"] + 1)
    return [list(itertools.repeat(item, length)) for length in lengths]


def _out_of_range(schema: Schema, step: float) -> list[float]:
    below = [schema["minimum"] - step] if "minimum" in schema else []
    above = [schema["maximum"] + step] if "maximum" in schema else []
    return [int(limit) if step == 1 else limit for limit in (*below, *above)]


PAYLOADS = tuple(_payloads())

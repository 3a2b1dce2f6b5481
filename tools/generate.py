"""Reads the JSON schemas of every OCPP version into one model and writes the code made from it.

    python tools/generate.py

The schemas come from the PyPI package ``ocpp``; direction and frame of each action stand in ``actions.csv``, because
no schema tells them. Of the schemas only the structure is read, never a description. Knows no target language: that
is the matter of the ``emit_*`` modules.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import emit_python
from corrections import correct
from model import (
    Anything,
    Boolean,
    DateTime,
    EnumType,
    Field,
    Integer,
    ListOf,
    Message,
    Number,
    ObjectType,
    Reference,
    Text,
    Type,
    VendorObject,
    Vocabulary,
)
from names_v16 import NAMES_V16

ROOT = Path(__file__).resolve().parent.parent
# Version as OCA writes it -> folder of its schemas in the package `ocpp`, which is also the name of our module.
VERSIONS = {"1.6": "v16", "2.0.1": "v201", "2.1": "v21"}

Schema = Mapping[str, Any]
_T = TypeVar("_T")


def main() -> None:
    """Write every generated file."""
    for path, text in render().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


def render() -> dict[Path, str]:
    """Return the text of every generated file by its path."""
    files: dict[Path, str] = {}
    for version, module in VERSIONS.items():
        package = ROOT / "src" / "chargewire" / module
        for name, text in emit_python.render(read_vocabulary(version)).items():
            files[package / name] = text
    return files


def read_vocabulary(version: str) -> Vocabulary:
    """Read all schemas of one version, corrected to the official set."""
    reader = _Reader(version)
    messages = tuple(reader.read_message(row) for row in _actions(version))
    return Vocabulary(version, _by_name(reader.enums), _by_name(reader.types), messages)


class _Reader:
    """Turns the schemas of one version into the model and collects the types they share."""

    def __init__(self, version: str) -> None:
        self.enums: dict[str, EnumType] = {}
        self.types: dict[str, ObjectType] = {}
        self._version = version
        self._definitions: Schema = {}

    def read_message(self, row: Mapping[str, str]) -> Message:
        """Read the payloads of one action."""
        action, kind = row["action"], row["kind"]
        is_suffixed = kind == "CALL" and self._version != "1.6"
        request = self._read_payload(action, f"{action}Request" if is_suffixed else action)
        response = self._read_payload(f"{action}Response", f"{action}Response") if kind == "CALL" else None
        return Message(action, row["direction"], kind, request, response)

    def _read_payload(self, name: str, schema_name: str) -> ObjectType:
        schema = _load(self._version, schema_name)
        self._definitions = schema.get("definitions", {})
        return self._read_object(name, schema)

    def _read_object(self, name: str, schema: Schema) -> ObjectType:
        if schema.get("additionalProperties") is not False:
            raise ValueError(f"{name} is open")
        required = schema.get("required", ())
        return ObjectType(
            name,
            tuple(
                Field(member, self._read_type(f"{name}.{member}", member_schema), required=member in required)
                for member, member_schema in schema.get("properties", {}).items()
            ),
        )

    def _read_type(self, place: str, schema: Schema) -> Type:  # noqa: C901, PLR0911 - one answer for each kind
        match schema:
            case {"$ref": "#/definitions/CustomDataType"}:
                return VendorObject()
            case {"$ref": str(reference)}:
                name = reference.removeprefix("#/definitions/")
                return self._define(name, self._definitions[name])
            case {"enum": _} | {"type": "object"}:
                return self._define(NAMES_V16[place], schema)
            case {"type": "array", "items": items}:
                return ListOf(self._read_type(place, items), schema.get("minItems"), schema.get("maxItems"))
            case {"type": "string", "format": "date-time"}:
                return DateTime()
            case {"type": "string"}:
                return Text(schema.get("maxLength"))
            case {"type": "integer"}:
                # Limits are written as 0.0 in the schemas.
                return Integer(*(None if limit is None else int(limit) for limit in _range(schema)))
            case {"type": "number"}:
                # multipleOf is left out: 0.1 has no exact binary form, so that 0.3 would be refused.
                return Number(*_range(schema))
            case {"type": "boolean"}:
                return Boolean()
            case _ if "type" not in schema:
                return Anything()
            case _:
                raise ValueError(f"{place}: unknown kind of schema {schema}")

    def _define(self, name: str, schema: Schema) -> Reference:
        if "enum" in schema:
            _put(self.enums, name, EnumType(name, tuple(schema["enum"])))
        else:
            _put(self.types, name, self._read_object(name, schema))
        return Reference(name)


def _put(table: dict[str, _T], name: str, definition: _T) -> None:
    if table.setdefault(name, definition) != definition:
        raise ValueError(f"{name} has two meanings")


def _by_name(table: Mapping[str, _T]) -> tuple[_T, ...]:
    return tuple(table[name] for name in sorted(table))


def _range(schema: Schema) -> tuple[float | None, float | None]:
    return schema.get("minimum"), schema.get("maximum")


def _load(version: str, name: str) -> dict[str, Any]:
    file = resources.files("ocpp") / VERSIONS[version] / "schemas" / f"{name}.json"
    schema: dict[str, Any] = json.loads(file.read_text(encoding="utf-8-sig"))
    correct(version, name, schema)
    return schema


def _actions(version: str) -> list[dict[str, str]]:
    text = (ROOT / "tools" / "actions.csv").read_text(encoding="utf-8")
    rows = [row for row in csv.DictReader(text.splitlines()) if row["version"] == version]
    return sorted(rows, key=lambda row: row["action"])


if __name__ == "__main__":
    main()

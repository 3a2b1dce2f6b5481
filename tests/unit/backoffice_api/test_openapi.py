"""The part of the OpenAPI document that is made from the vocabulary."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chargewire import v16, v201
from chargewire.backoffice.api.openapi import COMMAND_PATH, command_paths, message_schemas
from chargewire.messages import Direction, Kind


def commands(version: Any) -> set[str]:
    return {
        action.name
        for action in version.ACTIONS.values()
        if action.direction is not Direction.TO_CSMS and action.kind is Kind.CALL
    }


def references(value: Any) -> Iterator[str]:
    match value:
        case {"$ref": str(reference)}:
            yield reference
        case dict():
            for member in value.values():
                yield from references(member)
        case list():
            for item in value:
                yield from references(item)
        case _:
            pass


def test_every_action_that_a_csms_may_send_is_an_operation() -> None:
    names = commands(v16) | commands(v201)
    assert set(command_paths()) == {COMMAND_PATH + name for name in names}
    assert "RequestStartTransaction" in names
    assert "BootNotification" not in names


def test_the_body_of_a_command_is_that_of_one_of_the_versions_that_have_it() -> None:
    operation = command_paths()[COMMAND_PATH + "Reset"]["post"]
    body = operation["requestBody"]["content"]["application/json"]["schema"]
    assert body == {
        "oneOf": [
            {"$ref": "#/components/schemas/ocpp1.6.Reset"},
            {"$ref": "#/components/schemas/ocpp2.0.1.Reset"},
        ]
    }
    body = command_paths()[COMMAND_PATH + "RemoteStartTransaction"]["post"]["requestBody"]
    assert list(references(body)) == ["#/components/schemas/ocpp1.6.RemoteStartTransaction"]


def test_every_reference_leads_to_a_component() -> None:
    schemas = {**message_schemas(), "ProblemDetails": {}}
    known = {f"#/components/schemas/{name}" for name in schemas}
    assert set(references([command_paths(), schemas])) <= known


def test_limits_of_the_schemas_are_told() -> None:
    schema = message_schemas()["ocpp1.6.RemoteStartTransaction"]
    assert schema["properties"]["idTag"] == {"type": "string", "maxLength": 20}
    assert schema["required"] == ["idTag"]
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("version", ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"])
def test_no_field_may_be_null_because_absent_is_the_word_of_ocpp(version: str) -> None:
    schemas = {name: schema for name, schema in message_schemas().items() if name.startswith(version)}
    assert '{"type": "null"}' not in json.dumps(schemas)

"""The OpenAPI document: Litestar's, with one operation for each OCPP action that a CSMS may send.

One path serves an action in all versions, and the station's negotiated version picks the schema. So each operation has
the alternatives side by side, and the components of a version carry its name: ``ocpp1.6.Reset``, ``ocpp2.0.1.Reset``.
Knows no route, and sends nothing.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from importlib import metadata
from typing import Any, cast

import msgspec
from litestar import Request
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from litestar.serialization import encode_json

from chargewire.backoffice.api.commands import DEFAULT_TIMEOUT, MAX_TIMEOUT, MIN_TIMEOUT, NAMES
from chargewire.backoffice.api.problems import MEDIA_TYPE
from chargewire.backoffice.handlers import VERSIONS
from chargewire.messages import Action, CustomData, Direction, Kind
from chargewire.protocol import Version

COMMAND_PATH = "/api/v1/stations/{identity}/commands/"

_TAG = "Commands"
_PROBLEMS = {
    "401": "Unauthorized",
    "404": "Unknown station",
    "409": "Not connected",
    "422": "Not an action of the station's version, or an invalid payload; `errors` names the field",
    "502": "The station went away before it answered, or its answer was invalid",
    "504": "No answer in time",
}
_PARAMETERS = [
    {"name": "identity", "in": "path", "required": True, "schema": {"type": "string"}},
    {
        "name": "timeout",
        "in": "query",
        "description": "Seconds to wait for the answer.",
        "schema": {"type": "number", "minimum": MIN_TIMEOUT, "maximum": MAX_TIMEOUT, "default": DEFAULT_TIMEOUT},
    },
]


def openapi_config() -> OpenAPIConfig:
    """Return the configuration of Litestar's document; JSON only, for no page of a foreign origin is loaded here."""
    return OpenAPIConfig(
        title="chargewire",
        version=metadata.version("chargewire"),
        path="/schema",
        components=Components(security_schemes={"token": SecurityScheme(type="http", scheme="bearer")}),
        security=[{"token": []}],
        render_plugins=[_DocumentPlugin(path=["/openapi.json", "/"])],
    )


class _DocumentPlugin(JsonRenderPlugin):
    """Renders Litestar's document with the commands in it."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002
        """Add the commands."""
        components: dict[str, Any] = openapi_schema["components"]
        document = {
            **openapi_schema,
            "paths": {**openapi_schema["paths"], **command_paths()},
            "components": {**components, "schemas": {**components["schemas"], **message_schemas()}},
        }
        return encode_json(document)


@functools.cache
def command_paths() -> dict[str, Any]:
    """Return a path for each action that some version lets a CSMS send."""
    alternatives: dict[str, list[tuple[Version, Action]]] = {}
    for version in VERSIONS:
        for action in _commands(version):
            alternatives.setdefault(action.name, []).append((version, action))
    return {COMMAND_PATH + name: {"post": _operation(name, alternatives[name])} for name in sorted(alternatives)}


@functools.cache
def message_schemas() -> dict[str, Any]:
    """Return the schemas of all commands and their answers, and of what the command operations share."""
    schemas: dict[str, Any] = {"CommandError": _COMMAND_ERROR}
    for version in VERSIONS:
        types = [
            type for action in _commands(version) for type in (action.request, action.response) if type is not None
        ]
        _, components = msgspec.json.schema_components(
            types, schema_hook=_schema_hook, ref_template=f"#/components/schemas/{version.SUBPROTOCOL}.{{name}}"
        )
        schemas.update({f"{version.SUBPROTOCOL}.{name}": _without_nulls(schema) for name, schema in components.items()})
    return schemas


_COMMAND_ERROR = {
    "title": "CommandError",
    "description": "The station's CALLERROR.",
    "type": "object",
    "properties": {
        "type": {"const": "error"},
        "code": {"type": "string"},
        "description": {"type": "string"},
        "details": {"type": "object"},
    },
    "required": ["type", "code", "description", "details"],
}


def _commands(version: Version) -> Iterator[Action]:
    for action in version.ACTIONS.values():
        if action.direction is not Direction.TO_CSMS and action.kind is Kind.CALL:
            yield action


def _operation(name: str, alternatives: Sequence[tuple[Version, Action]]) -> dict[str, Any]:
    requests = [_reference(version, action.request) for version, action in alternatives]
    responses = [
        _reference(version, action.response) for version, action in alternatives if action.response is not None
    ]
    result = {
        "title": f"{name}Result",
        "description": "The station's CALLRESULT.",
        "type": "object",
        "properties": {"type": {"const": "result"}, "payload": {"oneOf": responses}},
        "required": ["type", "payload"],
    }
    answer = {"oneOf": [result, {"$ref": "#/components/schemas/CommandError"}]}
    problem = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
    return {
        "operationId": f"send{name}",
        "summary": f"Send {name} to a station",
        "description": f"In {', '.join(NAMES[version.SUBPROTOCOL] for version, _ in alternatives)}.",
        "tags": [_TAG],
        "parameters": _PARAMETERS,
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"oneOf": requests}}}},
        "responses": {
            "200": {"description": "The station answered", "content": {"application/json": {"schema": answer}}},
            **{status: {"description": text, "content": problem} for status, text in _PROBLEMS.items()},
        },
        "security": [{"token": []}],
    }


def _reference(version: Version, type: type[Any]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{version.SUBPROTOCOL}.{type.__name__}"}


def _schema_hook(type: type[Any]) -> dict[str, Any]:
    """Describe the one type that msgspec does not know."""
    if type is CustomData:
        vendor_id = {"type": "string", "maxLength": 255}
        return {"type": "object", "properties": {"vendorId": vendor_id}, "required": ["vendorId"]}
    raise NotImplementedError(type)


def _without_nulls(schema: Any) -> Any:
    """Take out the null of absent fields: OCPP forbids it on the wire, whatever the Python type says."""
    match schema:
        case {"anyOf": [*options], "default": None}:
            given = [_without_nulls(option) for option in options if option != {"type": "null"}]
            return given[0] if len(given) == 1 else {"anyOf": given}
        case dict():
            members = cast("dict[str, Any]", schema)
            return {key: _without_nulls(member) for key, member in members.items()}
        case list():
            return [_without_nulls(item) for item in cast("Iterable[Any]", schema)]
        case _:
            return schema

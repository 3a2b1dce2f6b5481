"""Payloads to typed messages and back, with the right OCPP error code for what does not fit.

Strict by default. Real devices break the schemas in known ways; each such way has a name in :data:`TOLERANCES` and is
forgiven only where it is asked for. Knows nothing about frames, versions on a connection, or who is asking.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, TypeVar, cast

import msgspec
from msgspec import inspect

from chargewire.errors import ErrorCode, InvalidPayload
from chargewire.messages import CustomData, Message

M = TypeVar("M", bound=Message)

TOLERANCES: Mapping[str, str] = MappingProxyType(
    {
        "hertz": "unit `Hertz` or `Hz`, which OCPP 1.6 does not have, is read as no unit (RPC-067)",
        "long_strings": "a string over its maximum is cut to it",
        "naive_datetimes": "a date-time without a zone is read as UTC",
        "nulls": "an explicit null is read as an absent field (RPC-051)",
        "unknown_fields": "fields that the schema does not have are dropped (RPC-053)",
    }
)

_NULL = b"null"  # looked for with rfind, which is three times as fast as `in`
_MAX_REPAIRS = 256  # a message that needs more is not a message with a quirk
_MAX_REASON = 120
_MICROSECONDS = re.compile(rb"T\d\d:\d\d:\d\d\.\d{6}")
_LOCATED = re.compile(r"^(?P<reason>.*?)(?: - at `\$\.?(?P<path>.*)`)?$", re.DOTALL)
_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")

_encoder = msgspec.json.Encoder()


def tolerances(names: Collection[str]) -> frozenset[str]:
    """Check names of tolerances.

    Raises:
        ValueError: a name is not in :data:`TOLERANCES`.
    """
    if unknown := sorted(set(names) - set(TOLERANCES)):
        raise ValueError(f"tolerate: unknown {', '.join(unknown)}; there is {', '.join(sorted(TOLERANCES))}")
    return frozenset(names)


def decode(payload: bytes | msgspec.Raw, type: type[M], *, tolerate: frozenset[str] = frozenset()) -> M:
    """Read a payload as ``type``.

    Args:
        payload: the JSON text of the payload; ``null`` counts as ``{}`` (RPC-050).
        type: a generated message class.
        tolerate: names out of :data:`TOLERANCES`.

    Raises:
        InvalidPayload: it does not fit the schema of ``type``.
    """
    data = bytes(payload)
    try:
        message: M = _decoder(type).decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        return _decode_again(data, type, tolerate, exc)
    # `T | None` takes an explicit null, the schemas do not: looked for only where the text has one at all.
    if data.rfind(_NULL) >= 0 and "nulls" not in tolerate:
        _refuse_nulls(msgspec.json.decode(data), type)
    return message


def decode_raw(payload: msgspec.Raw) -> Any:
    """Read a payload of which nothing is known but that it is JSON.

    Raises:
        InvalidPayload: it is not.
    """
    try:
        return msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise _unreadable(exc) from None


def encode_raw(payload: Any) -> bytes:
    """Write any JSON.

    Raises:
        TypeError: ``payload`` holds what JSON cannot express.
    """
    return _encoder.encode(payload)


def encode(message: Message) -> bytes:
    """Write a message: compact JSON in schema field order, date-times with milliseconds at most (RPC-057)."""
    data = _encoder.encode(message)
    if b"." not in data or not (found := _MICROSECONDS.search(data)):
        return data
    if _holds_text(type(message)) or b'"customData"' in data:
        # A vendor's text may look like a date-time and must stay as it is.
        return _encoder.encode(_with_milliseconds(msgspec.to_builtins(message, builtin_types=(datetime,))))
    while found:  # the answers to Heartbeat and BootNotification: cutting is five times as fast
        end = found.end()
        start = end - 3 if data[end - 6 : end - 3] != b"000" else end - 7
        data = data[:start] + data[end:]
        found = _MICROSECONDS.search(data, start)
    return data


def check(message: Message, data: bytes) -> None:
    """Check that ``data``, the encoded ``message``, fits its own schema: constructors check nothing.

    Raises:
        InvalidPayload: it does not, so the peer would refuse it.
    """
    try:
        _decoder(message.__class__).decode(data)
    except msgspec.ValidationError as exc:
        raise _invalid(exc) from None
    if data.rfind(_NULL) >= 0:  # what JSON has no number for, such as NaN, is written as null
        _refuse_nulls(msgspec.json.decode(data), message.__class__)


@functools.cache
def _decoder(type: type[Any]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(type, dec_hook=_decode_hook)


def _decode_hook(type: type, value: Any) -> Any:
    """Build the one type of ours that msgspec does not know."""
    if type is CustomData:
        if not isinstance(value, dict):
            raise ValueError(f"Expected `object`, got `{value.__class__.__name__}`")
        return CustomData(cast(dict[str, Any], value))
    raise NotImplementedError(type)


def _decode_again(data: bytes, type: type[M], tolerate: frozenset[str], exc: Exception) -> M:
    """Read what the fast way refused. It stopped at the first fault: any other may lie behind that."""
    if not isinstance(exc, msgspec.ValidationError):
        raise _unreadable(exc) from None
    try:
        value = msgspec.json.decode(data)
        return _convert({} if value is None else value, type, tolerate)
    except msgspec.ValidationError:  # a number too large for any type
        raise _invalid(exc) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise _unreadable(fault) from None


def _convert(value: Any, type: type[M], tolerate: frozenset[str]) -> M:
    """Read decoded JSON as ``type``, mending one fault at a time as far as ``tolerate`` allows."""
    if "nulls" not in tolerate:
        _refuse_nulls(value, type)
    repairs = 0
    while True:
        try:
            return msgspec.convert(value, type, dec_hook=_decode_hook)
        except msgspec.ValidationError as fault:
            repairs += 1
            if repairs > _MAX_REPAIRS or not _mend(value, fault, tolerate):
                raise _invalid(fault) from None


def _unreadable(exc: Exception) -> InvalidPayload:
    reason = "nested too deeply" if isinstance(exc, RecursionError) else "not JSON"
    return InvalidPayload(ErrorCode.FORMAT_VIOLATION, "", reason)


def _invalid(exc: msgspec.ValidationError) -> InvalidPayload:
    """Give a finding of msgspec its OCPP code (RPC-092) and the name of its field."""
    reason, path = _locate(exc)
    code = ErrorCode.PROPERTY_CONSTRAINT_VIOLATION
    if match := re.match(r"Object missing required field `(.*)`", reason):
        code, path, reason = ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION, _join(path, match[1]), "is missing"
    elif match := re.match(r"Object contains unknown field `(.*)`", reason, re.DOTALL):
        code, path, reason = ErrorCode.FORMAT_VIOLATION, _join(path, match[1]), "is not a field of this message"
    elif match := re.match(r"Expected (?:`array`|`object`) of length (.*)", reason):
        code, reason = ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION, f"must have {match[1]} items"
    elif match := re.match(r"Expected `str` of length (.*)", reason):
        reason = f"must have {match[1]} characters"
    elif reason.startswith("Invalid enum value"):
        reason = "is not one of the allowed values"  # without the value: it may be anything (RPC-085)
    elif match := re.match(r"Expected (.*), got (.*)", reason):
        expected = match[1].replace(" | null", "")  # an optional field may be absent, not null
        code, reason = ErrorCode.TYPE_CONSTRAINT_VIOLATION, f"must be {expected}, not {match[2]}"
    return InvalidPayload(code, path[:_MAX_REASON], reason[:_MAX_REASON].replace("`", ""))


def _locate(exc: Exception) -> tuple[str, str]:
    """Split a message of msgspec into the finding and the JSON path."""
    match = _LOCATED.match(str(exc))
    return (match["reason"], match["path"] or "") if match else (str(exc), "")  # pragma: no branch - it always matches


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _refuse_nulls(value: Any, type: type[Message]) -> None:
    """Raise for the first null that the schema of ``type`` forbids in the decoded JSON ``value``."""
    if not isinstance(value, dict):
        return
    members = cast(dict[str, Any], value)
    free = _free_fields(type)
    for key, member in members.items():
        if key not in free and (field := _null_in(member, key)):
            raise InvalidPayload(ErrorCode.TYPE_CONSTRAINT_VIOLATION, field, "must not be null")


def _null_in(value: Any, path: str) -> str:
    """Return the path of the first null, or an empty string."""
    match value:
        case None:
            return path
        case dict():
            members = cast(dict[str, Any], value)
            paths = (_null_in(member, f"{path}.{key}") for key, member in members.items() if key != "customData")
        case list():
            items: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
            paths = (_null_in(item, f"{path}[{index}]") for index, item in enumerate(items))
        case _:
            return ""
    return next(filter(None, paths), "")


@functools.cache
def _free_fields(type: type[Message]) -> frozenset[str]:
    """Wire names whose value is any JSON: ``customData``, and ``data`` of the 2.x DataTransfer."""
    return frozenset({"customData"} | {f.encode_name for f in msgspec.structs.fields(type) if f.type is Any})


def _mend(value: Any, exc: msgspec.ValidationError, tolerate: frozenset[str]) -> bool:
    """Mend the fault that ``exc`` names in the decoded JSON ``value``; False where nothing allows it."""
    reason, path = _locate(exc)
    steps = [int(index) if index else name for index, name in _STEP.findall(path)]
    try:
        if match := re.match(r"Object contains unknown field `(.*)`", reason, re.DOTALL):
            return "unknown_fields" in tolerate and _remove(_follow(value, steps), match[1])
        return bool(steps) and _replace(_follow(value, steps[:-1]), steps[-1], reason, tolerate)
    except (LookupError, TypeError):  # a field whose name reads like a path: the message of msgspec is ambiguous
        return False


def _remove(parent: Any, name: str) -> bool:
    del parent[name]
    return True


def _replace(parent: Any, last: int | str, reason: str, tolerate: frozenset[str]) -> bool:
    mended = _mended(parent[last], reason, tolerate)
    if mended is _UNMENDED:
        return False
    if mended is _ABSENT:
        del parent[last]
    else:
        parent[last] = mended
    return True


_UNMENDED, _ABSENT = object(), object()


def _mended(value: Any, reason: str, tolerate: frozenset[str]) -> Any:
    """Return what to read instead of ``value``."""
    match value:
        case float() if reason.startswith(("Expected `int`", "Expected `int | null`")) and value.is_integer():
            return int(value)  # JSON Schema draft 6 counts 1.0 among the integers: no tolerance needed
        case "Hertz" | "Hz" if "hertz" in tolerate and reason.startswith("Invalid enum value"):
            return _ABSENT
        case None if "nulls" in tolerate:
            return _ABSENT
        case str() if "long_strings" in tolerate and (match := re.match(r"Expected `str` of length <= (\d+)", reason)):
            return value[: int(match[1])]
        case str() if "naive_datetimes" in tolerate and reason.startswith("Expected `datetime` with a timezone"):
            return f"{value}Z"
        case _:
            return _UNMENDED


def _follow(value: Any, steps: list[int | str]) -> Any:
    return functools.reduce(lambda found, step: found[step], steps, value)


@functools.cache
def _holds_text(type: type[Message]) -> bool:
    """Whether a message may hold text of any form, other than in ``customData``."""
    return _is_textual(inspect.type_info(type))


def _is_textual(type: inspect.Type) -> bool:
    match type:
        case inspect.StructType(fields=fields):
            return any(_is_textual(field.type) for field in fields)
        case inspect.UnionType(types=types):
            return any(map(_is_textual, types))
        case inspect.ListType(item_type=item):
            return _is_textual(item)
        case inspect.CustomType(cls=cls):
            return cls is not CustomData
        case _:
            return isinstance(type, inspect.StrType | inspect.AnyType)


def _with_milliseconds(value: Any) -> Any:
    """Write every date-time of a tree of builtins with milliseconds, or with none when there are none."""
    match value:
        case datetime():
            text = value.isoformat(timespec="milliseconds" if value.microsecond >= 1000 else "seconds")  # noqa: PLR2004
            return text.replace("+00:00", "Z") if value.tzinfo is UTC or text.endswith("+00:00") else text
        case dict():
            members = cast(dict[str, Any], value)
            return {key: _with_milliseconds(member) for key, member in members.items()}
        case list():
            items: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
            return [_with_milliseconds(item) for item in items]
        case _:
            return value

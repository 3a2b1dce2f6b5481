"""What every generated OCPP message inherits. Knows nothing about JSON text, sockets or time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any, Generic, TypeVar

from msgspec import Struct

Q_co = TypeVar("Q_co", covariant=True)
R_co = TypeVar("R_co", covariant=True)


class Message(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A payload, or an object inside one. Fields absent on the wire are ``None``."""


class Response(Message, frozen=True, kw_only=True):
    """The payload of a CALLRESULT."""


class NoReply(Response, frozen=True, kw_only=True):
    """What a handler returns to leave a CALL unanswered; see :data:`NO_REPLY`."""


NO_REPLY = NoReply()


class Request(Message, Generic[Q_co, R_co], frozen=True, kw_only=True):
    """The payload of a CALL. Its class name is the action.

    The two type parameters are the request itself and its response, so that a type checker can follow
    ``call(request) -> response`` and ``on(request_type)``.
    """


class Send(Message, frozen=True, kw_only=True):
    """The payload of a SEND (OCPP 2.1): one way, never answered. Its class name is the action."""


class RawResponse(Response, frozen=True, kw_only=True):
    """The answer to a :class:`RawRequest`: any JSON, as it came."""

    payload: Any


class RawRequest(Request["RawRequest", RawResponse], frozen=True, kw_only=True):
    """A CALL of any action with any JSON: neither it nor its answer is validated."""

    action: str
    payload: Any


class CustomData(dict[str, Any]):
    """What a vendor added to an OCPP 2.x object: ``vendorId`` and any JSON beside it, kept as it came.

    Raises:
        ValueError: ``vendorId`` is missing, no string, or longer than 255 characters.
    """

    def __init__(self, members: dict[str, Any]) -> None:
        super().__init__(members)
        vendor_id = members.get("vendorId")
        if vendor_id is None:
            raise ValueError("Object missing required field `vendorId`")
        if not isinstance(vendor_id, str):
            raise ValueError(f"Expected `str`, got `{type(vendor_id).__name__}`")  # noqa: TRY004
        if len(vendor_id) > 255:  # noqa: PLR2004 - the maximum of CustomDataType.vendorId
            raise ValueError("Expected `str` of length <= 255")

    @property
    def vendor_id(self) -> str:
        """Who defined the members."""
        return str(self["vendorId"])


class Direction(Enum):
    """Who may send an action."""

    TO_CSMS = "CS->CSMS"
    TO_STATION = "CSMS->CS"
    BOTH = "both"


class Kind(StrEnum):
    """Which frame carries an action."""

    CALL = "CALL"
    SEND = "SEND"


@dataclass(frozen=True, slots=True)
class Action:
    """One row of a version's generated ``ACTIONS`` table."""

    name: str
    request: type[Request[Any, Any] | Send]
    response: type[Response] | None
    direction: Direction
    kind: Kind = Kind.CALL

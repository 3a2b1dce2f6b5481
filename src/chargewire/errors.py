"""Everything this package raises, and the error codes of OCPP-J in the spelling of each version.

OcppError
├── CallRejected       the peer answered with a CALLERROR; raised in a handler, it answers with one
├── CallTimeout        the peer did not answer in time
├── ConnectionLost     the socket went away before the answer came
├── NotConnected       there is no socket to send on
├── InvalidPayload     a payload does not fit its schema: ours before it left, or the peer's answer
├── MalformedFrame     a message is not an OCPP-J frame
└── UpgradeRefused     the CSMS answered the WebSocket upgrade with an HTTP error

Knows nothing about sockets, and nothing about which rule was broken where.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

MAX_DESCRIPTION = 255  # OCPP-J 2.1, table 7: errorDescription


class ErrorCode(StrEnum):
    """What a CALLERROR can say, in the spelling of OCPP 2.x."""

    NOT_IMPLEMENTED = "NotImplemented"
    NOT_SUPPORTED = "NotSupported"
    INTERNAL_ERROR = "InternalError"
    PROTOCOL_ERROR = "ProtocolError"
    SECURITY_ERROR = "SecurityError"
    FORMAT_VIOLATION = "FormatViolation"
    PROPERTY_CONSTRAINT_VIOLATION = "PropertyConstraintViolation"
    OCCURRENCE_CONSTRAINT_VIOLATION = "OccurrenceConstraintViolation"
    TYPE_CONSTRAINT_VIOLATION = "TypeConstraintViolation"
    GENERIC_ERROR = "GenericError"
    MESSAGE_TYPE_NOT_SUPPORTED = "MessageTypeNotSupported"
    RPC_FRAMEWORK_ERROR = "RpcFrameworkError"


# OCPP-J 1.6 table 7 spells two codes its own way and lacks two others.
_SPELLED_IN_16: Mapping[str, str] = MappingProxyType(
    {
        ErrorCode.FORMAT_VIOLATION: "FormationViolation",
        ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION: "OccurenceConstraintViolation",
        ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED: "GenericError",
        ErrorCode.RPC_FRAMEWORK_ERROR: "FormationViolation",
    }
)
_READ: Mapping[str, str] = MappingProxyType(
    {
        "FormationViolation": ErrorCode.FORMAT_VIOLATION,
        "OccurenceConstraintViolation": ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
        **{code.value: code for code in ErrorCode},
    }
)


def spell(code: str, subprotocol: str) -> str:
    """Write ``code`` the way ``subprotocol`` does; a vendor's own code passes unchanged."""
    canonical = read_code(code)
    return _SPELLED_IN_16.get(canonical, canonical) if subprotocol == "ocpp1.6" else canonical


def read_code(code: str) -> str:
    """Return the :class:`ErrorCode` for either spelling, or ``code`` itself when nobody standardised it."""
    return _READ.get(code, code)


class OcppError(Exception):
    """Base of everything this package raises."""


class CallRejected(OcppError):
    """A CALL answered with a CALLERROR.

    Attributes:
        code: an :class:`ErrorCode` whatever the peer's spelling, or the vendor's own text.
        description: what the peer wrote, at most 255 characters when it is ours.
        details: the JSON object that came with it.
    """

    def __init__(self, code: str, description: str = "", details: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"{code}: {description}" if description else str(code))
        self.code = read_code(code)
        self.description = description
        self.details: Mapping[str, Any] = details or {}


class CallTimeout(OcppError, TimeoutError):
    """The peer did not answer a CALL in time. It may still have acted on it."""


class ConnectionLost(OcppError, ConnectionError):
    """The connection ended before the answer came. The peer may still have acted on the CALL."""


class NotConnected(OcppError, ConnectionError):
    """There is no open connection; nothing was sent."""


class InvalidPayload(OcppError, ValueError):
    """A payload that does not fit its schema.

    Attributes:
        code: the :class:`ErrorCode` that OCPP-J has for this violation.
        field: JSON path of the offending field, such as ``chargingStation.model``; empty for the payload itself.
        reason: what is wrong with the field, without its value.
    """

    def __init__(self, code: ErrorCode, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.code = code
        self.field = field
        self.reason = reason


class MalformedFrame(OcppError, ValueError):
    """A WebSocket message that is not an OCPP-J frame.

    Attributes:
        message_type: the first element, when it is an integer.
        id: the second element, when it is a usable message id.
        reason: what is wrong, without the message.
    """

    def __init__(self, message_type: int | None, id: str | None, reason: str) -> None:
        super().__init__(reason)
        self.message_type = message_type
        self.id = id
        self.reason = reason


class UpgradeRefused(OcppError, ConnectionError):
    """The CSMS refused the WebSocket upgrade.

    Attributes:
        status: the HTTP status of the answer; 101 when the upgrade itself was at fault, such as a foreign subprotocol.
        reason: the first line of the body, or what was wrong.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"HTTP {status}: {reason}")
        self.status = status
        self.reason = reason

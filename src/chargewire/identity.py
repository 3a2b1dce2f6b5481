"""Who a station is and which version it speaks, as its upgrade request says. Knows nothing about sockets."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from urllib.parse import quote, unquote_to_bytes

MAX_IDENTITY = 48  # OCPP-J 2.1, 3.1.1; 1.6 names no maximum
_TOKEN = re.compile(r"^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$")  # RFC 7230, 3.2.6


def identity_of(target: str) -> str:
    """Read the identity from a request target: the percent-decoded last segment of its path (CON-002, CON-003).

    Raises:
        ValueError: there is none, or it is no usable identity.
    """
    return decode_identity(target.partition("?")[0].rstrip("/").rpartition("/")[2])  # before decoding: %2F stays inside


def decode_identity(segment: str) -> str:
    """Read the identity from a percent-encoded segment of a path.

    Raises:
        ValueError: there is none, or it is no usable identity.
    """
    try:
        identity = unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        raise ValueError("the identity in the URL is not UTF-8") from None
    if not identity:
        raise ValueError("the URL ends without a station identity")
    if len(identity) > MAX_IDENTITY:
        raise ValueError(f"the identity in the URL is longer than {MAX_IDENTITY} characters")
    if not identity.isprintable():
        raise ValueError("the identity in the URL holds control characters")
    return identity


def url_of(endpoint: str, identity: str) -> str:
    """Append the percent-encoded identity to the path of an endpoint URL (CON-002); its query stays behind it."""
    base, mark, query = endpoint.partition("?")
    return f"{base.rstrip('/')}/{quote(identity, safe='')}{mark}{query}"


def basic_credentials(header: str) -> tuple[bytes, bytes] | None:
    """Read user name and password from an ``Authorization`` header, as bytes: OCPP 1.6 keys need not be text (SEC-007).

    Returns:
        ``None`` when the header is not well-formed Basic authentication.
    """
    scheme, _, encoded = header.strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        username, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return None
    return (username, password) if colon else None


def basic_authorization(identity: str, password: bytes) -> str:
    """Write the ``Authorization`` header of a station (SEC-004)."""
    return "Basic " + base64.b64encode(identity.encode() + b":" + password).decode()


def offered_subprotocols(header: str) -> tuple[str, ...]:
    """Read ``Sec-WebSocket-Protocol``: the versions a station offers, most wanted first (CON-008).

    Raises:
        ValueError: an element is not a token.
    """
    offered = tuple(name for part in header.split(",") if (name := part.strip()))
    if bad := next((name for name in offered if not _TOKEN.match(name)), None):
        raise ValueError(f"Sec-WebSocket-Protocol: {bad[:40]!r} is not a token")
    return offered


def choose_subprotocol(offered: Iterable[str], spoken: Iterable[str]) -> str | None:
    """Return the first offered subprotocol that is spoken here: the station's order decides (CON-009)."""
    known = frozenset(spoken)
    return next((name for name in offered if name in known), None)

"""The upgrade pipeline as pure steps: a request head in, a decision out. Knows no socket, no clock and no task."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import unquote

from chargewire.identity import (
    basic_credentials,
    choose_subprotocol,
    decode_identity,
    identity_of,
    offered_subprotocols,
)
from chargewire.paths import Router
from chargewire.security import Certificate, SecurityProfile, canonical_password

S_co = TypeVar("S_co", covariant=True)

_KEY_BYTES = 16
_CONTROL = re.compile(r"[\0\r\n]")
_MIN_WINDOW_BITS, _MAX_WINDOW_BITS = 9, 15  # RFC 7692 allows 8, zlib does not

NoSubprotocol = Literal["refuse", "close_after_handshake"]


@dataclass(frozen=True, slots=True)
class Head:
    """The head of an HTTP request: method, target, and headers by lower-case name (repeated ones joined by commas)."""

    method: str
    target: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Handshake:
    """What a station presents when it connects.

    Attributes:
        identity: the percent-decoded last path segment, or what stands for ``{identity}`` in the route.
        target: path and query as they came.
        remote: address of the socket's peer, ``host:port``; of a trusted proxy's client, with port 0.
        protocols: the subprotocols offered, most wanted first.
        username: user name of Basic authentication, as bytes; ``None`` without credentials.
        password: password of Basic authentication, as bytes: OCPP 1.6 keys need not be UTF-8.
        headers: request headers by lower-case name.
        encrypted: whether the connection is TLS.
        certificate: what the station presented in the TLS handshake, if it did.
        route: pattern that the path fits; ``None`` without routes.
        parameters: segments of the path by the names in that pattern, percent-decoded.
    """

    identity: str
    target: str
    remote: str
    protocols: tuple[str, ...]
    username: bytes | None
    password: bytes | None = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    encrypted: bool = False
    certificate: Certificate | None = None
    route: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def security_profile(self) -> SecurityProfile:
        """The profile that the station uses. A password still has to be verified, see :func:`verify_password`.

        It uses profile 3 only with a certificate that names its identity.
        """
        if self.certificate is not None and self.certificate.common_name == self.identity:
            return SecurityProfile.MUTUAL_TLS
        if not self.password:
            return SecurityProfile.NONE
        return SecurityProfile.TLS_BASIC if self.encrypted else SecurityProfile.BASIC


@dataclass(frozen=True, slots=True)
class Accept(Generic[S_co]):
    """Let the station in.

    Attributes:
        session: yours: it becomes ``station.session``.
        protocol: the subprotocol to speak instead of the first that fits: one that the station offered, and that is
            spoken here.
        identity: what to know the station by, instead of what its URL says.
    """

    session: S_co
    protocol: str | None = None
    identity: str | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """Refuse the upgrade with an HTTP status (400 to 599); the reason becomes the body."""

    status: HTTPStatus
    reason: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        """Keep a refusal a refusal."""
        if not HTTPStatus.BAD_REQUEST <= self.status < 600:  # noqa: PLR2004 - the end of HTTP's error classes
            raise ValueError(f"status: {self.status} refuses nothing; expected 400 to 599")


Authenticator = Callable[[Handshake], Awaitable[Accept[S_co] | Reject]]


class Refused(Exception):
    """A step refuses the upgrade with ``reject``; ``identity`` is set once it has been read."""

    def __init__(self, reject: Reject, identity: str | None = None) -> None:
        super().__init__(reject.reason)
        self.reject = reject
        self.identity = identity


@dataclass(frozen=True, slots=True)
class Deflate:
    """permessage-deflate as agreed (RFC 7692), always without context takeover.

    Attributes:
        bits: window of what we send; what we receive is inflated with the largest.
        header: the ``Sec-WebSocket-Extensions`` that says so.
    """

    bits: int
    header: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What an upgrade was agreed on, short of authentication.

    Attributes:
        subprotocol: the version to speak; ``None`` where there is none in common.
        key: the ``Sec-WebSocket-Key`` to answer.
    """

    subprotocol: str | None
    deflate: Deflate | None
    key: str


def parse_head(data: bytes) -> Head:
    """Read the head of an HTTP/1.1 request, without its closing blank line.

    Raises:
        Refused: it is not one (400), or not HTTP/1.1 (505).
    """
    try:
        request_line, *lines = data.decode("latin-1").split("\r\n")
        method, target, version = request_line.split(" ")
    except ValueError:
        raise Refused(Reject(HTTPStatus.BAD_REQUEST, "not an HTTP request")) from None
    if not version.startswith("HTTP/") or not target.startswith("/"):
        raise Refused(Reject(HTTPStatus.BAD_REQUEST, "not an HTTP request"))
    if version != "HTTP/1.1":
        raise Refused(Reject(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "only HTTP/1.1 can be upgraded"))
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip() or _CONTROL.search(value):
            raise Refused(Reject(HTTPStatus.BAD_REQUEST, "malformed header"))
        key, value = name.lower(), value.strip()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return Head(method, target, MappingProxyType(headers))


def check_upgrade(head: Head) -> str:
    """Check that a request asks for a WebSocket; return its ``Sec-WebSocket-Key``.

    Raises:
        Refused: it does not (405, 426), or not rightly (400).
    """
    headers = head.headers
    if head.method != "GET":
        raise Refused(Reject(HTTPStatus.METHOD_NOT_ALLOWED, "only GET can be upgraded", {"Allow": "GET"}))
    if "websocket" not in _tokens(headers.get("upgrade", "")) or "upgrade" not in _tokens(
        headers.get("connection", "")
    ):
        raise Refused(
            Reject(
                HTTPStatus.UPGRADE_REQUIRED,
                "this is an OCPP endpoint: connect with a WebSocket",
                {"Upgrade": "websocket", "Connection": "Upgrade"},
            )
        )
    if (version := headers.get("sec-websocket-version", "")) != "13":
        reason = f"Sec-WebSocket-Version: {version[:20]!r} is not spoken here, 13 is"
        raise Refused(Reject(HTTPStatus.UPGRADE_REQUIRED, reason, {"Sec-WebSocket-Version": "13"}))
    if headers.get("content-length", "0").strip("0") or "transfer-encoding" in headers:
        raise Refused(Reject(HTTPStatus.BAD_REQUEST, "an upgrade request has no body"))
    key = headers.get("sec-websocket-key", "")
    try:
        decoded = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    if len(decoded) != _KEY_BYTES:
        raise Refused(Reject(HTTPStatus.BAD_REQUEST, "Sec-WebSocket-Key: expected 16 bytes in base64"))
    return key


def read_handshake(
    head: Head,
    *,
    remote: str,
    encrypted: bool = False,
    certificate: Certificate | None = None,
    router: Router[Any] | None = None,
) -> Handshake:
    """Read who asks for the upgrade, by which route, and what they offer.

    Raises:
        Refused: no route leads there (404); the identity, another parameter or a header is no good (400).
    """
    match = None if router is None else router.find(head.target)
    if router is not None and match is None:
        raise Refused(Reject(HTTPStatus.NOT_FOUND, "no such path here"))
    encoded: Mapping[str, str] = {} if match is None else match.parameters
    identity = None
    try:
        identity = decode_identity(encoded["identity"]) if "identity" in encoded else identity_of(head.target)
        parameters = {name: unquote(text, errors="strict") for name, text in encoded.items()}
        protocols = offered_subprotocols(head.headers.get("sec-websocket-protocol", ""))
    except UnicodeDecodeError:
        raise Refused(Reject(HTTPStatus.BAD_REQUEST, "the path is not UTF-8"), identity) from None
    except ValueError as exc:
        raise Refused(Reject(HTTPStatus.BAD_REQUEST, str(exc)), identity) from None
    username, password = basic_credentials(head.headers.get("authorization", "")) or (None, None)
    return Handshake(
        identity, head.target, remote, protocols, username, password, head.headers, encrypted, certificate,
        None if match is None else match.pattern, parameters,
    )  # fmt: skip


def check_profile(handshake: Handshake, profile: SecurityProfile, *, organization: str | None = None) -> Reject | None:
    """Compare how a station connects with the least it must do; ``None`` when that suffices.

    A better profile than asked for is fine. With :attr:`SecurityProfile.NONE` only the organization is compared.
    What cannot be mended with other credentials is a 403: a 401 would invite the station to send its password where
    everyone can read it.

    Args:
        handshake: of the station.
        profile: the least it must use.
        organization: the O that a certificate must have (SEC-037).
    """
    if reject := _check_certificate(handshake, profile, organization):
        return reject
    if profile >= SecurityProfile.TLS_BASIC and not handshake.encrypted:
        return Reject(HTTPStatus.FORBIDDEN, f"security profile {profile:d} needs TLS")
    return _check_basic(handshake, profile)


def verify_password(handshake: Handshake, stored: bytes | str) -> bool:
    """Tell whether a station presents its identity as user name and the right password, in constant time.

    Args:
        handshake: of the station.
        stored: its password; of an OCPP 1.6 key the hexadecimal digits or the bytes, either matches what stations
            make of it (see :func:`~chargewire.canonical_password`). An empty one never matches.
    """
    expected = stored.encode() if isinstance(stored, str) else stored
    matches = hmac.compare_digest(canonical_password(handshake.password or b""), canonical_password(expected))
    return _names_itself(handshake) & matches & bool(expected)


def decide(
    handshake: Handshake,
    key: str,
    *,
    spoken: Collection[str],
    on_no_subprotocol: NoSubprotocol,
    deflate: bool,
    profile: SecurityProfile,
    organization: str | None,
) -> Terms:
    """Run every step that needs no waiting; see :func:`agree` and :func:`check_profile`.

    Raises:
        Refused: one of them refuses.
    """
    terms = agree(handshake, key, spoken=spoken, on_no_subprotocol=on_no_subprotocol, deflate=deflate)
    if reject := check_profile(handshake, profile, organization=organization):
        raise Refused(reject, handshake.identity)
    return terms


def agree(
    handshake: Handshake, key: str, *, spoken: Collection[str], on_no_subprotocol: NoSubprotocol, deflate: bool
) -> Terms:
    """Choose subprotocol and compression.

    Raises:
        Refused: no subprotocol in common, and the policy is to refuse (400, OCTT TC_B_58_CSMS).
    """
    subprotocol = choose_subprotocol(handshake.protocols, spoken)
    if subprotocol is None and on_no_subprotocol == "refuse":
        offered = ", ".join(handshake.protocols)[:80] or "no subprotocol"
        reason = f"Sec-WebSocket-Protocol: {offered} offered; spoken here: {', '.join(spoken)}"
        raise Refused(Reject(HTTPStatus.BAD_REQUEST, reason), handshake.identity)
    # OCPP-J 1.6, 5.1 knows no compression; OCPP-J 2.x wants it of every CSMS (CON-015, CON-016).
    compress = deflate and subprotocol not in (None, "ocpp1.6")
    offer = handshake.headers.get("sec-websocket-extensions", "")
    return Terms(subprotocol, agree_deflate(offer) if compress else None, key)


def settle(
    handshake: Handshake, terms: Terms, accept: Accept[Any], *, spoken: Collection[str]
) -> tuple[Handshake, Terms]:
    """Put into force what an authenticator wants changed.

    Returns:
        The handshake with the station's final identity, and the terms with its final subprotocol.

    Raises:
        ValueError: it cannot have what it wants. That is this side's mistake, not the station's.
    """
    if accept.identity is not None:
        if not accept.identity:
            raise ValueError("Accept.identity: expected a name, got an empty one")
        handshake = replace(handshake, identity=accept.identity)
    wanted = accept.protocol
    if wanted in (None, terms.subprotocol):
        return handshake, terms
    if wanted not in handshake.protocols:
        raise ValueError(f"Accept.protocol: {wanted!r} was not offered; {', '.join(handshake.protocols)} was")
    if wanted not in spoken:
        raise ValueError(f"Accept.protocol: {wanted!r} is not spoken here; {', '.join(spoken)} is")
    # CON-016: not on 1.6. A change from 1.6 goes without as well, which every station can do.
    return handshake, replace(terms, subprotocol=wanted, deflate=None if wanted == "ocpp1.6" else terms.deflate)


def agree_deflate(header: str) -> Deflate | None:
    """Take the first permessage-deflate offer that can be met (RFC 7692, 7.1); ``None`` when there is none."""
    for offer in header.split(","):
        name, *parameters = (part.strip() for part in offer.split(";"))
        if name == "permessage-deflate" and (agreed := _agree_parameters(parameters)):
            return agreed
    return None


DEFLATE_OFFER = "permessage-deflate; client_no_context_takeover; server_no_context_takeover"


def read_deflate(header: str) -> Deflate | None:
    """Read what a CSMS made of :data:`DEFLATE_OFFER`; ``None`` when it declined.

    Raises:
        ValueError: it agreed to what was not offered, so the connection must fail (RFC 7692, 5.1).
    """
    if not header:
        return None
    name, *parameters = (part.strip() for part in header.split(";"))
    window = next((part for part in parameters if part.startswith("server_max_window_bits=")), None)
    allowed = {"client_no_context_takeover", "server_no_context_takeover", window}
    if name != "permessage-deflate" or "server_no_context_takeover" not in parameters or set(parameters) - allowed:
        raise ValueError(f"Sec-WebSocket-Extensions: {header[:80]!r} was not offered")
    return Deflate(_MAX_WINDOW_BITS, header)


def write_reject(reject: Reject) -> tuple[dict[str, str], bytes]:
    """Write headers and body of a refusal: plain text that says why."""
    body = f"{reject.reason or reject.status.phrase}\n".encode()
    headers = {"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(body))}
    if reject.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Basic realm="ocpp", charset="UTF-8"'
    return headers | dict(reject.headers), body


def encode_reject(reject: Reject) -> bytes:
    """Write the HTTP response of a refusal."""
    headers, body = write_reject(reject)
    headers.setdefault("Connection", "close")
    lines = [
        f"HTTP/1.1 {reject.status.value} {reject.status.phrase}",
        *(f"{name}: {value}" for name, value in headers.items()),
        "",
        "",
    ]
    return "\r\n".join(lines).encode("latin-1", "replace") + body


def _check_certificate(handshake: Handshake, profile: SecurityProfile, organization: str | None) -> Reject | None:
    certificate = handshake.certificate
    if certificate is None:
        if profile is SecurityProfile.MUTUAL_TLS and handshake.encrypted:
            return Reject(HTTPStatus.FORBIDDEN, "security profile 3 needs a client certificate")
    elif organization not in (None, certificate.organization):
        return Reject(HTTPStatus.FORBIDDEN, "the certificate is of another organization")
    elif profile > SecurityProfile.NONE and certificate.common_name != handshake.identity:
        return Reject(HTTPStatus.FORBIDDEN, "the certificate is of another station")
    return None


def _check_basic(handshake: Handshake, profile: SecurityProfile) -> Reject | None:
    """Check the form of the credentials (SEC-005); a certificate stands for them, but they may not contradict it."""
    if profile is SecurityProfile.NONE:
        return None
    if handshake.username is not None and not _names_itself(handshake):
        return Reject(HTTPStatus.UNAUTHORIZED, "the user name is not the identity in the URL")  # SEC-004, CON-005
    if handshake.certificate is None and not handshake.password:
        return Reject(HTTPStatus.UNAUTHORIZED, f"security profile {profile:d} needs Basic authentication")
    return None


def _names_itself(handshake: Handshake) -> bool:
    return hmac.compare_digest(handshake.username or b"", handshake.identity.encode())


def _tokens(header: str) -> frozenset[str]:
    return frozenset(part.strip().lower() for part in header.split(","))


def _agree_parameters(parameters: Collection[str]) -> Deflate | None:
    """Meet one offer of permessage-deflate, or decline it."""
    server_bits = _MAX_WINDOW_BITS
    answer = ["permessage-deflate", "server_no_context_takeover", "client_no_context_takeover"]
    seen: set[str] = set()
    for parameter in parameters:
        name, _, value = (part.strip() for part in parameter.partition("="))
        value = value.strip('"')
        bits = int(value) if value.isdecimal() and len(value) <= 2 else 0  # noqa: PLR2004 - two digits hold 15
        if name in seen:
            return None
        seen.add(name)
        match name:
            case "server_no_context_takeover" | "client_no_context_takeover" if not value:
                pass
            case "server_max_window_bits" if _MIN_WINDOW_BITS <= bits <= _MAX_WINDOW_BITS:
                server_bits = bits
                answer.append(f"server_max_window_bits={bits}")
            case "client_max_window_bits" if not value or _MIN_WINDOW_BITS - 1 <= bits <= _MAX_WINDOW_BITS:
                pass  # inflating with the largest window reads every smaller one
            case _:
                return None
    return Deflate(server_bits, "; ".join(answer))

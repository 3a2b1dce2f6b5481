"""Who may use the API: one bearer token for the administrator. Knows no user, no cookie and no route.

The token is kept as its SHA-256. A slow password hash would add nothing: it protects secrets that people choose, and a
generated token has 256 random bits. A fast one can be checked on every request.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from chargewire.backoffice.api.problems import Problem

_SCHEME = "sha256:"
_TOKEN_BYTES = 32

Verifier = Callable[[str], bool]


def generate_token() -> str:
    """Return a new token: 256 random bits, safe in a header and in the fragment of a URL."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def hash_token(token: str) -> str:
    """Return what is kept of ``token``."""
    return _SCHEME + hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def verifier(token_hash: str) -> Verifier:
    """Return the check of a presented token against ``token_hash``, in constant time."""
    expected = token_hash.encode()

    def verify(token: str) -> bool:
        return hmac.compare_digest(hash_token(token).encode(), expected)

    return verify


def guard(verify: Verifier) -> Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], None]:
    """Return the Litestar guard that lets only bearers of the token pass (RFC 6750)."""

    def require_token(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        scheme, token = (*connection.headers.get("authorization", "").split(" ", 1), "")[:2]
        if scheme.lower() != "bearer":
            raise Problem(
                HTTPStatus.UNAUTHORIZED,
                "This needs the header Authorization: Bearer <token>.",
                headers={"WWW-Authenticate": 'Bearer realm="chargewire"'},
            )
        if not verify(token.strip()):
            raise Problem(
                HTTPStatus.UNAUTHORIZED,
                "The token is not the one of this service.",
                headers={"WWW-Authenticate": 'Bearer realm="chargewire", error="invalid_token"'},
            )

    return require_token

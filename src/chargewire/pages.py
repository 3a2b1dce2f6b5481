"""What a server answers to plain HTTP beside WebSockets: whether it is well, what it counts. Knows no socket."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus

from chargewire.handshake import Head


@dataclass(frozen=True, slots=True)
class Page:
    """The answer to a GET."""

    status: HTTPStatus
    content_type: str
    body: bytes


def page_path(head: Head) -> str | None:
    """Return the path of a plain GET or HEAD; ``None`` for everything else, upgrades above all."""
    plain = head.method in {"GET", "HEAD"} and "upgrade" not in head.headers
    return head.target.partition("?")[0] if plain else None


def health_page(*, is_draining: bool, connections: int) -> Page:
    """Say whether to send stations here: 200, or 503 while the server drains."""
    status = HTTPStatus.SERVICE_UNAVAILABLE if is_draining else HTTPStatus.OK
    state = {"status": "draining" if is_draining else "ok", "connections": connections}
    return Page(status, "application/json", json.dumps(state).encode())


def encode_page(page: Page, method: str) -> bytes:
    """Write the HTTP response; that to a HEAD has no body."""
    head = (
        f"HTTP/1.1 {page.status.value} {page.status.phrase}\r\n"
        f"Content-Type: {page.content_type}\r\n"
        f"Content-Length: {len(page.body)}\r\n"
        "Cache-Control: no-store\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode("latin-1") + (b"" if method == "HEAD" else page.body)

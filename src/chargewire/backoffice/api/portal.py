"""The portal's files, read once and served from memory with strict headers. Knows nothing of what they show.

Every path that is no file is the page itself, unless it looks like a file: the portal routes in the browser.
"""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from http import HTTPStatus
from pathlib import Path, PurePosixPath
from typing import Any

from litestar import HttpMethod, MediaType, Request, Response, route
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import Struct

from chargewire.backoffice.api.problems import Problem

DIRECTORY = Path(__file__).parent.parent / "portal"

_INDEX = "index.html"
_HASHED = "assets/"  # Vite names what it puts there after its content
_SCREENS = ("stations/", "transactions/")  # where an identity may have dots
_RESERVED = ("api/", "socket.io/", "schema/", "health/")
_COMPRESSIBLE = ("text/", "application/javascript", "application/json", "application/manifest+json", "image/svg+xml")
_MIN_COMPRESSED = 1024

_NOT_BUILT = b"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>chargewire</title>
<h1>The portal is not built</h1>
<p>This checkout has no portal yet. Run <code>make setup</code> and start again.</p>
<p>The API works meanwhile: <a href="/schema">/schema</a> describes it.</p>
</html>
"""

# connect-src 'self' covers the WebSocket of this origin, too.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Asset(Struct, frozen=True):
    """A file as it is served."""

    content: bytes
    compressed: bytes | None
    media_type: str
    etag: str
    cache_control: str


def load(directory: Path) -> dict[str, Asset]:
    """Read a built portal; nothing when there is none."""
    files = (path for path in sorted(directory.rglob("*")) if path.is_file())
    return {name: _asset(name, path.read_bytes()) for path in files if (name := path.relative_to(directory).as_posix())}


def portal_routes(assets: dict[str, Asset]) -> list[HTTPRouteHandler]:
    """Return the routes that serve ``assets`` at every path that nobody else has."""

    @route(
        ["/", "/{path:path}"],
        http_method=[HttpMethod.GET, HttpMethod.HEAD],
        include_in_schema=False,
        sync_to_thread=False,
    )
    def get_portal(request: Request[Any, Any, Any], path: FromPath[str] = "") -> Response[bytes]:
        return _respond(request, assets, path.strip("/"))

    return [get_portal]


def _respond(request: Request[Any, Any, Any], assets: dict[str, Asset], path: str) -> Response[bytes]:
    """Find the file of a path, or the page.

    Raises:
        Problem: 404, the path belongs to the API, or names a file that is not there.
    """
    if f"{path}/".startswith(_RESERVED):
        raise Problem(HTTPStatus.NOT_FOUND, f"There is nothing at /{path}.")
    asset = assets.get(path or _INDEX)
    if asset is None and (path.startswith(_SCREENS) or not PurePosixPath(path).suffix):
        asset = assets.get(_INDEX)
        if asset is None:
            return Response(_NOT_BUILT, status_code=HTTPStatus.SERVICE_UNAVAILABLE, media_type=MediaType.HTML)
    if asset is None:
        raise Problem(HTTPStatus.NOT_FOUND, f"There is nothing at /{path}.")
    headers = {"Cache-Control": asset.cache_control, "ETag": asset.etag, "Vary": "Accept-Encoding"}
    if asset.etag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=HTTPStatus.NOT_MODIFIED, headers=headers, media_type=asset.media_type)
    if asset.compressed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(asset.compressed, headers=headers, media_type=asset.media_type)
    return Response(asset.content, headers=headers, media_type=asset.media_type)


def _asset(name: str, content: bytes) -> Asset:
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    if name.endswith(".js"):
        media_type = "text/javascript"  # what a system's own table says about it differs
    is_text = media_type.startswith(_COMPRESSIBLE)
    return Asset(
        content=content,
        compressed=gzip.compress(content, mtime=0) if is_text and len(content) >= _MIN_COMPRESSED else None,
        media_type=media_type,
        etag=f'"{hashlib.sha256(content).hexdigest()[:32]}"',
        cache_control="public, max-age=31536000, immutable" if name.startswith(_HASHED) else "no-cache",
    )

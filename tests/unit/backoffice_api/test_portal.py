"""The portal's files as they are served."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from litestar.testing import TestClient, create_test_client

from chargewire.backoffice.api.portal import SECURITY_HEADERS, load, portal_routes
from chargewire.backoffice.api.problems import exception_handlers

PAGE = "<!doctype html><title>chargewire</title>"
SCRIPT = "console.log('portal');" * 100


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "icon.svg").write_text("<svg/>")
    (tmp_path / "assets" / "index-4f2a9c.js").write_text(SCRIPT)
    return tmp_path


def serve(directory: Path) -> TestClient:
    return create_test_client(
        portal_routes(load(directory)),
        exception_handlers=exception_handlers(),
        response_headers=SECURITY_HEADERS,
        openapi_config=None,
    )


def test_the_page_is_served_with_a_strict_policy_and_checked_again_each_time(built: Path) -> None:
    with serve(built) as client:
        answer = client.get("/")
    assert answer.text == PAGE
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-frame-options"] == "DENY"


def test_what_is_named_after_its_content_may_be_kept_for_ever(built: Path) -> None:
    with serve(built) as client:
        answer = client.get("/assets/index-4f2a9c.js")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.text == SCRIPT


def test_scripts_travel_compressed_when_the_browser_takes_it(built: Path) -> None:
    with serve(built) as client:
        small = client.get("/assets/index-4f2a9c.js", headers={"Accept-Encoding": "gzip"})
        plain = client.get("/assets/index-4f2a9c.js", headers={"Accept-Encoding": "identity"})
    assert small.headers["content-encoding"] == "gzip"
    assert int(small.headers["content-length"]) == len(gzip.compress(SCRIPT.encode(), mtime=0))
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("path", ["/stations", "/stations/CP001", "/stations/CP.001", "/transactions/7"])
def test_a_path_of_the_portal_is_the_page(built: Path, path: str) -> None:
    with serve(built) as client:
        assert client.get(path).text == PAGE


@pytest.mark.parametrize(
    "path", ["/assets/gone.js", "/api/v1/nothing", "/api", "/favicon.ico", "/..%2f..%2fpasswd.txt"]
)
def test_a_missing_file_and_a_path_of_the_api_are_not_the_page(built: Path, path: str) -> None:
    with serve(built) as client:
        answer = client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_file_that_has_not_changed_is_not_sent_again(built: Path) -> None:
    with serve(built) as client:
        etag = client.get("/icon.svg").headers["etag"]
        answer = client.get("/icon.svg", headers={"If-None-Match": etag})
    assert answer.status_code == 304
    assert answer.content == b""


def test_a_head_request_has_the_headers_alone(built: Path) -> None:
    with serve(built) as client:
        answer = client.head("/")
    assert answer.status_code == 200
    assert answer.headers["content-length"] == str(len(PAGE))
    assert answer.content == b""


def test_without_a_built_portal_a_page_says_what_to_do(tmp_path: Path) -> None:
    with serve(tmp_path / "nothing") as client:
        answer = client.get("/stations")
    assert answer.status_code == 503
    assert "make setup" in answer.text

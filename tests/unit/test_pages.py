"""What a server answers to plain HTTP."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from chargewire.handshake import Head
from chargewire.pages import Page, encode_page, health_page, page_path


@pytest.mark.parametrize(
    ("head", "path"),
    [
        (Head("GET", "/health", {}), "/health"),
        (Head("HEAD", "/health?verbose=1", {}), "/health"),
        (Head("POST", "/health", {}), None),
        (Head("GET", "/health", {"upgrade": "websocket"}), None),
    ],
)
def test_pages_are_for_plain_gets(head: Head, path: str | None) -> None:
    assert page_path(head) == path


def test_a_draining_server_is_not_to_be_sent_stations() -> None:
    well = health_page(is_draining=False, connections=2)
    assert (well.status, well.body) == (HTTPStatus.OK, b'{"status": "ok", "connections": 2}')
    draining = health_page(is_draining=True, connections=1)
    assert (draining.status, draining.body) == (503, b'{"status": "draining", "connections": 1}')


def test_a_page_is_an_http_response() -> None:
    page = Page(HTTPStatus.OK, "text/plain", b"hello")
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nCache-Control: no-store\r\n"
        b"Connection: close\r\n\r\n"
    )
    assert encode_page(page, "GET") == head + b"hello"
    assert encode_page(page, "HEAD") == head

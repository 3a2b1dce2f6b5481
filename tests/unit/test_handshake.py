"""The steps of an upgrade: a request head in, a decision out."""

from __future__ import annotations

import base64
from collections.abc import Callable
from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargewire.handshake import (
    DEFLATE_OFFER,
    Accept,
    Deflate,
    Handshake,
    Head,
    NoSubprotocol,
    Refused,
    Reject,
    Terms,
    agree,
    agree_deflate,
    check_upgrade,
    decide,
    encode_reject,
    parse_head,
    read_deflate,
    read_handshake,
    settle,
)
from chargewire.paths import Router
from chargewire.security import SecurityProfile

KEY = base64.b64encode(bytes(16)).decode()
HEADERS = {"upgrade": "websocket", "connection": "Upgrade", "sec-websocket-version": "13", "sec-websocket-key": KEY}


def head(target: str = "/ocpp/CS001", *, method: str = "GET", **headers: str) -> Head:
    return Head(method, target, HEADERS | {name.replace("_", "-"): value for name, value in headers.items()})


def handshake(**headers: str) -> Handshake:
    return read_handshake(head(**headers), remote="127.0.0.1:5000")


def refused(step: Callable[[], object]) -> Refused:
    with pytest.raises(Refused) as caught:
        step()
    return caught.value


# The head


def test_a_head_is_method_target_and_headers() -> None:
    parsed = parse_head(b"GET /ocpp/CS001?a=b HTTP/1.1\r\nHost: csms\r\nX-Empty:\r\nAccept: \t a: b \t")
    assert (parsed.method, parsed.target) == ("GET", "/ocpp/CS001?a=b")
    assert parsed.headers == {"host": "csms", "x-empty": "", "accept": "a: b"}


def test_a_head_may_have_no_header() -> None:
    assert parse_head(b"GET / HTTP/1.1").headers == {}


def test_repeated_headers_are_joined_in_order() -> None:
    """CON-008."""
    parsed = parse_head(b"GET / HTTP/1.1\r\nSec-WebSocket-Protocol: ocpp2.0.1\r\nSEC-WEBSOCKET-PROTOCOL: ocpp1.6")
    assert parsed.headers == {"sec-websocket-protocol": "ocpp2.0.1, ocpp1.6"}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GET",
        b"GET /",
        b"GET / HTTP/1.1 x",
        b"\x16\x03\x01",
        b"GET / SMTP/1.1",
        b"GET x HTTP/1.1",
        b"GET  / HTTP/1.1",
    ],
)
def test_what_is_no_http_is_refused(data: bytes) -> None:
    refusal = refused(lambda: parse_head(data))
    assert (refusal.reject.status, refusal.reject.reason) == (HTTPStatus.BAD_REQUEST, "not an HTTP request")
    assert refusal.identity is None


@pytest.mark.parametrize("version", [b"HTTP/1.0", b"HTTP/2.0"])
def test_other_versions_of_http_are_refused(version: bytes) -> None:
    assert refused(lambda: parse_head(b"GET / " + version)).reject.status == HTTPStatus.HTTP_VERSION_NOT_SUPPORTED


@pytest.mark.parametrize("line", [b"Host", b": x", b" Host: x", b"Host : x", b"Host: \0", b"", b"\tfolded"])
def test_a_malformed_header_is_refused(line: bytes) -> None:
    refusal = refused(lambda: parse_head(b"GET / HTTP/1.1\r\nA: b\r\n" + line))
    assert (refusal.reject.status, refusal.reject.reason) == (HTTPStatus.BAD_REQUEST, "malformed header")


@given(st.binary())
def test_any_bytes_are_a_head_or_refused(data: bytes) -> None:
    for prefix in (b"", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nHost: "):
        try:
            parsed = parse_head(prefix + data)
        except Refused:
            continue
        assert parsed.target.startswith("/")


# The upgrade


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"upgrade": "WebSocket", "connection": "keep-alive, upgrade"},
        {"upgrade": "h2c, websocket"},
        {"content_length": "0"},
    ],
)
def test_an_upgrade_request_yields_its_key(headers: dict[str, str]) -> None:
    """CON-001."""
    assert check_upgrade(head(**headers)) == KEY


def test_only_get_can_be_upgraded() -> None:
    reject = refused(lambda: check_upgrade(head(method="POST"))).reject
    assert (reject.status, reject.headers) == (HTTPStatus.METHOD_NOT_ALLOWED, {"Allow": "GET"})


@pytest.mark.parametrize("headers", [{"upgrade": ""}, {"connection": "close"}, {"upgrade": "h2c"}])
def test_a_request_of_a_browser_is_told_to_upgrade(headers: dict[str, str]) -> None:
    reject = refused(lambda: check_upgrade(head(**headers))).reject
    assert reject.status == HTTPStatus.UPGRADE_REQUIRED
    assert reject.headers == {"Upgrade": "websocket", "Connection": "Upgrade"}


def test_a_request_without_any_header_is_told_to_upgrade() -> None:
    assert refused(lambda: check_upgrade(Head("GET", "/", {}))).reject.status == HTTPStatus.UPGRADE_REQUIRED


@pytest.mark.parametrize("version", ["", "8", "13, 8", "x" * 99])
def test_another_version_of_websockets_is_told_which_one_to_take(version: str) -> None:
    reject = refused(lambda: check_upgrade(head(sec_websocket_version=version))).reject
    assert (reject.status, reject.headers) == (HTTPStatus.UPGRADE_REQUIRED, {"Sec-WebSocket-Version": "13"})
    assert len(reject.reason) < 80


@pytest.mark.parametrize("headers", [{"content_length": "5"}, {"transfer_encoding": "chunked"}])
def test_an_upgrade_request_has_no_body(headers: dict[str, str]) -> None:
    reject = refused(lambda: check_upgrade(head(**headers))).reject
    assert (reject.status, reject.reason) == (HTTPStatus.BAD_REQUEST, "an upgrade request has no body")


@pytest.mark.parametrize("key", ["", "x", "ä", "AAAA" * 5, "AAAA" * 6])
def test_a_key_is_16_bytes(key: str) -> None:
    reject = refused(lambda: check_upgrade(head(sec_websocket_key=key))).reject
    assert reject.status == HTTPStatus.BAD_REQUEST
    assert reject.reason.startswith("Sec-WebSocket-Key: ")


# Who asks


def test_a_handshake_says_who_asks_and_what_for() -> None:
    """CON-003, CON-008, SEC-007."""
    request = head(
        "/ocpp/RDAM%20123?tenant=a",
        sec_websocket_protocol="ocpp2.0.1, ocpp1.6",
        authorization="Basic QUwxMDAwOgABAgMEBQYH////////////////",
    )
    found = read_handshake(request, remote="127.0.0.1:5000")
    assert (found.identity, found.remote) == ("RDAM 123", "127.0.0.1:5000")
    assert (found.target, found.path) == ("/ocpp/RDAM%20123?tenant=a", "/ocpp/RDAM%20123")
    assert found.protocols == ("ocpp2.0.1", "ocpp1.6")
    assert found.username == b"AL1000"
    assert found.password == bytes.fromhex("0001020304050607FFFFFFFFFFFFFFFFFFFFFFFF")
    assert found.headers["sec-websocket-version"] == "13"


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer x"}, {"authorization": "Basic ?"}])
def test_without_credentials_there_are_none(headers: dict[str, str]) -> None:
    """SEC-005: what is missing is for the authenticator to refuse."""
    found = handshake(**headers)
    assert (found.username, found.password) == (None, None)


def test_a_handshake_never_shows_its_password() -> None:
    found = handshake(authorization="Basic YTpzZWNyZXQ=")
    assert found.password == b"secret"
    assert "secret" not in repr(found)
    assert "YTpzZWNyZXQ" not in repr(found)


def test_a_url_without_identity_is_refused() -> None:
    """CON-003."""
    refusal = refused(lambda: read_handshake(head("/"), remote=""))
    assert (refusal.reject.status, refusal.identity) == (HTTPStatus.BAD_REQUEST, None)


def test_a_route_says_where_the_identity_stands() -> None:
    router = Router({"/{tenant}/{identity}/ocpp": None, "/any/*": None})
    found = read_handshake(head("/a%20b/CS%2F1/ocpp"), remote="127.0.0.1:5000", router=router)
    assert (found.identity, found.route) == ("CS/1", "/{tenant}/{identity}/ocpp")
    assert found.parameters == {"tenant": "a b", "identity": "CS/1"}
    assert read_handshake(head("/any/x/CS1"), remote="127.0.0.1:5000", router=router).identity == "CS1"


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/a/b", HTTPStatus.NOT_FOUND),
        ("/%ff/CS1/ocpp", HTTPStatus.BAD_REQUEST),
        ("/a/%ff/ocpp", HTTPStatus.BAD_REQUEST),
    ],
)
def test_a_path_that_leads_nowhere_is_refused(target: str, status: HTTPStatus) -> None:
    router = Router({"/{tenant}/{identity}/ocpp": None})
    refusal = refused(lambda: read_handshake(head(target), remote="127.0.0.1:5000", router=router))
    assert refusal.reject.status == status


def test_a_bad_offer_is_refused_by_the_name_of_the_station() -> None:
    refusal = refused(lambda: handshake(sec_websocket_protocol="ocpp 1.6"))
    assert (refusal.reject.status, refusal.identity) == (HTTPStatus.BAD_REQUEST, "CS001")


# The terms


def agreed(
    offer: str,
    *,
    spoken: tuple[str, ...] = ("ocpp1.6", "ocpp2.0.1"),
    on_no_subprotocol: NoSubprotocol = "refuse",
    deflate: bool = True,
) -> Terms:
    found = handshake(sec_websocket_protocol=offer, sec_websocket_extensions="permessage-deflate")
    return agree(found, KEY, spoken=spoken, on_no_subprotocol=on_no_subprotocol, deflate=deflate)


def test_the_terms_are_subprotocol_compression_and_key() -> None:
    """CON-009, CON-015."""
    terms = agreed("ocpp0.1,ocpp2.0.1,ocpp1.6")
    assert (terms.subprotocol, terms.key) == ("ocpp2.0.1", KEY)
    assert terms.deflate is not None


def test_1_6_is_not_compressed() -> None:
    """CON-016."""
    assert agreed("ocpp1.6, ocpp2.0.1") == Terms("ocpp1.6", None, KEY)


def test_compression_can_be_turned_off() -> None:
    assert agreed("ocpp2.0.1", deflate=False) == Terms("ocpp2.0.1", None, KEY)


@pytest.mark.parametrize("offer", ["", "ocpp0.1", "ocpp2.1"])
def test_without_a_common_subprotocol_the_upgrade_is_refused(offer: str) -> None:
    """CON-012, CON-013."""
    refusal = refused(lambda: agreed(offer))
    assert (refusal.reject.status, refusal.identity) == (HTTPStatus.BAD_REQUEST, "CS001")
    found = f"{offer or 'no subprotocol'} offered; spoken here: ocpp1.6, ocpp2.0.1"
    assert refusal.reject.reason == f"Sec-WebSocket-Protocol: {found}"


@pytest.mark.parametrize("offer", ["", "ocpp0.1"])
def test_without_a_common_subprotocol_the_handshake_may_be_completed_without_one(offer: str) -> None:
    """CON-011, CON-013."""
    assert agreed(offer, on_no_subprotocol="close_after_handshake") == Terms(None, None, KEY)


# What the authenticator changes


def settled(accept: Accept[None], *, offer: str = "ocpp2.0.1, ocpp1.6, ocpp0.1") -> tuple[Handshake, Terms]:
    found = handshake(sec_websocket_protocol=offer, sec_websocket_extensions="permessage-deflate")
    spoken = ("ocpp1.6", "ocpp2.0.1", "ocpp2.1")
    terms = agree(found, KEY, spoken=spoken, on_no_subprotocol="refuse", deflate=True)
    return settle(found, terms, accept, spoken=spoken)


def test_an_authenticator_may_leave_everything_as_it_is() -> None:
    found, terms = settled(Accept(None))
    assert (found.identity, terms.subprotocol) == ("CS001", "ocpp2.0.1")
    assert settled(Accept(None, protocol="ocpp2.0.1")) == (found, terms)


def test_an_authenticator_may_choose_another_of_the_offered_versions() -> None:
    """CON-009: for this station; CON-016: without compression when that is 1.6."""
    assert settled(Accept(None, protocol="ocpp1.6"))[1] == Terms("ocpp1.6", None, KEY)
    later = settled(Accept(None, protocol="ocpp2.1"), offer="ocpp2.0.1,ocpp2.1")[1]
    assert (later.subprotocol, later.deflate is None) == ("ocpp2.1", False)


@pytest.mark.parametrize(
    ("accept", "complaint"),
    [
        (Accept(None, protocol="ocpp2.1"), "'ocpp2.1' was not offered; ocpp2.0.1, ocpp1.6, ocpp0.1 was"),
        (Accept(None, protocol="ocpp0.1"), "'ocpp0.1' is not spoken here; ocpp1.6, ocpp2.0.1, ocpp2.1 is"),
        (Accept(None, identity=""), "Accept.identity: expected a name"),
    ],
)
def test_an_authenticator_cannot_have_what_the_station_did_not_offer(accept: Accept[None], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        settled(accept)


def test_an_authenticator_may_give_the_station_another_name() -> None:
    assert settled(Accept(None, identity="acme/7"))[0].identity == "acme/7"


# permessage-deflate

BARE = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"


@pytest.mark.parametrize(
    ("offer", "agreed"),
    [
        ("permessage-deflate", Deflate(15, BARE)),
        ("permessage-deflate; client_max_window_bits", Deflate(15, BARE)),
        ("permessage-deflate; client_max_window_bits=8", Deflate(15, BARE)),
        (DEFLATE_OFFER, Deflate(15, BARE)),
        ("permessage-deflate; server_max_window_bits=10", Deflate(10, f"{BARE}; server_max_window_bits=10")),
        ('permessage-deflate; server_max_window_bits="9"', Deflate(9, f"{BARE}; server_max_window_bits=9")),
        ("x-other, permessage-deflate", Deflate(15, BARE)),
        ("permessage-deflate; server_max_window_bits=8, permessage-deflate", Deflate(15, BARE)),
    ],
)
def test_the_first_offer_that_can_be_met_is_taken(offer: str, agreed: Deflate) -> None:
    """CON-015."""
    assert agree_deflate(offer) == agreed


@pytest.mark.parametrize(
    "offer",
    [
        "",
        "x-webkit-deflate-frame",
        "permessage-deflate; server_max_window_bits=8",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=015",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=x",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; client_no_context_takeover=1",
        "permessage-deflate; client_max_window_bits; client_max_window_bits",
        "permessage-deflate; x",
    ],
)
def test_an_offer_that_cannot_be_met_is_declined(offer: str) -> None:
    """CON-015: the station stays connected uncompressed."""
    assert agree_deflate(offer) is None


def test_what_we_agree_to_is_what_we_offered() -> None:
    answer = agree_deflate(DEFLATE_OFFER)
    assert answer is not None
    assert read_deflate(answer.header) == Deflate(15, answer.header)


@pytest.mark.parametrize(
    "header",
    [
        "permessage-deflate; server_no_context_takeover",
        "permessage-deflate; server_no_context_takeover; server_max_window_bits=10",
    ],
)
def test_a_csms_may_agree_to_less_than_we_offered(header: str) -> None:
    assert read_deflate(header) == Deflate(15, header)


def test_a_csms_may_decline_compression() -> None:
    """CON-015."""
    assert read_deflate("") is None


@pytest.mark.parametrize(
    "header",
    [
        "permessage-deflate",
        "x-other; server_no_context_takeover",
        "permessage-deflate; server_no_context_takeover; client_max_window_bits=9",
        "permessage-deflate; server_no_context_takeover, permessage-deflate",
    ],
)
def test_a_csms_may_not_agree_to_what_was_not_offered(header: str) -> None:
    with pytest.raises(ValueError, match="was not offered"):
        read_deflate(header)


# All steps


@pytest.mark.parametrize(
    ("offered", "profile", "status"),
    [
        ("ocpp1.6", SecurityProfile.NONE, None),
        ("ocpp0.1", SecurityProfile.NONE, HTTPStatus.BAD_REQUEST),
        ("ocpp1.6", SecurityProfile.BASIC, HTTPStatus.UNAUTHORIZED),
    ],
)
def test_every_step_may_refuse_and_says_whom(offered: str, profile: SecurityProfile, status: HTTPStatus | None) -> None:
    asked = handshake(sec_websocket_protocol=offered)
    steps = {"spoken": ["ocpp1.6"], "on_no_subprotocol": "refuse", "deflate": True, "organization": None}
    if status is None:
        assert decide(asked, KEY, profile=profile, **steps) == Terms("ocpp1.6", None, KEY)
        return
    with pytest.raises(Refused) as refusal:
        decide(asked, KEY, profile=profile, **steps)
    assert (refusal.value.reject.status, refusal.value.identity) == (status, asked.identity)


# Refusals


def test_an_accept_carries_what_the_user_put_in() -> None:
    assert Accept("tenant").session == "tenant"


@pytest.mark.parametrize("status", [HTTPStatus.OK, HTTPStatus.SWITCHING_PROTOCOLS, HTTPStatus.FOUND])
def test_a_reject_refuses(status: HTTPStatus) -> None:
    with pytest.raises(ValueError, match="refuses nothing; expected 400 to 599"):
        Reject(status)


def test_a_refusal_is_plain_text_that_says_why() -> None:
    """CON-006."""
    assert encode_reject(Reject(HTTPStatus.NOT_FOUND, "unknown station")) == (
        b"HTTP/1.1 404 Not Found\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\n"
        b"Content-Length: 16\r\n"
        b"Connection: close\r\n"
        b"\r\n"
        b"unknown station\n"
    )


def test_a_refusal_without_a_reason_says_its_status() -> None:
    assert encode_reject(Reject(HTTPStatus.SERVICE_UNAVAILABLE)).endswith(b"\r\n\r\nService Unavailable\n")


def test_a_refusal_for_want_of_credentials_asks_for_them() -> None:
    """SEC-005."""
    data = encode_reject(Reject(HTTPStatus.UNAUTHORIZED))
    assert b'\r\nWWW-Authenticate: Basic realm="ocpp", charset="UTF-8"\r\n' in data


def test_a_refusal_may_have_headers_of_its_own() -> None:
    data = encode_reject(
        Reject(HTTPStatus.SERVICE_UNAVAILABLE, "later", {"Retry-After": "120", "Connection": "Upgrade"})
    )
    assert b"\r\nRetry-After: 120\r\n" in data
    assert data.count(b"\r\nConnection: ") == 1


def test_the_length_of_a_refusal_is_counted_in_bytes() -> None:
    data = encode_reject(Reject(HTTPStatus.NOT_FOUND, "Säule"))
    assert b"\r\nContent-Length: 7\r\n" in data
    assert data.endswith("\r\n\r\nSäule\n".encode())

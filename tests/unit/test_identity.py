"""Identity, credentials and subprotocols, as upgrade requests carry them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargewire.identity import (
    MAX_IDENTITY,
    basic_authorization,
    basic_credentials,
    choose_subprotocol,
    identity_of,
    offered_subprotocols,
    url_of,
)

identities = st.text(st.characters(exclude_categories=["C", "Zl", "Zp", "Zs"]), min_size=1, max_size=MAX_IDENTITY)


@pytest.mark.parametrize(
    ("identity", "url"),
    [
        ("CS001", "ws://csms.example.com/ocpp/CS001"),
        ("RDAM 123", "ws://csms.example.com/ocpp/RDAM%20123"),
        ("RDAM|123", "ws://csms.example.com/ocpp/RDAM%7C123"),
        ("A/B?C#D%E", "ws://csms.example.com/ocpp/A%2FB%3FC%23D%25E"),
        ("Säule", "ws://csms.example.com/ocpp/S%C3%A4ule"),
    ],
)
def test_the_identity_is_appended_percent_encoded(identity: str, url: str) -> None:
    """CON-002."""
    assert url_of("ws://csms.example.com/ocpp", identity) == url


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("ws://csms.example.com/ocpp/", "ws://csms.example.com/ocpp/CS001"),
        ("ws://csms.example.com", "ws://csms.example.com/CS001"),
        ("wss://csms.example.com:443/a/b?key=1&x=/y", "wss://csms.example.com:443/a/b/CS001?key=1&x=/y"),
    ],
)
def test_the_path_and_the_query_of_the_endpoint_stay(endpoint: str, url: str) -> None:
    """CON-002."""
    assert url_of(endpoint, "CS001") == url


@pytest.mark.parametrize(
    ("target", "identity"),
    [
        ("/CS001", "CS001"),
        ("/ocpp/CS001", "CS001"),
        ("/ocpp/1.6/CS001/", "CS001"),
        ("/ocpp/CS001?version=/2.0.1", "CS001"),
        ("/ocpp/RDAM%20123", "RDAM 123"),
        ("/ocpp/RDAM%7C123", "RDAM|123"),
        ("/ocpp/A%2FB", "A/B"),
        ("/ocpp/A%3FB", "A?B"),
        ("/ocpp/S%C3%A4ule", "Säule"),
        ("/ocpp/100%", "100%"),
        ("/ocpp/AL%3A1000", "AL:1000"),
        ("/" + "x" * 48, "x" * 48),
    ],
)
def test_the_identity_is_the_decoded_last_segment(target: str, identity: str) -> None:
    """CON-003, CON-004, CON-010."""
    assert identity_of(target) == identity


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("/", "ends without a station identity"),
        ("/?CS001", "ends without a station identity"),
        ("/%FF", "is not UTF-8"),
        ("/" + "x" * 49, "is longer than 48 characters"),
        ("/CS%00001", "holds control characters"),
        ("/CS%0D%0AX", "holds control characters"),
        ("/CS%E2%80%AE", "holds control characters"),
    ],
)
def test_what_is_no_identity_is_refused(target: str, reason: str) -> None:
    """CON-004."""
    with pytest.raises(ValueError, match=reason):
        identity_of(target)


@given(identities)
def test_an_identity_survives_the_url(identity: str) -> None:
    """CON-002, CON-003."""
    assert identity_of(url_of("/ocpp", identity)) == identity


def test_a_key_of_bytes_is_written_as_the_specification_shows() -> None:
    """SEC-004, SEC-006."""
    key = bytes.fromhex("0001020304050607FFFFFFFFFFFFFFFFFFFFFFFF")
    assert basic_authorization("AL1000", key) == "Basic QUwxMDAwOgABAgMEBQYH////////////////"


def test_a_key_of_bytes_is_read_as_it_was() -> None:
    """SEC-006, SEC-007."""
    key = bytes.fromhex("0001020304050607FFFFFFFFFFFFFFFFFFFFFFFF")
    assert basic_credentials("Basic QUwxMDAwOgABAgMEBQYH////////////////") == (b"AL1000", key)


@pytest.mark.parametrize("header", ["basic YTpi", "BASIC YTpi", "  Basic   YTpi  "])
def test_the_scheme_has_any_case_and_spacing(header: str) -> None:
    assert basic_credentials(header) == (b"a", b"b")


def test_the_password_begins_after_the_first_colon() -> None:
    """SEC-007."""
    assert basic_credentials(basic_authorization("a", b"b:c:")) == (b"a", b"b:c:")


@pytest.mark.parametrize(
    "header", ["", "Basic", "Basic ", "Bearer YTpi", "Basic YTp", "Basic Y*pi", "Basic ä", "Basic bm9jb2xvbg=="]
)
def test_what_is_no_basic_authentication_is_none(header: str) -> None:
    """SEC-005."""
    assert basic_credentials(header) is None


@given(st.text(st.characters(exclude_characters=":", exclude_categories=["Cs"])), st.binary())
def test_credentials_survive_the_header(identity: str, password: bytes) -> None:
    """SEC-007."""
    assert basic_credentials(basic_authorization(identity, password)) == (identity.encode(), password)


@pytest.mark.parametrize(
    ("header", "offered"),
    [
        ("", ()),
        ("ocpp1.6", ("ocpp1.6",)),
        ("ocpp2.0.1, ocpp1.6", ("ocpp2.0.1", "ocpp1.6")),
        (" ocpp2.1 ,\tocpp2.0.1,,ocpp1.6, ", ("ocpp2.1", "ocpp2.0.1", "ocpp1.6")),
    ],
)
def test_offers_are_read_in_the_order_of_preference(header: str, offered: tuple[str, ...]) -> None:
    """CON-008, CON-013."""
    assert offered_subprotocols(header) == offered


@pytest.mark.parametrize("header", ["ocpp1.6; x", "ocpp 1.6", '"ocpp1.6"', "ocpp1.6, öcpp", "ocpp1.6,a\nb"])
def test_an_offer_that_is_no_token_is_refused(header: str) -> None:
    with pytest.raises(ValueError, match="is not a token"):
        offered_subprotocols(header)


@pytest.mark.parametrize(
    ("offered", "spoken", "chosen"),
    [
        (["ocpp2.0.1", "ocpp1.6"], ["ocpp1.6", "ocpp2.0.1"], "ocpp2.0.1"),
        (["ocpp1.6", "ocpp2.0.1"], ["ocpp2.1", "ocpp2.0.1", "ocpp1.6"], "ocpp1.6"),
        (["ocpp0.1", "ocpp2.0.1"], ["ocpp2.0.1"], "ocpp2.0.1"),
        (["ocpp0.1"], ["ocpp2.0.1"], None),
        (["OCPP1.6"], ["ocpp1.6"], None),
        ([], ["ocpp1.6"], None),
    ],
)
def test_the_first_offer_that_is_spoken_is_chosen(offered: list[str], spoken: list[str], chosen: str | None) -> None:
    """CON-009, CON-012."""
    assert choose_subprotocol(offered, spoken) == chosen

"""Who a station proves to be: profiles, credentials and certificates, without a socket."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargewire import (
    Certificate,
    Handshake,
    Reject,
    SecurityProfile,
    canonical_password,
    check_profile,
    verify_password,
)

NONE, BASIC, TLS_BASIC, MUTUAL_TLS = SecurityProfile
KEY = "0001020304050607FFFFFFFFFFFFFFFFFFFFFFFF"  # the vector of OCPP-J 1.6, 6.2.2


def certificate(common_name: str | None = "CP001", organization: str | None = "Acme") -> Certificate:
    return Certificate(common_name, organization, "FFF", datetime(2030, 1, 1, tzinfo=UTC), "ab" * 32)


def handshake(
    *,
    username: bytes | None = None,
    password: bytes | None = None,
    encrypted: bool = False,
    certificate: Certificate | None = None,
    identity: str = "CP001",
) -> Handshake:
    return Handshake(
        identity, f"/{identity}", "192.0.2.1:1", ("ocpp1.6",), username, password, {}, encrypted, certificate
    )


def basic(password: bytes = b"secret", *, encrypted: bool = False) -> Handshake:
    return handshake(username=b"CP001", password=password, encrypted=encrypted)


def status_of(reject: Reject | None) -> HTTPStatus | None:
    return reject and reject.status


# Passwords


@pytest.mark.parametrize("stored", [KEY, KEY.lower(), KEY.encode(), bytes.fromhex(KEY)])
@pytest.mark.parametrize("sent", [KEY.encode(), KEY.lower().encode(), bytes.fromhex(KEY)])
def test_a_key_of_1_6_is_the_same_as_text_and_as_bytes(stored: str | bytes, sent: bytes) -> None:
    """SEC-006, SEC-008."""
    assert verify_password(basic(sent), stored)


@given(st.binary(max_size=64), st.binary(min_size=1, max_size=64))
def test_no_other_password_is_the_right_one(sent: bytes, stored: bytes) -> None:
    assert verify_password(basic(sent), stored) == (canonical_password(sent) == canonical_password(stored))


@given(st.binary(min_size=16, max_size=20))
def test_the_digits_of_a_key_stand_for_its_bytes(key: bytes) -> None:
    assert canonical_password(key.hex().encode()) == canonical_password(key.hex().upper().encode()) == key


@pytest.mark.parametrize("text", [b"0001020304050607", b"0" * 33, b"0" * 42, b"xyz" * 12, "geheim-äöü".encode(), b""])
def test_what_is_no_key_of_1_6_is_compared_as_it_is(text: bytes) -> None:
    """SEC-006, SEC-010: 16 to 20 bytes, as pairs of digits."""
    assert canonical_password(text) == text


def test_the_user_name_must_be_the_identity() -> None:
    """SEC-004, CON-005."""
    assert not verify_password(handshake(username=b"CP002", password=b"secret"), "secret")
    assert verify_password(handshake(username="Säule".encode(), password=b"secret", identity="Säule"), "secret")


@pytest.mark.parametrize("sent", [None, b""])
def test_nothing_never_matches(sent: bytes | None) -> None:
    assert not verify_password(handshake(username=b"CP001", password=sent), b"")
    assert not verify_password(handshake(), "secret")


# Which profile is used


@pytest.mark.parametrize(
    ("used", "profile"),
    [
        (handshake(), NONE),
        (handshake(encrypted=True), NONE),
        (basic(b""), NONE),
        (basic(), BASIC),
        (basic(encrypted=True), TLS_BASIC),
        (handshake(encrypted=True, certificate=certificate()), MUTUAL_TLS),
        (handshake(encrypted=True, certificate=certificate("CP002")), NONE),
        (handshake(encrypted=True, certificate=certificate(None), username=b"CP001", password=b"x"), TLS_BASIC),
    ],
)
def test_a_handshake_tells_the_profile_that_is_used(used: Handshake, profile: SecurityProfile) -> None:
    """SEC-001: for profile 3 the certificate has to be that of the station."""
    assert used.security_profile is profile


# Which profile is enough


@pytest.mark.parametrize("profile", SecurityProfile)
def test_a_better_profile_is_enough_and_a_lower_one_is_not(profile: SecurityProfile) -> None:
    """SEC-002, SEC-051."""
    by_profile = {
        NONE: handshake(),
        BASIC: basic(),
        TLS_BASIC: basic(encrypted=True),
        MUTUAL_TLS: handshake(encrypted=True, certificate=certificate()),
    }
    for used, asked in by_profile.items():
        assert (check_profile(asked, profile) is None) == (used >= profile)


@pytest.mark.parametrize("profile", [BASIC, TLS_BASIC])
@pytest.mark.parametrize(
    ("username", "password"), [(None, None), (b"CP001", b""), (b"CP002", b"secret"), (b"cp001", b"secret"), (b"", b"s")]
)
def test_missing_and_foreign_credentials_are_unauthorized(
    profile: SecurityProfile, username: bytes | None, password: bytes | None
) -> None:
    """SEC-004, SEC-005, CON-005."""
    asked = handshake(username=username, password=password, encrypted=True)
    assert status_of(check_profile(asked, profile)) is HTTPStatus.UNAUTHORIZED


@pytest.mark.parametrize("profile", [TLS_BASIC, MUTUAL_TLS])
def test_without_tls_a_password_is_not_asked_for_again(profile: SecurityProfile) -> None:
    """A 401 would invite the station to send it, readable by everyone."""
    assert status_of(check_profile(handshake(), profile)) is HTTPStatus.FORBIDDEN
    assert status_of(check_profile(basic(), profile)) is HTTPStatus.FORBIDDEN


def test_profile_3_takes_no_password_for_a_certificate() -> None:
    assert status_of(check_profile(basic(encrypted=True), MUTUAL_TLS)) is HTTPStatus.FORBIDDEN


@pytest.mark.parametrize("profile", [BASIC, TLS_BASIC, MUTUAL_TLS])
@pytest.mark.parametrize("name", ["CP002", "cp001", "CP001 ", "CP001\0", "", None])
def test_the_certificate_of_another_station_is_forbidden(profile: SecurityProfile, name: str | None) -> None:
    """SEC-037, CON-005: also where a password alone would be enough."""
    asked = handshake(username=b"CP001", password=b"secret", encrypted=True, certificate=certificate(name))
    assert status_of(check_profile(asked, profile)) is HTTPStatus.FORBIDDEN


@pytest.mark.parametrize("profile", SecurityProfile)
@pytest.mark.parametrize("organization", ["Acme Ltd", "acme", None])
def test_the_certificate_of_another_operator_is_forbidden(profile: SecurityProfile, organization: str | None) -> None:
    """SEC-037."""
    asked = handshake(encrypted=True, certificate=certificate(organization=organization))
    assert status_of(check_profile(asked, profile, organization="Acme")) is HTTPStatus.FORBIDDEN


def test_a_certificate_and_the_name_of_another_station_contradict_each_other() -> None:
    """CON-005."""
    asked = handshake(username=b"CP002", password=b"secret", encrypted=True, certificate=certificate())
    assert status_of(check_profile(asked, MUTUAL_TLS)) is HTTPStatus.UNAUTHORIZED


def test_a_password_appears_in_no_representation() -> None:
    assert "secret" not in repr(basic())

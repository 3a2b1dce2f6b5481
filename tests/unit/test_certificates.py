"""The certificates that are made here say what OCPP wants them to say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from chargewire.certificates import Authority, Issued, KeyType, create_authority

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def issued() -> Issued:
    return create_authority("Acme", now=NOW, days=1000, key_type=KeyType.ECDSA)


@pytest.fixture(scope="module")
def authority(issued: Issued) -> Authority:
    return Authority(issued.certificate, issued.key)


def load(pem: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem)


def name(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> str | bytes:
    (attribute,) = certificate.subject.get_attributes_for_oid(oid)
    return attribute.value


def test_a_station_is_named_in_cn_and_its_operator_in_o(authority: Authority) -> None:
    """SEC-037, SEC-040."""
    certificate = load(authority.issue_station("CP001", now=NOW).certificate)
    assert (name(certificate, NameOID.COMMON_NAME), name(certificate, NameOID.ORGANIZATION_NAME)) == ("CP001", "Acme")
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    other = load(authority.issue_station("CP001", now=NOW, organization="Other").certificate)
    assert name(other, NameOID.ORGANIZATION_NAME) == "Other"


def test_a_csms_is_named_by_all_its_hosts_and_the_first_is_its_cn(authority: Authority) -> None:
    """SEC-035, SEC-040."""
    certificate = load(authority.issue_server(["csms.example.com", "192.0.2.1", "::1"], now=NOW).certificate)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["csms.example.com"]
    assert names.get_values_for_type(x509.IPAddress) == [ip_address("192.0.2.1"), ip_address("::1")]
    assert name(certificate, NameOID.COMMON_NAME) == "csms.example.com"


@pytest.mark.parametrize("type", KeyType)
def test_keys_are_as_strong_as_ocpp_wants_them(authority: Authority, type: KeyType) -> None:
    """SEC-040: RSA of 2048 bits, elliptic curves of 224."""
    key = load_pem_private_key(authority.issue_server(["a"], now=NOW, key_type=type).key, None)
    match type:
        case KeyType.RSA:
            assert isinstance(key, rsa.RSAPrivateKey)
            assert key.key_size >= 2048
        case KeyType.ECDSA:
            assert isinstance(key, ec.EllipticCurvePrivateKey)
            assert key.key_size >= 224


def test_nothing_outlives_its_authority(authority: Authority) -> None:
    assert load(authority.issue_station("A", now=NOW, days=10).certificate).not_valid_after_utc == NOW + timedelta(10)
    assert load(authority.issue_station("A", now=NOW, days=5000).certificate).not_valid_after_utc == NOW + timedelta(
        1000
    )


def test_what_was_revoked_stays_revoked(authority: Authority) -> None:
    first, second = (authority.issue_station(each, now=NOW).certificate for each in ("A", "B"))
    before = authority.revoke([first], now=NOW)
    after = x509.load_pem_x509_crl(authority.revoke([first, second], now=NOW + timedelta(1), previous=before))
    assert after.get_revoked_certificate_by_serial_number(load(first).serial_number).revocation_date_utc == NOW
    assert after.get_revoked_certificate_by_serial_number(load(second).serial_number) is not None
    assert len(after) == 2
    assert after.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == 2


def test_only_its_own_certificates_and_lists_are_an_authoritys_to_revoke(authority: Authority) -> None:
    issued = create_authority("Acme", now=NOW, key_type=KeyType.ECDSA)
    other = Authority(issued.certificate, issued.key)
    with pytest.raises(ValueError, match="another CA"):
        authority.revoke([other.issue_station("A", now=NOW).certificate], now=NOW)
    with pytest.raises(ValueError, match="another CA"):
        authority.revoke([], now=NOW, previous=other.revoke([], now=NOW))


def test_an_authority_is_a_ca_and_its_key(authority: Authority, issued: Issued) -> None:
    station = authority.issue_station("A", now=NOW)
    with pytest.raises(ValueError, match="not that of a CA"):
        Authority(station.certificate, station.key)
    with pytest.raises(ValueError, match="not the one of the certificate"):
        Authority(issued.certificate, station.key)


@pytest.mark.parametrize("identity", ["", "x" * 49, "a\nb"])
def test_an_identity_that_no_station_can_have_is_refused(authority: Authority, identity: str) -> None:
    with pytest.raises(ValueError, match="identity"):
        authority.issue_station(identity, now=NOW)


@pytest.mark.parametrize("host", ["", "https://csms.example.com", "a b", "csms.example.com:443", "é.example"])
def test_a_host_that_is_none_is_refused(authority: Authority, host: str) -> None:
    with pytest.raises(ValueError, match="neither a host name"):
        authority.issue_server([host], now=NOW)


def test_names_that_fit_into_no_certificate_are_refused(authority: Authority) -> None:
    with pytest.raises(ValueError, match="64 bytes"):
        authority.issue_server(["x" * 65], now=NOW)
    with pytest.raises(ValueError, match="organization"):
        create_authority("", now=NOW)


def test_a_private_key_appears_in_no_representation(issued: Issued) -> None:
    assert "PRIVATE" not in repr(issued)

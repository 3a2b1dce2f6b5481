"""Contexts for TLS: what is loaded from which file, and how a wrong one is refused."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from support.tls import Pki

from chargewire import KeyPair, ServerTls, client_context

REQUIRED = {
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
}


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    return Pki(tmp_path)


def test_both_sides_speak_tls_1_2_or_later_with_the_required_suites(pki: Pki) -> None:
    """SEC-030, SEC-031, SEC-033, SEC-034."""
    for context in (ServerTls(pki.server()).context, client_context()):
        suites = {each["name"] for each in context.get_ciphers()}
        assert suites >= REQUIRED
        assert all("GCM" in each or "CHACHA20" in each for each in suites)
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2
        assert context.options & ssl.OP_NO_COMPRESSION


def test_stations_are_asked_for_a_certificate_where_somebody_signs_them(pki: Pki) -> None:
    pair = pki.server()
    assert ServerTls(pair).context.verify_mode == ssl.CERT_NONE
    assert ServerTls(pair, client_ca=pki.ca).context.verify_mode == ssl.CERT_REQUIRED
    assert ServerTls(pair, client_ca=pki.ca, client_certificate="optional").context.verify_mode == ssl.CERT_OPTIONAL


def test_a_station_verifies_chain_and_name() -> None:
    """SEC-035."""
    context = client_context()
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname


def test_options_that_contradict_each_other_are_refused(pki: Pki) -> None:
    with pytest.raises(ValueError, match="key_pairs"):
        ServerTls()
    with pytest.raises(ValueError, match="client_ca"):
        ServerTls(pki.server(), revocations=pki.revoke())
    with pytest.raises(ValueError, match="client_ca"):
        ServerTls(pki.server(), organization="Acme")


def encrypted_key(directory: Path, pki: Pki) -> Path:
    key = load_pem_private_key(Path(pki.server().key).read_bytes(), None)
    path = directory / "encrypted.key"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")))
    return path


@pytest.mark.parametrize(
    ("load", "complaint"),
    [
        (lambda d, p: ServerTls(KeyPair(d / "none.pem", d / "none.key")), "none.pem.*No such file"),
        (lambda d, p: ServerTls(KeyPair(p.server().certificate, p.station("A").key)), "A.key.*mismatch"),
        (lambda d, p: ServerTls(KeyPair(p.server().certificate, encrypted_key(d, p))), "encrypted.key.*encrypted"),
        (lambda d, p: ServerTls(p.server(), client_ca=p.server().certificate), "server.pem.*no certificate of a CA"),
        (lambda d, p: ServerTls(p.server(), client_ca=p.server().key), "server.key"),
        (lambda d, p: ServerTls(p.server(), client_ca=p.ca, revocations=p.ca), "ca.pem.*no revocation list"),
        (lambda d, p: client_context(ca=d / "none.pem"), "none.pem.*No such file"),
        (lambda d, p: client_context(key_pair=KeyPair(p.ca, p.ca)), "ca.pem"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    tmp_path: Path, pki: Pki, load: Callable[[Path, Pki], object], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        load(tmp_path, pki)

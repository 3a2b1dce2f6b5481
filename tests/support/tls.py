"""Certificates for tests, as files: a CA, servers, stations, and everything that may be wrong with them."""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chargewire import KeyPair
from chargewire.certificates import Authority, Issued, KeyType, create_authority

HOST = "127.0.0.1"
OPERATOR = "Acme Charging"


class Pki:
    """A CA in a directory. Everything it issues is written there."""

    def __init__(self, directory: Path, name: str = "ca") -> None:
        self._directory = directory
        self._now = datetime.now(UTC)
        self.ca = directory / f"{name}.pem"
        self._crl = directory / f"{name}-crl.pem"
        issued = create_authority(OPERATOR, now=self._now - timedelta(days=40), key_type=KeyType.ECDSA)
        self.ca.write_bytes(issued.certificate)
        self._authority = Authority(issued.certificate, issued.key)

    def server(
        self, name: str = "server", *, hosts: Sequence[str] = (HOST,), kind: KeyType = KeyType.ECDSA, age: int = 0
    ) -> KeyPair:
        """Issue the certificate of a CSMS, ``age`` days ago, for 30 days."""
        now = self._now - timedelta(days=age)
        return self._write(name, self._authority.issue_server(hosts, now=now, days=30, key_type=kind))

    def station(self, identity: str, *, organization: str = OPERATOR, age: int = 0) -> KeyPair:
        """Issue the certificate of a station, ``age`` days ago, for 30 days."""
        now = self._now - timedelta(days=age)
        issued = self._authority.issue_station(identity, now=now, days=30, organization=organization)
        return self._write(identity, issued)

    def revoke(self, *stations: KeyPair) -> Path:
        """Write the revocation list."""
        certificates = [Path(each.certificate).read_bytes() for each in stations]
        self._crl.write_bytes(self._authority.revoke(certificates, now=self._now))
        return self._crl

    def _write(self, name: str, issued: Issued) -> KeyPair:
        pair = KeyPair(self._directory / f"{name}.pem", self._directory / f"{name}.key")
        Path(pair.certificate).write_bytes(issued.certificate)
        Path(pair.key).write_bytes(issued.key)
        return pair


def with_suite(context: ssl.SSLContext, suite: str) -> ssl.SSLContext:
    """Let a client offer one suite of TLS 1.2 only."""
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(suite)
    return context


def with_tls_1_1(context: ssl.SSLContext) -> ssl.SSLContext:
    """Let a context speak nothing newer than TLS 1.1."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1_1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context

"""TLS for security profiles 2 and 3: contexts for both sides, and what a peer's certificate says.

Knows nothing about HTTP, nor about who may connect.
"""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from os import PathLike
from typing import Any, Literal

from chargewire.security import Certificate, SecurityProfile

StrPath = str | PathLike[str]

# The suites of TLS 1.2; those of 1.3 are OpenSSL's. The first two and the last two are those that OCPP requires
# (SEC-031), and a Python context offers the last two only when asked to (SEC-033). They have no forward secrecy and so
# come last. Level 2 refuses RSA keys below 2048 bits and elliptic curves below 224 (SEC-040).
CIPHERS = (
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:"
    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305:"
    "AES128-GCM-SHA256:AES256-GCM-SHA384:@SECLEVEL=2"
)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """Files with a certificate and its private key, in PEM.

    Attributes:
        certificate: the certificate, then the intermediate ones up to the root, which may be left out.
        key: its private key, not encrypted.
    """

    certificate: StrPath
    key: StrPath


class ServerTls:
    """TLS of a CSMS, from files that can be read again while it runs.

    Args:
        key_pairs: one for each kind of key, RSA and ECDSA: OCPP wants both on one port (SEC-031).
        client_ca: certificates of those who sign the stations' certificates; for profile 3.
        client_certificate: with ``client_ca``, ``"required"`` of every station, or ``"optional"``, which serves
            stations of profile 2 and 3 on one port. Who names an authority means profile 3.
        revocations: revocation lists of ``client_ca``, in PEM. A list that has expired refuses every station.
        organization: the O that a station's certificate must have (SEC-037).

    Raises:
        ValueError: a file cannot be used; the message names it.
    """

    def __init__(
        self,
        *key_pairs: KeyPair,
        client_ca: StrPath | None = None,
        client_certificate: Literal["required", "optional"] = "required",
        revocations: StrPath | None = None,
        organization: str | None = None,
    ) -> None:
        if not key_pairs:
            raise ValueError("key_pairs: name at least one certificate with its key")
        if client_ca is None and (revocations is not None or organization is not None):
            raise ValueError("client_ca: without it no station is asked for a certificate")
        self.organization = organization
        self._key_pairs = key_pairs
        self._client_ca = client_ca
        self._client_certificate = client_certificate
        self._revocations = revocations
        self._context = self._read()

    @property
    def context(self) -> ssl.SSLContext:
        """The context for connections that begin now."""
        return self._context

    def reload(self) -> None:
        """Read the files again, for connections that begin from now on; those that are open stay as they are.

        Every file counts: certificates and keys, ``client_ca`` and ``revocations``.

        Raises:
            ValueError: a file cannot be used; the message names it, and what was loaded before stays in force.
        """
        # A new context rather than new files in the old one, which could not forget a CA, a list or a session.
        self._context = self._read()

    def _read(self) -> ssl.SSLContext:
        context = _new_context(ssl.PROTOCOL_TLS_SERVER)
        for pair in self._key_pairs:
            _load_key_pair(context, pair)
        if self._client_ca is None:
            return context
        required = self._client_certificate == "required"
        context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
        _load_authorities(context, self._client_ca)
        if self._revocations is not None:
            with _naming(self._revocations):
                context.load_verify_locations(self._revocations)
                if not context.cert_store_stats()["crl"]:
                    raise ValueError("holds no revocation list")
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
        return context


def client_context(*, ca: StrPath | None = None, key_pair: KeyPair | None = None) -> ssl.SSLContext:
    """Make the context of a charge point: for profile 3 with a key pair, for profile 2 without.

    It verifies chain and host name of the CSMS (SEC-035) and speaks TLS 1.2 or later (SEC-030).

    Args:
        ca: certificates of those who sign the CSMS's certificate; the system's trust store unless given.
        key_pair: certificate of the station.

    Raises:
        ValueError: a file cannot be used; the message names it.
    """
    context = _new_context(ssl.PROTOCOL_TLS_CLIENT)
    if ca is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    else:
        _load_authorities(context, ca)
    if key_pair is not None:
        _load_key_pair(context, key_pair)
    return context


def check_context(context: ssl.SSLContext | None, profile: SecurityProfile) -> None:
    """Refuse a way of serving that no station of the profile could get through.

    Raises:
        ValueError: the profile needs TLS, or client certificates, and the context has none.
    """
    if profile >= SecurityProfile.TLS_BASIC and context is None:
        raise ValueError(f"ssl: security profile {profile:d} needs a context")
    if profile is SecurityProfile.MUTUAL_TLS and context is not None and context.verify_mode is not ssl.CERT_REQUIRED:
        raise ValueError("ssl: security profile 3 needs a context that requires client certificates")


def read_certificate(connection: ssl.SSLObject) -> Certificate | None:
    """Return what the peer's verified certificate says; ``None`` when it presented none."""
    parsed: dict[str, Any] | None = connection.getpeercert()
    der = connection.getpeercert(binary_form=True)
    if not parsed or der is None:
        return None
    return Certificate(
        common_name=_only(parsed, "commonName"),
        organization=_only(parsed, "organizationName"),
        serial_number=parsed["serialNumber"].lstrip("0") or "0",
        not_after=datetime.fromtimestamp(ssl.cert_time_to_seconds(parsed["notAfter"]), UTC),
        fingerprint=hashlib.sha256(der).hexdigest(),
    )


def _only(parsed: dict[str, Any], name: str) -> str | None:
    """Return the one value of a name in the subject: of several, none can be trusted to be the one that was meant."""
    values = [value for part in parsed["subject"] for key, value in part if key == name]
    return values[0] if len(values) == 1 else None


def _new_context(protocol: int) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE  # SEC-034
    return context


def _load_key_pair(context: ssl.SSLContext, pair: KeyPair) -> None:
    def refuse() -> str:  # OpenSSL would ask on the terminal
        raise ValueError("the private key is encrypted")

    with _naming(f"{pair.certificate}, {pair.key}"):
        context.load_cert_chain(pair.certificate, pair.key, password=refuse)


def _load_authorities(context: ssl.SSLContext, path: StrPath) -> None:
    with _naming(path):
        context.load_verify_locations(path)
        if not context.cert_store_stats()["x509_ca"]:
            raise ValueError("holds no certificate of a CA")


@contextmanager
def _naming(path: StrPath) -> Generator[None, None, None]:
    """Put a file's name before what is wrong with it; the ssl module does not."""
    try:
        yield
    except (OSError, ValueError) as exc:
        reason = (exc.strerror or str(exc)) if isinstance(exc, OSError) else str(exc)
        raise ValueError(f"{path}: {reason}") from exc

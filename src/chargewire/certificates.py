"""Makes certificates for tests and small sites: a CA, what it signs, what it revokes. Knows no files and no clock."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from chargewire.identity import MAX_IDENTITY

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_EARLIER = timedelta(days=1)  # a certificate begins, for stations whose clock is behind
_MAX_NAME = 64  # bytes; RFC 5280, A.1
_AUTHORITY_BITS, _BITS = 3072, 2048  # of RSA keys; OCPP wants 2048 at least (SEC-040)


class KeyType(StrEnum):
    """What kind of key a certificate is for."""

    RSA = "rsa"
    ECDSA = "ecdsa"


@dataclass(frozen=True, slots=True)
class Issued:
    """A new certificate and its private key, in PEM. The key is not encrypted."""

    certificate: bytes
    key: bytes = field(repr=False)


class Authority:
    """A certificate authority.

    Args:
        certificate: its own, in PEM.
        key: its private key, in PEM and not encrypted.

    Raises:
        ValueError: they are not the certificate of a CA and its key.
    """

    def __init__(self, certificate: bytes, key: bytes) -> None:
        self._certificate = x509.load_pem_x509_certificate(certificate)
        self._key = _load_key(key)
        if self._certificate.public_key() != self._key.public_key():
            raise ValueError("the key is not the one of the certificate")
        try:
            constraints = self._certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        except x509.ExtensionNotFound:
            constraints = x509.BasicConstraints(ca=False, path_length=None)
        if not constraints.ca:
            raise ValueError("the certificate is not that of a CA")

    @property
    def organization(self) -> str:
        """O of its subject."""
        values = self._certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        return str(values[0].value) if values else ""

    def issue_server(
        self, hosts: Sequence[str], *, now: datetime, days: int = 825, key_type: KeyType = KeyType.ECDSA
    ) -> Issued:
        """Issue the certificate of a CSMS.

        Args:
            hosts: names and IP addresses that stations connect to; the first is the CN, too (SEC-040).
            now: an aware datetime.
            days: until it expires, but no longer than the authority lives.
            key_type: RSA or ECDSA; a CSMS needs one of each (SEC-031).

        Raises:
            ValueError: there is no host, or one that cannot be a name.
        """
        if not hosts:
            raise ValueError("hosts: name at least one")
        names = x509.SubjectAlternativeName([_host(each) for each in hosts])
        subject = _subject(self.organization, hosts[0])
        return self._issue(subject, _new_key(key_type, _BITS), now, days, ExtendedKeyUsageOID.SERVER_AUTH, names)

    def issue_station(
        self,
        identity: str,
        *,
        now: datetime,
        days: int = 825,
        key_type: KeyType = KeyType.ECDSA,
        organization: str | None = None,
    ) -> Issued:
        """Issue the certificate of a charging station: CN is its identity, O the operator (SEC-037).

        Args:
            identity: of the station.
            now: an aware datetime.
            days: until it expires, but no longer than the authority lives.
            key_type: RSA or ECDSA.
            organization: the operator; that of the authority unless given.

        Raises:
            ValueError: the identity or the organization cannot be a name.
        """
        if not identity or len(identity) > MAX_IDENTITY or not identity.isprintable():
            raise ValueError(f"identity: expected 1 to {MAX_IDENTITY} printable characters, got {identity!r}")
        subject = _subject(organization or self.organization, identity)
        return self._issue(subject, _new_key(key_type, _BITS), now, days, ExtendedKeyUsageOID.CLIENT_AUTH, None)

    def revoke(
        self, certificates: Iterable[bytes], *, now: datetime, days: int = 365, previous: bytes | None = None
    ) -> bytes:
        """Write a revocation list, in PEM.

        Args:
            certificates: to be revoked, in PEM.
            now: an aware datetime.
            days: until the list must be renewed: with one that has expired, no station gets in.
            previous: the list before; what is on it stays on it.

        Raises:
            ValueError: a certificate, or the list, is not of this authority.
        """
        builder = x509.CertificateRevocationListBuilder().issuer_name(self._certificate.subject)
        builder = builder.last_update(now - _EARLIER).next_update(now + timedelta(days=days))
        number, revoked = 1, dict[int, datetime]()
        if previous is not None:
            number, revoked = self._read_list(previous)
        for each in certificates:
            revoked.setdefault(self._serial_of(each), now)
        for serial, at in revoked.items():
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at)
            builder = builder.add_revoked_certificate(entry.build())
        builder = builder.add_extension(x509.CRLNumber(number), critical=False)
        builder = builder.add_extension(_authority_key(self._key), critical=False)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def _issue(  # noqa: PLR0917
        self,
        subject: x509.Name,
        key: PrivateKey,
        now: datetime,
        days: int,
        purpose: x509.ObjectIdentifier,
        names: x509.SubjectAlternativeName | None,
    ) -> Issued:
        not_after = min(now + timedelta(days=days), self._certificate.not_valid_after_utc)
        builder = _builder(subject, self._certificate.subject, key, now, not_after)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(authority=False, key=key), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        builder = builder.add_extension(_authority_key(self._key), critical=False)
        if names is not None:
            builder = builder.add_extension(names, critical=False)
        return _signed(builder, self._key, key)

    def _read_list(self, pem: bytes) -> tuple[int, dict[int, datetime]]:
        """Return the number of the next list, and what is on this one."""
        before = x509.load_pem_x509_crl(pem)
        if not before.is_signature_valid(self._key.public_key()):
            raise ValueError("the revocation list is of another CA")
        number = before.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        return number + 1, {entry.serial_number: entry.revocation_date_utc for entry in before}

    def _serial_of(self, pem: bytes) -> int:
        certificate = x509.load_pem_x509_certificate(pem)
        try:
            certificate.verify_directly_issued_by(self._certificate)
        except (ValueError, TypeError, InvalidSignature):
            raise ValueError("the certificate is of another CA") from None
        return certificate.serial_number


def create_authority(organization: str, *, now: datetime, days: int = 3650, key_type: KeyType = KeyType.RSA) -> Issued:
    """Make the certificate of a new authority.

    Args:
        organization: who runs it: the O of its subject, and unless told otherwise of all that it issues.
        now: an aware datetime.
        days: until it expires.
        key_type: kind of its key. Stations that know no ECDSA can only verify what an RSA key signed.

    Raises:
        ValueError: the organization cannot be a name.
    """
    if not organization:
        raise ValueError("organization: expected a name")
    subject = _subject(organization, "OCPP CA")
    key = _new_key(key_type, _AUTHORITY_BITS)
    builder = _builder(subject, subject, key, now, now + timedelta(days=days))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(authority=True, key=key), critical=True)
    return _signed(builder, key, key)


def _subject(organization: str, common_name: str) -> x509.Name:
    if too_long := next((each for each in (organization, common_name) if len(each.encode()) > _MAX_NAME), None):
        raise ValueError(f"{too_long!r} is longer than the {_MAX_NAME} bytes of a name in a certificate")
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization:
        attributes.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(attributes)


def _host(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    if not name or not name.isascii() or not name.replace("-", "a").replace(".", "a").isalnum():
        raise ValueError(f"hosts: {name!r} is neither a host name nor an IP address")
    return x509.DNSName(name)


def _new_key(type: KeyType, bits: int) -> PrivateKey:
    match type:
        case KeyType.RSA:
            return rsa.generate_private_key(65537, bits)
        case KeyType.ECDSA:
            return ec.generate_private_key(ec.SECP256R1())


def _load_key(pem: bytes) -> PrivateKey:
    try:
        key = serialization.load_pem_private_key(pem, None)
    except TypeError:
        raise ValueError("the private key is encrypted") from None
    match key:
        case rsa.RSAPrivateKey() | ec.EllipticCurvePrivateKey():
            return key
        case _:
            raise ValueError("the private key is neither RSA nor ECDSA")


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PrivateKey, now: datetime, not_after: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, authority: bool, key: PrivateKey) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_encipherment=not authority and isinstance(key, rsa.RSAPrivateKey),  # the suites without ECDHE need it
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _authority_key(key: PrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _signed(builder: x509.CertificateBuilder, by: PrivateKey, key: PrivateKey) -> Issued:
    return Issued(
        builder.sign(by, hashes.SHA256()).public_bytes(serialization.Encoding.PEM),
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )

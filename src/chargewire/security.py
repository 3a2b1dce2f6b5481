"""What stations prove who they are with: security profiles, certificates, passwords. Knows no socket and no clock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

_HEX_KEY = re.compile(rb"(?:[0-9A-Fa-f]{2}){16,20}")  # OCPP-J 1.6, 6.2.2: 16 to 20 bytes as hexadecimal digits


class SecurityProfile(IntEnum):
    """How a connection is secured, with OCPP's numbers (SEC-001). A higher one is better than a lower one."""

    NONE = 0
    """Nothing is asked for. OCPP 1.6 calls this "no profile configured"; OCPP 2.x does not allow it."""
    BASIC = 1
    """A password, readable by everyone on the way."""
    TLS_BASIC = 2
    """TLS with the certificate of the CSMS, and a password."""
    MUTUAL_TLS = 3
    """TLS with a certificate on both sides."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """The certificate a station presented, after TLS has verified its chain.

    Attributes:
        common_name: CN of the subject; ``None`` without one, or with several.
        organization: O of the subject; ``None`` without one, or with several.
        serial_number: as OCPP writes it: hexadecimal, without leading zeros (SEC-042).
        not_after: when it expires.
        fingerprint: SHA-256 over its DER form, hexadecimal.
    """

    common_name: str | None
    organization: str | None
    serial_number: str
    not_after: datetime
    fingerprint: str


def canonical_password(password: bytes) -> bytes:
    """Return the form of a password to compare, or to hash and keep.

    The key of OCPP 1.6 is configured as hexadecimal digits. Some stations then send the bytes that the digits stand
    for, as the specification has it, and some the digits themselves (SEC-006, SEC-008). Both forms, with digits in
    either case, have the same canonical form: the bytes. Every other password is its own.
    """
    return bytes.fromhex(password.decode()) if _HEX_KEY.fullmatch(password) else password

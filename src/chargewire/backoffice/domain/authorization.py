"""Who may charge. Decides from what is on record; finds nothing by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

DEFAULT_TOKEN_TYPE = "ISO14443"  # noqa: S105 - the RFID cards that nearly every token is
CENTRAL = "Central"
NO_AUTHORIZATION = "NoAuthorization"


class TokenStatus(StrEnum):
    """What an operator says about a token, and what a station is told."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    EXPIRED = "Expired"
    INVALID = "Invalid"


class UnknownTokens(StrEnum):
    """What becomes of an id token that is not on record."""

    ACCEPT = "accept"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class IdToken:
    """A card, an app's code, a contract: whatever identifies who charges.

    Tokens are equal when text and type are, whatever the case of the letters (AUT-004). OCPP 1.6 knows no types: there
    the text decides.
    """

    token: str
    type: str = DEFAULT_TOKEN_TYPE
    status: TokenStatus = TokenStatus.ACCEPTED
    expires_at: datetime | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """A token as a station sends it; ``type`` is ``None`` in OCPP 1.6."""

    token: str
    type: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What a station is told about a token.

    Attributes:
        expires_at: until when the station may rely on it without asking again.
    """

    status: TokenStatus
    expires_at: datetime | None = None

    @property
    def is_accepted(self) -> bool:
        """Energy may flow."""
        return self.status is TokenStatus.ACCEPTED


def decide(token: IdToken | None, *, now: datetime, unknown: UnknownTokens) -> Decision:
    """Judge a token by what is on record about it; ``None`` when nothing is.

    ``now`` is the CSMS's clock, for queued messages too: the answer refreshes the station's authorization cache, so it
    has to say what holds today (CAC-001).
    """
    if token is None:
        return Decision(TokenStatus.ACCEPTED if unknown is UnknownTokens.ACCEPT else TokenStatus.INVALID)
    if token.status is TokenStatus.ACCEPTED and token.expires_at is not None and token.expires_at <= now:
        return Decision(TokenStatus.EXPIRED, token.expires_at)
    return Decision(token.status, token.expires_at)


def is_same_token(one: str, other: str) -> bool:
    """Compare the texts of two tokens as OCPP does: without regard to case (AUT-004)."""
    return one.casefold() == other.casefold()

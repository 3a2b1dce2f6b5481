"""Who may charge."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chargewire.backoffice.domain import IdToken, TokenStatus, UnknownTokens, decide
from chargewire.backoffice.domain.authorization import Decision, is_same_token

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("unknown", "expected"),
    [(UnknownTokens.ACCEPT, TokenStatus.ACCEPTED), (UnknownTokens.REFUSE, TokenStatus.INVALID)],
)
def test_an_unknown_token_is_judged_by_the_policy(unknown: UnknownTokens, expected: TokenStatus) -> None:
    assert decide(None, now=NOW, unknown=unknown) == Decision(expected)


@pytest.mark.parametrize("status", list(TokenStatus))
def test_a_token_on_record_is_judged_by_its_status(status: TokenStatus) -> None:
    """AUT-006."""
    decision = decide(IdToken("TAG", status=status), now=NOW, unknown=UnknownTokens.ACCEPT)
    assert decision == Decision(status)
    assert decision.is_accepted is (status is TokenStatus.ACCEPTED)


@pytest.mark.parametrize(
    ("expires_at", "expected"),
    [
        (NOW - timedelta(seconds=1), TokenStatus.EXPIRED),
        (NOW, TokenStatus.EXPIRED),
        (NOW + timedelta(days=1), TokenStatus.ACCEPTED),
    ],
)
def test_a_token_expires(expires_at: datetime, expected: TokenStatus) -> None:
    decision = decide(IdToken("TAG", expires_at=expires_at), now=NOW, unknown=UnknownTokens.REFUSE)
    assert decision == Decision(expected, expires_at)


def test_a_blocked_token_stays_blocked_after_it_expired() -> None:
    token = IdToken("TAG", status=TokenStatus.BLOCKED, expires_at=NOW - timedelta(days=1))
    assert decide(token, now=NOW, unknown=UnknownTokens.REFUSE).status is TokenStatus.BLOCKED


def test_tokens_compare_without_regard_to_case() -> None:
    """AUT-004."""
    assert is_same_token("AbC", "aBc")
    assert not is_same_token("AbC", "AbD")

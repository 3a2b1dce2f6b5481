"""What a station knows about tokens by itself (CAC, LAL, OFF)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chargewire.simulator.actions import IdToken
from chargewire.simulator.settings import Settings
from chargewire.simulator.tokens import CACHE_SIZE, TokenInfo, Tokens, Verdict

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CARD = IdToken("04a2")
GOOD, BAD = TokenInfo(accepted=True), TokenInfo(accepted=False)
EXPIRED = TokenInfo(accepted=True, expires_at=NOW - timedelta(seconds=1))


def verdict(tokens: Tokens, *, online: bool, id_token: IdToken = CARD) -> Verdict:
    return tokens.decide(id_token, NOW, online=online)[0]


def tokens(info: TokenInfo | None = None, **settings: bool) -> Tokens:
    known = Tokens(Settings(**settings))  # pyright: ignore[reportArgumentType]
    if info is not None:
        known.learn(CARD, info)
    return known


def test_an_unknown_token_is_asked_about() -> None:
    """AUT-002."""
    assert verdict(tokens(), online=True) is Verdict.ASK


@pytest.mark.parametrize(("info", "expected"), [(GOOD, Verdict.ACCEPT), (BAD, Verdict.ASK), (EXPIRED, Verdict.ASK)])
def test_local_knowledge_saves_the_question_where_that_is_configured(info: TokenInfo, expected: Verdict) -> None:
    """OFF-002, CAC-002, LAL-008."""
    assert verdict(tokens(info, local_pre_authorize=True), online=True) is expected
    assert verdict(tokens(info), online=True) is Verdict.ASK


@pytest.mark.parametrize(
    ("info", "expected"), [(GOOD, Verdict.ACCEPT), (BAD, Verdict.REFUSE), (EXPIRED, Verdict.REFUSE)]
)
def test_offline_only_valid_tokens_are_accepted(info: TokenInfo, expected: Verdict) -> None:
    """OFF-001."""
    assert verdict(tokens(info), online=False) is expected
    assert verdict(tokens(info, local_authorize_offline=False), online=False) is Verdict.REFUSE


def test_offline_unknown_tokens_need_a_permission() -> None:
    """OFF-001."""
    assert verdict(tokens(), online=False) is Verdict.REFUSE
    assert verdict(tokens(allow_offline_unknown=True), online=False) is Verdict.ACCEPT


def test_the_case_of_a_token_does_not_matter_but_its_type_does() -> None:
    """AUT-004."""
    assert verdict(tokens(GOOD), online=False, id_token=IdToken("04A2")) is Verdict.ACCEPT
    assert verdict(tokens(GOOD), online=False, id_token=IdToken("04A2", "eMAID")) is Verdict.REFUSE


def test_the_latest_answer_counts() -> None:
    """CAC-001."""
    known = tokens(GOOD)
    known.learn(CARD, BAD)
    assert verdict(known, online=False) is Verdict.REFUSE


def test_a_full_cache_forgets_an_invalid_token_first_and_then_the_oldest() -> None:
    """CAC-003."""
    known = tokens(GOOD)
    known.learn(IdToken("bad"), BAD)
    for number in range(CACHE_SIZE - 1):
        known.learn(IdToken(f"n{number}"), GOOD)
    assert verdict(known, online=False) is Verdict.ACCEPT
    assert known.decide(IdToken("bad"), NOW, online=False)[1] is None
    known.learn(IdToken("one more"), GOOD)
    assert known.decide(CARD, NOW, online=False)[1] is None


def test_clearing_the_cache_forgets_unless_it_is_switched_off() -> None:
    """CAC-006."""
    known = tokens(GOOD)
    assert known.clear_cache() is True
    assert verdict(known, online=False) is Verdict.REFUSE
    assert tokens(authorization_cache=False).clear_cache() is False


def test_a_cache_that_is_switched_off_remembers_nothing() -> None:
    assert tokens(GOOD, authorization_cache=False).decide(CARD, NOW, online=False)[1] is None


def test_the_local_list_wins_over_the_cache() -> None:
    """CAC-005, LAL-003."""
    known = tokens(GOOD)
    known.replace_list(3, {IdToken("04A2"): BAD})
    assert known.list_version == 3
    assert verdict(known, online=False) is Verdict.REFUSE
    known.learn(CARD, GOOD)
    assert verdict(known, online=False) is Verdict.REFUSE


def test_a_differential_list_adds_changes_and_removes() -> None:
    """LAL-003."""
    known = tokens()
    known.replace_list(1, {CARD: BAD, IdToken("gone"): GOOD})
    assert known.update_list(2, {CARD: GOOD, IdToken("gone"): None, IdToken("new"): GOOD}) is True
    found = [verdict(known, online=False, id_token=IdToken(name)) for name in ("04a2", "gone", "new")]
    assert found == [Verdict.ACCEPT, Verdict.REFUSE, Verdict.ACCEPT]


def test_an_old_differential_list_changes_nothing() -> None:
    """LAL-004."""
    known = tokens()
    known.replace_list(5, {CARD: GOOD})
    assert known.update_list(5, {CARD: BAD}) is False
    assert (known.list_version, verdict(known, online=False)) == (5, Verdict.ACCEPT)

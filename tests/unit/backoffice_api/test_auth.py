"""The administrator's token."""

from __future__ import annotations

from chargewire.backoffice.api.auth import generate_token, hash_token, verifier


def test_a_generated_token_has_256_random_bits_and_is_never_the_same() -> None:
    one, other = generate_token(), generate_token()
    assert one != other
    assert len(one) == 43
    assert one.isascii()


def test_only_the_token_itself_is_verified() -> None:
    verify = verifier(hash_token("right"))
    assert verify("right")
    assert not verify("wrong")
    assert not verify("")
    assert not verify(hash_token("right"))


def test_a_token_that_is_no_text_at_all_is_merely_wrong() -> None:
    assert not verifier(hash_token("right"))("\ud800")


def test_the_hash_does_not_hold_the_token() -> None:
    token = generate_token()
    assert token not in hash_token(token)
    assert hash_token(token).startswith("sha256:")

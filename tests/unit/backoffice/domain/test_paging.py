"""Cursors of lists."""

from __future__ import annotations

import pytest

from chargewire.backoffice.domain import InvalidCursorError
from chargewire.backoffice.domain.paging import decode_cursor, encode_cursor


def test_a_cursor_carries_the_position() -> None:
    assert decode_cursor(encode_cursor("CP/1 ü", 7), str, int) == ("CP/1 ü", 7)


@pytest.mark.parametrize("cursor", ["", "x", "!!!", "bnVsbA", encode_cursor("a"), encode_cursor(1, 2), "eyJhIjoxfQ"])
def test_a_foreign_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursorError, match="is no cursor of this list"):
        decode_cursor(cursor, int)

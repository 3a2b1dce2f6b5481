"""Which pattern a path fits."""

from __future__ import annotations

import itertools

import pytest

from chargewire.paths import Router

PATTERNS = ["/", "/ocpp/{identity}", "/ocpp/status", "/ocpp/*", "/{tenant}/v16/{identity}", "/a%20b/{x}", "/{tenant}/*"]


@pytest.mark.parametrize(
    ("target", "pattern", "parameters"),
    [
        ("/", "/", {}),
        ("/ocpp/CS001", "/ocpp/{identity}", {"identity": "CS001"}),
        ("/ocpp/CS001/?a=/b", "/ocpp/{identity}", {"identity": "CS001"}),
        ("/ocpp/CS%2F001", "/ocpp/{identity}", {"identity": "CS%2F001"}),
        ("/ocpp/status", "/ocpp/status", {}),
        ("/ocpp/%73tatus", "/ocpp/status", {}),
        ("/ocpp/a/b/CS001", "/ocpp/*", {}),
        ("/ocpp/v16/CS001", "/ocpp/*", {}),
        ("/acme/v16/CS001", "/{tenant}/v16/{identity}", {"tenant": "acme", "identity": "CS001"}),
        ("/acme/v201/CS001", "/{tenant}/*", {"tenant": "acme"}),
        ("/a%20b/1", "/a%20b/{x}", {"x": "1"}),
        ("/ocpp", None, {}),
        ("//CS001", None, {}),
        ("/OCPP", None, {}),
    ],
)
def test_the_most_particular_pattern_wins_in_whatever_order(
    target: str, pattern: str | None, parameters: dict[str, str]
) -> None:
    for patterns in (PATTERNS, PATTERNS[::-1]):
        match = Router({each: each.upper() for each in patterns}).find(target)
        if pattern is None:
            assert match is None
        else:
            assert match is not None
            assert (match.pattern, match.route, match.parameters) == (pattern, pattern.upper(), parameters)


@pytest.mark.parametrize("pattern", ["", "ocpp", "/a//b", "/*/b", "/a*", "/{}", "/{1}", "/{a", "/x{a}", "/{a}/{a}"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="routes: "):
        Router({pattern: None})


def test_two_patterns_may_not_fit_the_same_paths() -> None:
    """Where they may, the order decides, or all of them do (defect 10)."""
    for one, other in itertools.permutations(["/a/{x}", "/%61/{y}/"]):
        with pytest.raises(ValueError, match="fits the same paths as"):
            Router({one: 1, other: 2})
    Router({"/a/{x}": 1, "/a/*": 2, "/{x}/a": 3})

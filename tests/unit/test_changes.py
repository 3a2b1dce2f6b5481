"""The records that people keep by hand keep their form."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PARTS = ["Context", "Decision", "Consequences", "Rejected"]


def test_a_changelog_fragment_names_its_kind_and_is_a_sentence_or_two() -> None:
    for path in (ROOT / "changelog.d").iterdir():
        if path.name != "README.md":
            assert re.fullmatch(r"[a-z0-9-]+\.(added|changed|fixed|removed)\.md", path.name), path.name
            assert re.fullmatch(r"[^#\-*\s][^#]*\.\n", path.read_text()), path.name


def test_decision_records_are_numbered_in_order_and_have_their_five_parts() -> None:
    records = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
    for number, path in enumerate(records, start=1):
        text = path.read_text()
        assert path.name.startswith(f"{number:04}-")
        assert text.startswith(f"# {number:04}: ")
        assert re.search(r"^Status: (accepted|proposed|replaced by \[\d{4}\])", text, re.MULTILINE), path.name
        assert re.findall(r"^## (.*)$", text, re.MULTILINE) == PARTS
        assert len(text.splitlines()) <= 60, f"{path.name}: a record takes at most a page"


def test_the_contributing_page_stays_short() -> None:
    assert len((ROOT / "CONTRIBUTING.md").read_text().splitlines()) <= 120

"""Documents keep their promises: links lead somewhere, verbs and options exist."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from cyclopts import CycloptsError

import chargewire
from chargewire import OcppError
from chargewire.backoffice.domain.transactions import Flag
from chargewire.cli import build_app

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "changelog.d").glob("*.md"),
        *(ROOT / "web").glob("*/*.md"),
    ]
)

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_WHOLE = re.MULTILINE | re.DOTALL
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def prose(path: Path) -> str:
    return _FENCE.sub("", path.read_text())


def anchors(path: Path) -> set[str]:
    """The anchors that renderers make of headings: lower case, words joined by hyphens."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(prose(path))}


def names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


@pytest.mark.parametrize("path", DOCUMENTS, ids=names(DOCUMENTS))
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    broken = []
    for link in _LINK.findall(prose(path)):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_every_page_of_the_documentation_can_be_reached_from_its_index() -> None:
    found: set[Path] = set()
    waiting = [ROOT / "docs/index.md"]
    while waiting:
        page = waiting.pop()
        if page in found:
            continue
        found.add(page)
        links = (link.partition("#")[0] for link in _LINK.findall(prose(page)))
        waiting += [(page.parent / link).resolve() for link in links if link.endswith(".md") and "://" not in link]
    assert names(sorted(set((ROOT / "docs").rglob("*.md")) - found)) == []


def test_every_verb_that_is_mentioned_is_in_the_makefile() -> None:
    verbs = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    mentioned = {
        verb for path in DOCUMENTS for verb in re.findall(r"(?:`|\$ )make ([a-z]+)", path.read_text()) if verb != "xyz"
    }
    assert mentioned - verbs == set()
    assert verbs - mentioned == {"clean"}


def command_lines() -> Iterator[tuple[str, list[str]]]:
    """Each ``chargewire ...`` that a document shows, in a console or inside a sentence, as a list of arguments."""
    for path in DOCUMENTS:
        text = path.read_text()
        consoles = "".join(block for language, block in _FENCE.findall(text) if language == "console")
        shown = re.findall(r"^\$ (?:\S*/)?chargewire (.*)$", consoles.replace("\\\n", ""), re.MULTILINE)
        shown += re.findall(r"`chargewire ([a-z][^`]*)`", prose(path))
        for line in shown:
            yield f"{path.relative_to(ROOT)}: {line}", shlex.split(line.replace("URL", "ws://127.0.0.1:9000"))


def test_every_command_line_that_is_shown_can_be_parsed() -> None:
    app = build_app()
    shown = list(command_lines())
    assert len(shown) > 10
    for where, arguments in shown:
        if len(arguments) == 1:
            assert arguments[0] in app, where
            continue
        try:
            app.parse_args(arguments, exit_on_error=False, print_error=False)
        except CycloptsError as error:
            pytest.fail(f"{where}: {error}")


def test_the_reference_of_the_command_line_has_every_command_and_option() -> None:
    app = build_app()
    reference = (ROOT / "docs/reference/cli.md").read_text()
    sections = {
        match[1]: match[2] for match in re.finditer(r"^## chargewire (\w+).*?\n(.*?)(?=^## |\Z)", reference, _WHOLE)
    }
    commands = [name for name in app if not name.startswith("-")]
    assert sorted(sections) == sorted(commands)
    for command in commands:
        group = app[command]
        options = {
            name
            for part in ([group] if group.default_command else [group[each] for each in group if each[0] != "-"])
            for argument in part.assemble_argument_collection()
            for name in argument.names
            if name.startswith("--") and not name.startswith(("--no-", "--empty-"))
        }
        assert set(re.findall(r"^\| `(--[\w-]+)`", sections[command], re.MULTILINE)) == options, command


def test_the_reference_of_the_live_stream_names_every_event_type() -> None:
    source = (ROOT / "src/chargewire/backoffice/domain/events.py").read_text()
    types = set(re.findall(r'Event\(at, [\w.]+, "([a-z.]+)"', source))
    reference = (ROOT / "docs/reference/live.md").read_text()
    assert len(types) > 10
    assert sorted(type for type in types if f"`{type}`" not in reference) == []


def test_the_reference_of_the_api_names_every_flag() -> None:
    reference = (ROOT / "docs/reference/rest.md").read_text()
    assert [flag.value for flag in Flag if f"`{flag.value}`" not in reference] == []


def test_the_reference_of_errors_names_every_exception_and_code() -> None:
    reference = (ROOT / "docs/reference/errors.md").read_text()
    exported = {name: getattr(chargewire, name) for name in chargewire.__all__}
    exceptions = [name for name, value in exported.items() if isinstance(value, type) and issubclass(value, OcppError)]
    assert [name for name in [*exceptions, *chargewire.ErrorCode] if f"`{name}`" not in reference] == []

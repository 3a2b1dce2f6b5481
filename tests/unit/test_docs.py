"""Documents keep their promises: links lead somewhere, verbs and options exist."""

import inspect
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from cyclopts import CycloptsError

import chargewire
from chargewire import OcppError, v16, v21, v201
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


def rows(page: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Each row of each table on a page, by column, with the heading above it."""
    for section in re.split(r"^#+ ", (ROOT / "docs/reference" / page).read_text(), flags=re.MULTILINE):
        title, _, body = section.partition("\n")
        lines = [re.split(r"(?<!\\)\|", line)[1:-1] for line in body.splitlines() if line.startswith("|")]
        for line in lines[2:]:
            yield title, {head.strip(): cell.strip().strip("`") for head, cell in zip(lines[0], line, strict=True)}


_MEANING = "meaning, and why the default is so"


def test_the_reference_of_options_gives_each_number_a_unit() -> None:
    options = [(where, row) for where, row in rows("options.md") if re.search(r"\b(int|float)\b", row.get("type", ""))]
    assert len(options) > 10
    unitless = [(where, row["option"]) for where, row in options if not row["unit"] and row["default"] != "required"]
    assert unitless == []


def test_the_reference_of_options_gives_each_default_a_reason() -> None:
    nothing = {"required", "None", "none", "()"}
    options = [row for _, row in rows("options.md") if row.get("default", "required") not in nothing]
    assert len(options) > 20
    assert [row for row in options if not re.search(r"\. |\b(because|since|so that)\b", row[_MEANING])] == []


def test_the_reference_of_options_leaves_none_undescribed() -> None:
    assert [(where, row) for where, row in rows("options.md") if not row.get(_MEANING, "it is another table")] == []


def test_the_reference_of_the_command_line_has_the_defaults_of_the_settings() -> None:
    settings = {row["environment"]: row["default"] for _, row in rows("options.md") if "environment" in row}
    described = {row["environment"]: row["default"] for _, row in rows("cli.md") if "environment" in row}
    in_words = {"off": "false", "made up at the first start": "none"}
    assert {name: in_words.get(default, default) for name, default in described.items()} == settings


def test_the_reference_of_events_has_every_event() -> None:
    exported = {name for name in chargewire.__all__ if getattr(chargewire, name).__class__ is type}
    events = {name for name in exported if getattr(chargewire, name).__module__ == "chargewire.events"}
    assert {row["event"] for _, row in rows("events.md")} == events


def test_the_reference_of_each_version_has_every_action() -> None:
    for version in (v16, v201, v21):
        page = f"{version.__name__.rpartition('.')[2]}.md"
        assert [row["action"] for _, row in rows(page)] == list(version.ACTIONS)


def test_every_section_of_the_reference_of_the_library_has_something_to_describe() -> None:
    page = (ROOT / "docs/reference/api.md").read_text()
    modules = {module for block in re.findall(r"^```\{public\}\n(.*?)^```$", page, _WHOLE) for module in block.split()}
    assert len(modules) > 10
    homes = {getattr(getattr(chargewire, name), "__module__", "") for name in chargewire.__all__}
    assert modules - homes == set()


def test_every_public_name_has_a_docstring() -> None:
    exported = {name: getattr(chargewire, name) for name in chargewire.__all__}
    described = {name: value for name, value in exported.items() if inspect.isclass(value) or inspect.isfunction(value)}
    assert [name for name, value in described.items() if not value.__doc__] == []


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

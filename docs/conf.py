"""How Sphinx builds these pages: ``make docs``. Nothing is fetched: no inventories, no fonts, no scripts of others.

The pages are Markdown that also reads well without Sphinx. Only ``reference/api.md`` needs it.
"""

from __future__ import annotations

import enum
import importlib
import inspect
import re
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from types import UnionType
from typing import Any, ClassVar, get_type_hints

from docutils import nodes
from pygments.lexers.special import TextLexer
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxDirective

import chargewire
from chargewire import Connection, messages, protocol, testing
from chargewire.compat import ocpp

project = "chargewire"
author = "The chargewire authors"
release = metadata.version("chargewire")
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_title = "chargewire"
html_static_path = ["_static"]
html_css_files = ["tables.css"]
html_copy_source = False
html_show_copyright = False

myst_heading_anchors = 3  # the anchors that forges make, too
suppress_warnings = ["misc.highlighting_failure"]  # JSON that is abbreviated with an ellipsis

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

_PUBLIC = {name: getattr(chargewire, name) for name in chargewire.__all__}
_CONTENTS = {
    "index": (
        ("Tutorial", "tutorial/*"),
        ("How-to guides", "howto/*"),
        ("Reference", "reference/*"),
        ("Explanation", "explanation/*\ndecisions/README"),
    ),
    "decisions/README": (("Decisions", "0*"),),
}
_RELATIVE_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((\.\./[^)#\s]*)(?:#[^)\s]*)?\)")
_MODULES = (testing, ocpp)
_NOT_FOR_USERS = ("adapt", "blocked", "closed", "opened", "receive", "settle", "supersede", "unblocked")
_AFTER_NAPOLEON = 600
_DOCUMENTED = "chargewire_documented"


class Public(SphinxDirective):
    """Describes the public names that some modules define; without modules, those that no other one described.

    A name that is exported tomorrow is on the page tomorrow.
    """

    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        """Leave the description to autodoc, name by name."""
        done: set[str] = self.env.current_document.setdefault(_DOCUMENTED, set())
        modules = set(self.content)
        names = [
            name for name, value in _PUBLIC.items() if name not in done and (not modules or _home(value) in modules)
        ]
        done.update(names)
        text = "\n\n".join(_directive(name, _PUBLIC[name]) for name in names)
        return self.parse_text_to_nodes(f"```{{eval-rst}}\n{text}\n```")


def setup(app: Sphinx) -> None:
    """Add what these pages use."""
    _evaluate_annotations(
        [*_PUBLIC.values(), *(getattr(module, name) for module in _MODULES for name in module.__all__)]
    )
    app.add_directive("public", Public)
    app.add_lexer("mermaid", TextLexer)  # forges draw it; here it stays text, because its renderer is fetched
    app.connect("source-read", _add_contents)
    app.connect("source-read", _unlink)
    app.connect("autodoc-process-docstring", _shorten_types, priority=_AFTER_NAPOLEON)
    app.connect("missing-reference", _resolve)


def _add_contents(_: Sphinx, page: str, source: list[str]) -> None:
    """Add the tables of contents, which would only be noise to who reads the pages as Markdown."""
    for title, glob in _CONTENTS.get(page, ()):
        source[0] += f"\n```{{toctree}}\n:caption: {title}\n:hidden:\n:glob:\n\n{glob}\n```\n"


def _unlink(app: Sphinx, page: str, source: list[str]) -> None:
    """Keep only the words of links to folders and pages that are not among these, but elsewhere in the repository."""

    def unlink(link: re.Match[str]) -> str:
        target = (Path(app.srcdir, page).parent / link[2]).resolve()
        is_here = target.is_relative_to(app.srcdir)
        return link[0] if is_here or (target.is_file() and target.suffix != ".md") else link[1]

    source[0] = _RELATIVE_LINK.sub(unlink, source[0])


def _directive(name: str, value: Any) -> str:
    if inspect.isclass(value):
        kind = "autoexception" if issubclass(value, Exception) else "autoclass"
        # What comes from a base that has no place of its own on the page is described here.
        elsewhere = [base.__name__ for base in value.__mro__[1:] if base in _PUBLIC.values() or not _is_ours(base)]
        options = [":members:", ":show-inheritance:", f":inherited-members: {', '.join(elsewhere)}"]
        options += [":undoc-members:"] if issubclass(value, enum.Enum) else []
        options += [f":exclude-members: {', '.join(_NOT_FOR_USERS)}"] if issubclass(value, Connection) else []
    elif inspect.isfunction(value):
        kind, options = "autofunction", []
    elif hasattr(value, "__origin__") or isinstance(value, UnionType):
        kind, options = "autodata", [":no-value:"]
    else:
        kind, options = "py:data", [f":type: {type(value).__name__}", f":value: {value!r}"]
    return "\n".join([f".. {kind}:: chargewire.{name}", *(f"   {option}" for option in options)])


def _shorten_types(_: Sphinx, __: str, ___: str, ____: Any, _____: Any, lines: list[str]) -> None:
    """Leave the modules out of the types of attributes, as autodoc does with those of arguments."""
    for index, line in enumerate(lines):
        if line.startswith(":vartype "):
            lines[index] = re.sub(r"\b(?:[a-z_]\w*\.)+\w+", r"~\g<0>", line)


def _evaluate_annotations(names: Iterable[Any]) -> None:
    """Replace annotations that are text, which autodoc does not for those of constructors."""
    for value in names:
        function = value.__init__ if inspect.isclass(value) else inspect.unwrap(value)
        if inspect.isfunction(function):
            # Some modules import a name for type checkers only.
            known = _PUBLIC | vars(messages) | vars(protocol) | function.__globals__
            function.__annotations__ = get_type_hints(function, localns=known)


def _resolve(app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.Element) -> nodes.Node | None:
    """Find what is public under the name by which it is exported; what else there is stays text."""
    if node.get("refdomain") != "py":
        return None
    for target in _candidates(node):
        way = _find(target)
        for value, rest in way:
            for name in (name for name, public in _PUBLIC.items() if public is value):
                exported = ".".join(["chargewire", name, *rest])
                domain = env.domains.python_domain
                return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", exported, node, content)
        if way:
            return content
    return None


def _candidates(node: pending_xref) -> Iterator[str]:
    """Yield what a reference may mean: a full name, or one inside the module or class that it stands in."""
    target: str = node["reftarget"]
    yield target
    if module := node.get("py:module"):
        yield f"{module}.{target}"
        if scope := node.get("py:class"):
            yield f"{module}.{scope}.{target}"


def _find(target: str) -> list[tuple[Any, list[str]]]:
    """Return the objects on the way to ``target``, each with what remains of the name; nothing if it does not exist."""
    parts = target.split(".")
    for length in range(len(parts), -1, -1):
        try:
            value: Any = importlib.import_module(".".join(parts[:length]) or "builtins")
        except ImportError:
            continue
        way: list[tuple[Any, list[str]]] = [(value, parts[length:])]
        for index, part in enumerate(parts[length:], start=length + 1):
            if not hasattr(value, part):  # an attribute of instances is described with its class
                is_described = re.search(rf"^ +{part}: ", inspect.getdoc(value) or "", re.MULTILINE)
                return [*way[:-1], (value, [])] if is_described else []
            value = getattr(value, part)
            way.append((value, parts[index:]))
        return way
    return []


def _home(value: Any) -> str:
    return getattr(value, "__module__", "")


def _is_ours(value: Any) -> bool:
    return _home(value).partition(".")[0] == "chargewire"

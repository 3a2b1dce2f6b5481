"""Tells whether the generated files are what the generator would write now; prints a diff and exits 1 when not.

python tools/check_generated.py
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path

import generate
import reference


def main() -> int:
    """Return the exit status."""
    differences = list(_differences(generate.render() | reference.render()))
    sys.stdout.writelines(differences)
    if differences:
        print("Generated files are out of date: make generate")
    return 1 if differences else 0


def _differences(rendered: dict[Path, str]) -> Iterator[str]:
    packages = {path.parent for path in rendered}
    present = {path for package in packages for path in package.glob("*.py")} | set(filter(Path.exists, rendered))
    for path in sorted(rendered.keys() | present):
        name = str(path.relative_to(generate.ROOT))
        current = path.read_text(encoding="utf-8") if path in present else ""
        wanted = rendered.get(path, "")
        yield from unified_diff(current.splitlines(keepends=True), wanted.splitlines(keepends=True), name, "generated")


if __name__ == "__main__":
    sys.exit(main())

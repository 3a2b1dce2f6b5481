"""Both type checkers accept the right uses and report the wrong ones, each on its line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
USES = ("right_use.py", "wrong_use.py")
FINDING = re.compile(r"(?P<file>[^:]+\.py):(?P<line>\d+): error: ")

Lines = set[tuple[str, int]]


@pytest.mark.timeout(300)
def test_mypy_reports_the_mistakes_and_nothing_else() -> None:
    command = [sys.executable, "-m", "mypy", "--strict", *(str(HERE / use) for use in USES)]
    output = subprocess.run(command, cwd=HERE.parents[1], capture_output=True, text=True, check=False).stdout
    found = {(Path(match["file"]).name, int(match["line"])) for match in FINDING.finditer(output)}
    assert {place for place in found if place[0] in USES} == marked_lines(), output


@pytest.mark.timeout(300)
def test_pyright_reports_the_mistakes_and_nothing_else() -> None:
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable, "-p", str(HERE)]
    output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    findings = [each for each in json.loads(output)["generalDiagnostics"] if each["severity"] == "error"]
    found = {(Path(each["file"]).name, each["range"]["start"]["line"] + 1) for each in findings}
    assert found == marked_lines(), output


def marked_lines() -> Lines:
    return {
        (use, number)
        for use in USES
        for number, line in enumerate((HERE / use).read_text(encoding="utf-8").splitlines(), start=1)
        if line.endswith("# E")
    }

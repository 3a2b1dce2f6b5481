"""A management system for a whole module of acceptance tests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from support.processes import Csms


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say aloud what was skipped because something is missing here: a quiet run must not look like a whole one."""
    for report in terminalreporter.getreports("skipped"):
        if isinstance(report.longrepr, tuple) and "NOT RUN" in report.longrepr[2]:
            terminalreporter.write_line(f"!!! {report.nodeid}: {report.longrepr[2]}", red=True, bold=True)


@pytest.fixture(scope="module")
def csms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Csms]:
    """``chargewire serve`` as a process. At the end it still runs and has printed no traceback."""
    csms = Csms(tmp_path_factory.mktemp("csms"))
    asyncio.run(csms.start())
    assert csms.command is not None
    try:
        yield csms
        assert csms.command.is_running, csms.command.output
        assert "Traceback" not in csms.command.output, csms.command.output
    finally:
        csms.command.end()

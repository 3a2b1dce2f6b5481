"""A management system for a whole module of acceptance tests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from support.processes import Csms


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

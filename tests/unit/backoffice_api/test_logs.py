"""The log, in a process of its own: it is set up for a whole process."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

PROGRAM = """
import io, logging, sys, structlog
from chargewire.backoffice import logs

class Output(io.StringIO):
    def isatty(self):
        return {is_terminal}

output = Output()
logs.configure(output, level="INFO")
structlog.stdlib.get_logger("chargewire.backoffice").info("started", http="127.0.0.1:8080")
logging.getLogger("chargewire").info("%s: disconnected, %d", "CP001", 1000)
logging.getLogger("uvicorn.error").info("chatter")

def fail(password):
    raise LookupError("no such thing")

try:
    fail("hidden" + "-password")
except LookupError:
    structlog.stdlib.get_logger("chargewire.backoffice").exception("failed")
sys.stdout.write(output.getvalue())
"""


def logged(*, is_terminal: bool) -> str:
    program = PROGRAM.replace("{is_terminal}", str(is_terminal))
    done = subprocess.run((sys.executable, "-c", program), capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


def test_a_machine_reads_a_json_object_a_line() -> None:
    started, disconnected, failed = [json.loads(line) for line in logged(is_terminal=False).splitlines()]
    assert (started["event"], started["level"], started["http"]) == ("started", "info", "127.0.0.1:8080")
    assert started["timestamp"].endswith("Z")
    assert (disconnected["event"], disconnected["logger"]) == ("CP001: disconnected, 1000", "chargewire")
    assert "LookupError: no such thing" in failed["exception"]


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_traceback_shows_no_values(*, is_terminal: bool) -> None:
    text = logged(is_terminal=is_terminal)
    assert "LookupError" in text
    assert "hidden-password" not in text


def test_a_person_reads_one_line_each() -> None:
    text = logged(is_terminal=True)
    assert "CP001: disconnected, 1000" in text
    assert "chatter" not in text

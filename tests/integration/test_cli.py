"""The command line: what it says, and how it refuses."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

import pytest


def chargewire(*arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, "-c", "from chargewire.cli import main; main()", *arguments),
        env=os.environ | {"COLUMNS": "200"} | dict(environment or {}),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def refusal(*arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """Run a command that must be refused; return what it says about it."""
    done = chargewire(*arguments, environment=environment)
    assert done.returncode != 0, done.stdout
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return done.stderr


def test_help_names_every_command() -> None:
    done = chargewire("--help")
    assert done.returncode == 0
    for command in ("serve", "demo", "simulate", "version"):
        assert command in done.stdout


def test_help_imports_neither_the_web_framework_nor_a_vocabulary() -> None:
    program = """
import sys
from chargewire.cli import build_app
build_app()(["--help"], result_action="return_value")
print(sorted({"litestar", "sqlalchemy", "uvicorn", "chargewire.v201"} & set(sys.modules)))
"""
    done = subprocess.run((sys.executable, "-c", program), capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", ["serve", "demo", "simulate"])
def test_each_command_explains_its_options(command: str) -> None:
    done = chargewire(command, "--help")
    assert done.returncode == 0
    options = {
        "serve": ["--http", "--ocpp", "--database", "--unknown-stations", "--unknown-tokens", "--insecure-public"],
        "demo": ["--http", "--ocpp", "--database", "--headless"],
        "simulate": ["--identity", "--ocpp-version", "--count", "--password", "--auto"],
    }
    for option in options[command]:
        assert option in done.stdout


def test_version_tells_what_is_spoken() -> None:
    done = chargewire("version")
    assert done.stdout.startswith("chargewire 0.")
    assert "OCPP 1.6, 2.0.1 and 2.1" in done.stdout


def test_a_command_nobody_knows_is_refused() -> None:
    assert "serv" in refusal("serv")


def test_an_option_nobody_knows_is_refused() -> None:
    assert "--colour" in refusal("serve", "--colour", "red")


def test_a_choice_nobody_offers_is_refused() -> None:
    said = refusal("serve", "--unknown-stations", "all")
    assert "--unknown-stations" in said
    assert "pending" in said


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_wrong_address_is_named_in_one_line(command: str) -> None:
    assert refusal(command, "--ocpp", "9000") == "chargewire: --ocpp: expected HOST:PORT, got '9000'\n"


def test_a_wrong_setting_of_the_environment_is_named_in_one_line() -> None:
    said = refusal("serve", environment={"CHARGEWIRE_OCPP": "nowhere"})
    assert said == "chargewire: CHARGEWIRE_OCPP: expected HOST:PORT, got 'nowhere'\n"


def test_a_misspelt_setting_of_the_environment_is_refused() -> None:
    said = refusal("serve", environment={"CHARGEWIRE_DATABSE": "sqlite:///x.db"})
    assert said.startswith("chargewire: CHARGEWIRE_DATABSE: is not a setting; there is ")
    assert said.count("\n") == 1


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_public_address_is_refused_unless_it_is_meant(command: str) -> None:
    said = refusal(command, "--ocpp", "0.0.0.0:0")
    assert said.startswith("chargewire: ocpp 0.0.0.0:0: can be reached from other machines")
    assert "--insecure-public" in said

"""Who is measured, and how each is started. Knows nothing about loads or figures."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
NODE_HOME = ROOT / "build" / "bench" / "node"  # outside git; kept between runs
NODE_PACKAGE = "ocpp-ws-io"
NODE_PACKAGE_VERSION = "2.3.2"
NODE_LOGGER = "voltlog-io"  # a dependency of the package that the npm registry has ceased to serve
START_TIMEOUT = 30
OPEN_FILES = 65_536


class NotTakingPartError(Exception):
    """A contestant is not here: what is missing."""


@dataclass(frozen=True)
class Contestant:
    """A server under measurement."""

    name: str
    command: tuple[str, ...]
    is_echo: bool = False
    folder: Path = ROOT
    remark: str = ""


@dataclass(frozen=True)
class Listening:
    """A contestant that answers."""

    pid: int
    port: int


OURS = Contestant("chargewire", (sys.executable, "-m", "tests.bench.servers.chargewire_server"))
ECHO = Contestant("picows echo", (sys.executable, "-m", "tests.bench.servers.echo_server"), is_echo=True)
OCPP = Contestant("ocpp + websockets", (sys.executable, "-m", "tests.bench.servers.ocpp_server"))
OCPP_WS_IO = NODE_PACKAGE


def node_contestant() -> Contestant:
    """Install the npm package where it is not yet, with a silent stand-in for its logger if that cannot be had.

    Raises:
        NotTakingPartError: Node, npm or the package are not to be had here.
    """
    node = shutil.which("node")
    npm = shutil.which("npm")
    if node is None or npm is None:
        raise NotTakingPartError("Node.js and npm are not installed")
    remark_file = NODE_HOME / "remark.txt"
    if not remark_file.exists():
        shutil.rmtree(NODE_HOME, ignore_errors=True)
        remark_file.write_text(_install(npm), encoding="utf-8")
    script = Path(__file__).with_name("servers") / "ocpp_ws_io_server.mjs"
    remark = remark_file.read_text(encoding="utf-8")
    return Contestant(OCPP_WS_IO, (node, str(script)), folder=NODE_HOME, remark=remark)


@contextmanager
def running(contestant: Contestant) -> Iterator[Listening]:
    """Start the server, hand out its port, and end it afterwards.

    Raises:
        NotTakingPartError: it ended, or said nothing, instead of listening.
    """
    with subprocess.Popen(
        contestant.command,
        cwd=contestant.folder,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Listening(process.pid, _port(process, contestant.name))
        finally:
            process.kill()


def raise_open_files() -> int:
    """Lift the limit of open files as far as this process may; children inherit it. Returns the limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def _port(process: subprocess.Popen[str], name: str) -> int:
    assert process.stdout is not None
    assert process.stderr is not None
    line = process.stdout.readline()
    word, _, port = line.partition(" ")
    if word == "READY":
        return int(port)
    process.kill()
    last_words = process.stderr.read().strip().splitlines()[-1:] or ["no message"]
    raise NotTakingPartError(f"{name} did not start: {line.strip() or last_words[0]}")


def _install(npm: str) -> str:
    """Install the package and return what has to be said about it."""
    NODE_HOME.mkdir(parents=True)
    manifest = {"private": True, "dependencies": {NODE_PACKAGE: NODE_PACKAGE_VERSION}}
    if _npm_installs(npm, manifest):
        return ""
    logger = NODE_HOME / NODE_LOGGER
    logger.mkdir()
    (logger / "package.json").write_text(json.dumps({"name": NODE_LOGGER, "version": "1.0.8", "main": "index.js"}))
    (logger / "index.js").write_text("module.exports = {};\n")
    if _npm_installs(npm, manifest | {"overrides": {NODE_LOGGER: f"file:./{NODE_LOGGER}"}}):
        return f"its dependency {NODE_LOGGER} could not be installed; an empty stand-in took its place, logging is off"
    shutil.rmtree(NODE_HOME)
    raise NotTakingPartError(f"npm could not install {NODE_PACKAGE} {NODE_PACKAGE_VERSION}")


def _npm_installs(npm: str, manifest: dict[str, object]) -> bool:
    (NODE_HOME / "package.json").write_text(json.dumps(manifest))
    command = (npm, "install", "--no-audit", "--no-fund", "--no-package-lock")
    try:
        finished = subprocess.run(command, cwd=NODE_HOME, capture_output=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        return False
    return finished.returncode == 0

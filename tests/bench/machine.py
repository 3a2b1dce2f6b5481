"""What the figures were measured on, for the head of the report."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("chargewire", "picows", "uvloop", "msgspec", "ocpp", "websockets")


def describe() -> dict[str, str]:
    """Name processor, memory, system and versions."""
    return {
        "processor": f"{_from_proc('cpuinfo', 'model name')}, {os.cpu_count()} cores",
        "memory": f"{int(_from_proc('meminfo', 'MemTotal').split()[0]) / 2**20:.0f} GiB",
        "system": f"{platform.system()} {platform.release().split('-')[0]}, {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": ", ".join(f"{package} {version(package)}" for package in PACKAGES),
        "node": _node(),
    }


def load_average() -> str:
    """Tell how busy the machine is, since a busy one measures itself."""
    return " ".join(f"{load:.2f}" for load in os.getloadavg())


def _from_proc(file: str, key: str) -> str:
    for line in Path("/proc", file).read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return "unknown"


def _node() -> str:
    node = shutil.which("node")
    if node is None:
        return "not installed"
    return subprocess.run((node, "--version"), capture_output=True, text=True, check=True).stdout.strip()

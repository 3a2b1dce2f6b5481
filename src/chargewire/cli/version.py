"""`chargewire version`."""

from __future__ import annotations

import platform
from importlib import metadata


def version() -> None:
    """Print the versions of chargewire and of OCPP."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    print(f"chargewire {metadata.version('chargewire')}, OCPP 1.6, 2.0.1 and 2.1, {python}")  # noqa: T201

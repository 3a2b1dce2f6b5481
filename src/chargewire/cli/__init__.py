"""The command line. Every command is a module of its own, imported when it is used."""

from __future__ import annotations

import sys
from importlib import metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cyclopts import App


def main() -> None:
    """Run the command that the arguments name; the process ends with its exit code."""
    try:
        app = build_app()
    except ModuleNotFoundError as exc:
        if exc.name != "cyclopts":
            raise
        sys.exit("chargewire: the command line comes with an extra: pip install 'chargewire[csms]'")
    sys.exit(app())


def build_app() -> App:
    """Name the commands, without importing them."""
    from cyclopts import App

    app = App(
        name="chargewire",
        help="OCPP over WebSockets: management system, live portal and charging station simulator.",
        version=lambda: metadata.version("chargewire"),
    )
    app.command("chargewire.cli.serve:serve", name="serve", help="Run the management system with its portal.")
    app.command("chargewire.cli.demo:demo", name="demo", help="Run the management system with two simulated stations.")
    app.command("chargewire.cli.simulate:simulate", name="simulate", help="Run simulated charging stations.")
    app.command("chargewire.cli.certs:certs", name="certs", help="Make certificates for security profiles 2 and 3.")
    app.command("chargewire.cli.version:version", name="version", help="Print the versions of chargewire and of OCPP.")
    return app

"""`chargewire serve`: the management system in the foreground, until it is told to stop."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

if TYPE_CHECKING:
    from chargewire.backoffice.app import Backoffice
    from chargewire.backoffice.config import Config


def serve(
    *,
    http: str | None = None,
    ocpp: str | None = None,
    database: str | None = None,
    unknown_stations: Literal["auto", "pending", "refuse"] | None = None,
    unknown_tokens: Literal["accept", "refuse"] | None = None,
    insecure_public: Annotated[bool | None, Parameter(negative="")] = None,
) -> int:
    """Run the management system with its portal.

    Every option can be given in the environment, too: CHARGEWIRE_OCPP for --ocpp, and so on. The token that guards
    portal and API comes from CHARGEWIRE_ADMIN_TOKEN only; without it, one is generated at the first start, printed once
    and kept hashed.

    Args:
        http: HOST:PORT of the portal and the API (127.0.0.1:8080 unless given).
        ocpp: HOST:PORT that stations connect to (127.0.0.1:9000 unless given).
        database: URL of the database (sqlite:///chargewire.db unless given).
        unknown_stations: Admit stations that are not on record (auto), keep them waiting for an operator (pending, the
            default), or turn them away (refuse).
        unknown_tokens: Accept id tokens that are not on record, or refuse them (the default).
        insecure_public: Listen on addresses that other machines can reach, although there is no TLS.
    """
    from chargewire import run
    from chargewire.backoffice import logs
    from chargewire.backoffice.app import StartError
    from chargewire.backoffice.config import ConfigError, load

    arguments = {
        "http": http,
        "ocpp": ocpp,
        "database": database,
        "unknown_stations": unknown_stations,
        "unknown_tokens": unknown_tokens,
        "insecure_public": insecure_public,
    }
    try:
        config = load(arguments, os.environ)
        logs.configure()
        run(_serve(config))
    except (ConfigError, StartError) as exc:
        print(f"chargewire: {exc}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


async def _serve(config: Config) -> None:
    from chargewire.backoffice.app import Backoffice, stop_signals

    with stop_signals() as stop:
        async with Backoffice(config) as backoffice:
            announce(backoffice)
            await stop.wait()


def announce(backoffice: Backoffice) -> None:
    """Print where everything is, and the administrator's token if there is a new one."""
    from rich.console import Console

    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(f"Portal and API:  http://{backoffice.http}/")
    console.print(f"Stations:        ws://{backoffice.ocpp}/<identity>")
    if backoffice.new_token is not None:
        console.print(f"Admin token:     {backoffice.new_token}")
        console.print("                 Keep it: it is not shown again. CHARGEWIRE_ADMIN_TOKEN replaces it.")
    sys.stdout.flush()

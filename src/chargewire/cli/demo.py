"""`chargewire demo`: the management system and two simulated stations in one process, ready to be clicked."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

if TYPE_CHECKING:
    from chargewire.backoffice.app import Backoffice
    from chargewire.backoffice.config import Address, Config
    from chargewire.backoffice.store import Store
    from chargewire.simulator import Fleet

TIME_SCALE = 20.0  # a battery that takes an hour fills in three minutes
SAMPLE_INTERVAL = 2  # seconds between two points of a curve
TOKENS = {"CHARGEWIRE": "Accepted", "LOST-CARD": "Blocked"}  # the first is what the portal proposes


def demo(
    *,
    http: str | None = None,
    ocpp: str | None = None,
    database: str | None = None,
    headless: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Run the management system with two simulated stations.

    CP001 speaks OCPP 1.6, CP002 OCPP 2.0.1. Their batteries fill twenty times as fast as real ones. Everybody may
    charge, and every other station that connects is admitted. Stop it with Ctrl-C.

    Args:
        http: HOST:PORT of the portal and the API (127.0.0.1:8080 unless given).
        ocpp: HOST:PORT that stations connect to (127.0.0.1:9000 unless given).
        database: URL of a database to keep; without it everything is forgotten at the end.
        headless: Do not open the portal in a browser.
    """
    from chargewire import run
    from chargewire.backoffice import logs
    from chargewire.backoffice.app import StartError
    from chargewire.backoffice.config import ConfigError

    try:
        with tempfile.TemporaryDirectory(prefix="chargewire-") as folder:
            config = _configure({"http": http, "ocpp": ocpp, "database": database}, Path(folder))
            logs.configure(level="WARNING")
            run(_demo(config, opens_browser=not headless and _has_browser()))
    except (ConfigError, StartError) as exc:
        print(f"chargewire: {exc}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


def _configure(arguments: Mapping[str, str | None], folder: Path) -> Config:
    from chargewire.backoffice.api.auth import generate_token
    from chargewire.backoffice.config import load

    environment = {
        "CHARGEWIRE_DATABASE": f"sqlite:///{folder / 'demo.db'}",
        "CHARGEWIRE_ADMIN_TOKEN": generate_token(),
        **os.environ,
    }
    return load({**arguments, "unknown_stations": "auto", "unknown_tokens": "accept"}, environment)


async def _demo(config: Config, *, opens_browser: bool) -> None:
    import asyncio
    import webbrowser

    from chargewire.backoffice.app import Backoffice, stop_signals

    with stop_signals() as stop:
        async with Backoffice(config) as backoffice, asyncio.TaskGroup() as tasks:
            await _seed(backoffice.store)
            fleet = tasks.create_task(_fleet(backoffice.ocpp).run())
            url = f"http://{backoffice.http}/#token={config.admin_token}"
            _announce(backoffice, url)
            if opens_browser:
                await asyncio.to_thread(webbrowser.open, url)
            await stop.wait()
            fleet.cancel()


def _fleet(ocpp: Address) -> Fleet:
    from chargewire import v16, v201
    from chargewire.simulator import AC_22_KW, DC_50_KW, Fleet, Settings, SimulatedStation, StationConfig

    settings = Settings(sample_interval=SAMPLE_INTERVAL)
    configs = [
        StationConfig(
            identity="CP001", version=v16, supply=AC_22_KW, model="Wallbox", settings=settings, time_scale=TIME_SCALE
        ),
        StationConfig(
            identity="CP002", version=v201, supply=DC_50_KW, model="Tower", settings=settings, time_scale=TIME_SCALE
        ),
    ]
    return Fleet([SimulatedStation(config, f"ws://{ocpp}/ocpp") for config in configs])


async def _seed(store: Store) -> None:
    """Put two tokens on record, unless they are."""
    from chargewire.backoffice.domain import IdToken, TokenStatus

    for token, status in TOKENS.items():
        if await store.id_tokens.load(token) is None:
            await store.id_tokens.save(IdToken(token, status=TokenStatus(status), note="of the demo"))


def _announce(backoffice: Backoffice, url: str) -> None:
    from rich.console import Console

    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(f"Portal:    {url}")
    console.print(f"Stations:  ws://{backoffice.ocpp}/<identity>, with CP001 (OCPP 1.6) and CP002 (OCPP 2.0.1)")
    console.print("Stop with Ctrl-C.")
    sys.stdout.flush()


def _has_browser() -> bool:
    """Tell whether somebody sits there: without a display, only text browsers would take over the terminal."""
    is_graphical = sys.platform in ("darwin", "win32") or bool({"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys())
    return sys.stdout.isatty() and is_graphical

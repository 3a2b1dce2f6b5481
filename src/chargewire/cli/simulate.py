"""`chargewire simulate`: charging stations without hardware."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlsplit

from cyclopts import Parameter

if TYPE_CHECKING:
    from chargewire.simulator import Fleet, FleetStatus, Supply

OcppVersion = Literal["1.6", "2.0.1"]
SupplyName = Literal["ac7", "ac22", "dc50"]

REFRESH = 0.5  # seconds between two looks at the fleet
QUIET_REFRESH = 10.0  # the same where the output is no terminal
VISITS_EVERY = 60.0  # seconds, on average, that a connector stays free with --auto


def simulate(
    url: str,
    /,
    *,
    identity: str = "CP001",
    ocpp_version: OcppVersion = "1.6",
    count: int = 1,
    connectors: int = 2,
    supply: SupplyName | None = None,
    password: str | None = None,
    auto: Annotated[bool, Parameter(negative="")] = False,
    time_scale: float = 1.0,
    per_second: float = 50.0,
    seed: int | None = None,
) -> int:
    """Run simulated charging stations.

    Without --auto somebody plugs in when the CSMS starts a transaction, and drives away after its end.

    Args:
        url: Where the CSMS listens, such as ws://127.0.0.1:9000; the identity is appended.
        identity: Of the station; of several the first, the others are numbered from it.
        ocpp_version: What they speak.
        count: How many stations.
        connectors: How many connectors each of them has.
        supply: What they deliver: 7 or 22 kW of alternating or 50 kW of direct current. Several stations are mixed
            unless this is given, one delivers 22 kW.
        password: For Basic authentication.
        auto: Let drivers come and go by themselves.
        time_scale: How many seconds the batteries live in one second: 60 fills them in minutes.
        per_second: How many stations are switched on in a second.
        seed: Makes drivers and meters repeatable; without it the identity does.
    """
    from chargewire import run, v16, v201
    from chargewire.simulator import Fleet, Habits, SimulatedStation, StationConfig, identities

    try:
        _check_url(url)
        stations = [
            SimulatedStation(
                StationConfig(
                    identity=name,
                    version=v16 if ocpp_version == "1.6" else v201,
                    password=None if password is None else password.encode(),
                    connectors=connectors,
                    supply=_supply(supply, 0 if count == 1 else number),
                    habits=Habits(visits_every=VISITS_EVERY if auto else None),
                    seed=None if seed is None else f"{seed}/{name}",
                    time_scale=time_scale,
                ),
                url,
            )
            for number, name in enumerate(identities(identity, count))
        ]
        fleet = Fleet(stations, per_second=per_second)
    except ValueError as exc:
        print(f"chargewire: {exc}", file=sys.stderr)  # noqa: T201
        return 2
    logging.getLogger("chargewire").setLevel(logging.WARNING if count == 1 else logging.ERROR)
    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        run(_run(fleet))
    return 0


def describe(status: FleetStatus, *, rate: float) -> str:
    """Put a fleet into one line.

    Args:
        status: How it is doing.
        rate: Messages it sent in a second.
    """
    parts = [
        f"{status.online}/{status.stations} online",
        f"{status.accepted} accepted",
        f"{status.charging} charging {status.power_w / 1000:.1f} kW",
        f"{status.transactions} transactions",
        f"{rate:.1f} messages/s",
    ]
    if status.queued:
        parts.append(f"{status.queued} queued")
    if status.problem is not None:
        parts.append(status.problem)
    return " · ".join(parts)


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        raise ValueError(f"URL: expected ws://HOST:PORT or wss://HOST:PORT, got {url!r}")


def _supply(name: SupplyName | None, number: int) -> Supply:
    from chargewire.simulator import AC_7_KW, AC_22_KW, DC_50_KW

    supplies = {"ac22": AC_22_KW, "dc50": DC_50_KW, "ac7": AC_7_KW}
    return supplies[name] if name is not None else list(supplies.values())[number % len(supplies)]


async def _run(fleet: Fleet) -> None:
    """Run until the first signal, showing a status line."""
    task = asyncio.current_task()
    if task is not None:
        with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C cancels there as everywhere
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with asyncio.TaskGroup() as group:
        group.create_task(fleet.run())
        group.create_task(_show(fleet))


async def _show(fleet: Fleet) -> None:
    from rich.console import Console

    console = Console(highlight=False, markup=False)
    refresh = REFRESH if console.is_terminal else QUIET_REFRESH
    loop = asyncio.get_running_loop()
    sent, looked_at = 0, loop.time()
    with console.status("starting") as line:
        while True:
            await asyncio.sleep(refresh)
            status, now = fleet.status(), loop.time()
            text = describe(status, rate=(status.messages - sent) / (now - looked_at))
            sent, looked_at = status.messages, now
            if console.is_terminal:
                line.update(text)
            else:
                console.print(text, soft_wrap=True)

"""What the tests of simulated stations share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from chargewire import Backoff
from chargewire.simulator import Settings, SimulatedStation, StationConfig
from support.scripted_csms import ScriptedCsms

AT_ONCE = Backoff(wait_minimum=0.05, random_range=0, repeat_times=0)


def config(version: Any, **changes: Any) -> StationConfig:
    """A station that nobody visits and that wastes no time."""
    fast: dict[str, Any] = {
        "identity": "CP001",
        "habits": None,
        "handshake": 0.01,
        "boot_retry": 0.05,
        "reboot": 0.05,
        "time_scale": 60.0,
    }
    settings = changes.pop("settings", {})
    return StationConfig(version=version, settings=Settings(**settings), **(fast | changes))


@asynccontextmanager
async def running(
    csms: ScriptedCsms, config: StationConfig, *, backoff: Backoff = AT_ONCE
) -> AsyncIterator[SimulatedStation]:
    station = SimulatedStation(config, csms.url, backoff=backoff)
    life = asyncio.create_task(station.run())
    try:
        yield station
    finally:
        life.cancel()
        await asyncio.gather(life, return_exceptions=True)
    assert life.cancelled(), life.exception()


async def until(condition: Any, *, within: float = 5.0) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)

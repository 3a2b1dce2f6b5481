"""Fleets of simulated stations, and the command that runs them."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from support.processes import free_port
from support.scripted_csms import ScriptedCsms, boot16
from support.simulated import config, until

from chargewire import v16, v201
from chargewire.cli.simulate import describe, simulate
from chargewire.simulator import Fleet, FleetStatus, SimulatedStation


@pytest_asyncio.fixture
async def csms() -> AsyncIterator[ScriptedCsms]:
    async with ScriptedCsms().serve() as csms:
        yield csms


async def test_a_fleet_of_both_versions_lives_in_one_process(csms: ScriptedCsms) -> None:
    stations = [SimulatedStation(config(version, identity=f"CP{number}"), csms.url)
                for number, version in enumerate([v16, v201] * 10)]  # fmt: skip
    fleet = Fleet(stations, per_second=1000)
    life = asyncio.create_task(fleet.run())
    await until(lambda: fleet.status().accepted == 20)
    stations[0].plug_in(1)
    stations[0].swipe("04A2", 1)
    await until(lambda: fleet.status().power_w > 0)
    status = fleet.status()
    assert (status.stations, status.online, status.charging, status.transactions) == (20, 20, 1, 1)
    assert status.messages >= 20 * 3
    assert status.problem is None
    life.cancel()
    await asyncio.gather(life, return_exceptions=True)
    assert fleet.status().online == 0


async def test_a_fleet_tells_what_keeps_it_from_working(csms: ScriptedCsms) -> None:
    csms.answer(v16.BootNotification, boot16("Pending"))
    waiting = SimulatedStation(config(v16), csms.url)
    lost = SimulatedStation(config(v16, identity="CP002"), f"ws://127.0.0.1:{free_port()}")
    for station, problem in ((waiting, "CP001: registration Pending"), (lost, "CP002: ")):
        fleet = Fleet([station])
        life = asyncio.create_task(fleet.run())
        await until(lambda fleet=fleet: fleet.status().problem is not None)  # type: ignore[misc]
        assert (fleet.status().problem or "").startswith(problem)
        life.cancel()
        await asyncio.gather(life, return_exceptions=True)


async def test_the_command_runs_until_it_is_told_to_stop(csms: ScriptedCsms) -> None:
    for stop in (signal.SIGINT, signal.SIGTERM):
        csms.received.clear()
        command = [
            "-c",
            "from chargewire.cli import main; main()",
            "simulate",
            csms.url,
            "--identity",
            "X1",
            "--count",
            "3",
        ]
        process = await asyncio.create_subprocess_exec(
            sys.executable, *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        await csms.wait_for(v16.BootNotification, number=3, within=30)
        process.send_signal(stop)
        _, errors = await asyncio.wait_for(process.communicate(), 15)
        assert (process.returncode, errors) == (0, b"")
        serials = {boot.charge_point_serial_number for boot in csms.of(v16.BootNotification)}
        assert serials == {"SN-X1", "SN-X2", "SN-X3"}


@pytest.mark.parametrize(
    ("url", "options", "complaint"),
    [
        ("http://127.0.0.1:9000", {}, "URL: expected ws://"),
        ("ws://", {}, "URL: expected ws://"),
        ("ws://127.0.0.1:9000", {"count": 0}, "count: expected at least 1"),
        ("ws://127.0.0.1:9000", {"connectors": 0}, "connectors: expected at least 1"),
        ("ws://127.0.0.1:9000", {"time_scale": -1.0}, "time_scale: expected more than 0"),
        ("ws://127.0.0.1:9000", {"per_second": 0.0}, "per_second: expected more than 0"),
        ("ws://127.0.0.1:9000", {"identity": "a:b", "password": "x"}, "identity: must not hold a colon"),
    ],
)
def test_wrong_input_is_named_and_starts_nothing(
    capsys: pytest.CaptureFixture[str], url: str, options: dict[str, object], complaint: str
) -> None:
    assert simulate(url, **options) == 2  # type: ignore[arg-type]
    assert capsys.readouterr().err.startswith(f"chargewire: {complaint}")


def test_the_status_line_says_what_matters() -> None:
    status = FleetStatus(
        stations=3, online=2, accepted=1, charging=1, power_w=11_040, transactions=5, messages=99, queued=4,
        problem="CP003: HTTP 404: unknown station",
    )  # fmt: skip
    assert describe(status, rate=1.25) == (
        "2/3 online · 1 accepted · 1 charging 11.0 kW · 5 transactions · 1.2 messages/s · 4 queued"
        " · CP003: HTTP 404: unknown station"
    )

"""`chargewire serve` and `chargewire demo` as processes: start, token, stop, ports in use."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import socket
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from support.library import Recorder
from support.processes import PATIENCE, Command, ready, until

from chargewire import ChargePoint, Disconnected, v16
from chargewire.backoffice.api.auth import hash_token

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="signals of POSIX")

LOOPBACK = "127.0.0.1:0"


@pytest.fixture
def taken() -> Iterator[str]:
    """An address that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield "{}:{}".format(*listener.getsockname())


@asynccontextmanager
async def process(folder: Path, *arguments: str, **environment: str) -> AsyncIterator[Command]:
    command = Command(folder / "log", *arguments, environment=environment)
    try:
        yield command
    finally:
        command.end()


def serve(folder: Path, *arguments: str) -> tuple[str, ...]:
    return (
        "serve",
        "--http",
        LOOPBACK,
        "--ocpp",
        LOOPBACK,
        "--database",
        f"sqlite:///{folder / 'csms.db'}",
        *arguments,
    )


async def printed(command: Command, pattern: str) -> str:
    """Wait until the process has printed something; return what the pattern captures."""

    async def look() -> re.Match[str] | None:
        assert command.is_running, command.output
        return re.search(pattern, command.output)

    return (await until(look))[1]


async def portal_of(command: Command) -> str:
    url = await printed(command, r"Portal and API:\s+(http://[^/\s]+)/")
    await ready(command, f"{url}/health")
    return url


async def stations_status(url: str, token: str) -> int:
    async with httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {token}"}) as client:
        return (await client.get("/api/v1/stations")).status_code


async def test_the_token_is_generated_once_printed_once_and_kept_hashed(tmp_path: Path) -> None:
    async with process(tmp_path, *serve(tmp_path)) as first:
        token = await printed(first, r"Admin token:\s+(\S+)")
        assert await stations_status(await portal_of(first), token) == 200
        assert first.interrupt() == 0
        assert first.output.count(token) == 1
    with sqlite3.connect(tmp_path / "csms.db") as database:
        dump = "\n".join(database.iterdump())
    database.close()
    assert token not in dump
    assert hash_token(token) in dump
    async with process(tmp_path, *serve(tmp_path)) as second:
        (tmp_path / "log").write_text("")
        url = await portal_of(second)
        assert await stations_status(url, token) == 200
        assert await stations_status(url, "another") == 401
        assert "Admin token" not in second.output


async def test_the_token_of_the_environment_is_neither_printed_nor_kept(tmp_path: Path) -> None:
    token = "the-token-of-the-environment"
    async with process(tmp_path, *serve(tmp_path), CHARGEWIRE_ADMIN_TOKEN=token) as command:
        assert await stations_status(await portal_of(command), token) == 200
        command.interrupt()
        assert token not in command.output
        assert "Admin token" not in command.output
    with sqlite3.connect(tmp_path / "csms.db") as database:
        dump = "\n".join(database.iterdump())
    database.close()
    assert token not in dump
    assert hash_token(token) not in dump


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_it_in_order_and_in_time(tmp_path: Path, number: signal.Signals) -> None:
    """Stations are told 1012, a browser that is being answered does not hold it up, and the exit code is 0."""
    async with process(tmp_path, *serve(tmp_path, "--unknown-stations", "auto")) as command:
        url = await portal_of(command)
        stations = await printed(command, r"Stations:\s+(ws://[^/\s]+)/")
        async with ChargePoint(stations, v16, identity="CP001") as charge_point, httpx.AsyncClient() as client:
            told = Recorder(charge_point, Disconnected)
            await charge_point.call(v16.BootNotification(charge_point_vendor="Acme", charge_point_model="One"))
            polling = f"{url}/socket.io/?EIO=4&transport=polling"
            session = json.loads((await client.get(polling)).text[1:])
            waiting = asyncio.create_task(client.get(f"{polling}&sid={session['sid']}", timeout=PATIENCE))
            await asyncio.sleep(0.1)
            command.tell(number)
            async with asyncio.timeout(10):
                assert await asyncio.to_thread(command.wait) == 0
                await asyncio.wait([waiting])
            assert (await told.wait_for(Disconnected)).code == 1012
    assert "Traceback" not in command.output
    events = [json.loads(line) for line in command.output.splitlines() if line.startswith("{")]
    assert [event["event"] for event in events if event["logger"].endswith("app")] == ["started", "stopped"]
    with sqlite3.connect(tmp_path / "csms.db") as database:
        assert "station.disconnected" in "\n".join(database.iterdump()), "who was connected is written down before"
    database.close()


@pytest.mark.parametrize("name", ["http", "ocpp"])
async def test_an_address_in_use_is_one_line_and_a_failure(tmp_path: Path, taken: str, name: str) -> None:
    other = "ocpp" if name == "http" else "http"
    arguments = ("serve", f"--{name}", taken, f"--{other}", LOOPBACK, "--database", "memory://")
    command = Command(tmp_path / "log", *arguments)
    assert command.wait() == 1
    assert command.output == f"chargewire: {name}: cannot listen on {taken}: address already in use\n"


async def test_a_database_that_cannot_be_opened_is_one_line_and_a_failure(tmp_path: Path) -> None:
    for database in ("oracle://db/chargewire", f"sqlite:///{tmp_path / 'nowhere' / 'csms.db'}"):
        command = Command(tmp_path / "log", "serve", "--http", LOOPBACK, "--ocpp", LOOPBACK, "--database", database)
        assert command.wait() == 1
    assert [line.split(" ")[:2] for line in command.output.splitlines()] == [["chargewire:", "database:"]] * 2


async def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    async with process(tmp_path, *serve(tmp_path, "--unknown-stations", "auto")) as command:
        url = await portal_of(command)
        async with httpx.AsyncClient() as client:
            polling = f"{url}/socket.io/?EIO=4&transport=polling"
            await client.get(polling)
            command.tell(signal.SIGTERM)
            await asyncio.sleep(0.05)
            command.tell(signal.SIGTERM)
            assert await asyncio.to_thread(command.wait) in (0, -signal.SIGTERM)


async def test_the_demo_is_charging_from_the_first_click(tmp_path: Path) -> None:
    """CP001 and CP002 are there, a remote start charges, the curve grows, a remote stop ends it."""
    arguments = ("demo", "--http", LOOPBACK, "--ocpp", LOOPBACK, "--headless")
    async with process(tmp_path, *arguments) as command:
        url, token = (await printed(command, r"Portal:\s+(\S+)")).split("/#token=")
        async with httpx.AsyncClient(
            base_url=f"{url}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE
        ) as client:

            async def ready_stations() -> bool:
                items = (await client.get("/stations")).json()["items"]
                return [(each["identity"], each["protocol"]) for each in items if each["connectors"]] == [
                    ("CP001", "ocpp1.6"),
                    ("CP002", "ocpp2.0.1"),
                ]

            await until(ready_stations)
            tokens = (await client.get("/id-tokens")).json()["items"]
            assert {each["token"]: each["status"] for each in tokens} == {
                "CHARGEWIRE": "Accepted",
                "LOST-CARD": "Blocked",
            }
            await client.post(
                "/stations/CP001/commands/RemoteStartTransaction", json={"idTag": "CHARGEWIRE", "connectorId": 1}
            )
            start = {"idToken": {"idToken": "CHARGEWIRE", "type": "ISO14443"}, "remoteStartId": 1, "evseId": 1}
            await client.post("/stations/CP002/commands/RequestStartTransaction", json=start)

            async def charging() -> list[dict[str, object]] | None:
                items = (await client.get("/transactions?state=open")).json()["items"]
                return items if len(items) == 2 and all((each["energyWh"] or 0) > 0 for each in items) else None

            transactions = await until(charging)
            assert {each["station"]: each["flags"] for each in transactions} == {"CP001": [], "CP002": []}
            ids = {each["station"]: each["transactionId"] for each in transactions}
            stop = {"transactionId": int(str(ids["CP001"]))}
            await client.post("/stations/CP001/commands/RemoteStopTransaction", json=stop)
            await client.post("/stations/CP002/commands/RequestStopTransaction", json={"transactionId": ids["CP002"]})

            async def ended() -> bool:
                return len((await client.get("/transactions?state=ended")).json()["items"]) == 2

            await until(ended)
        assert command.interrupt() == 0
        assert command.output.count("\n") == 3, command.output

"""Every file of examples/ runs, and does what its first line promises."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from support.processes import free_port
from support.rawpeer import RawPeer, upgrade_request
from support.scripts import Script, running

from chargewire import (
    CSMS,
    Accept,
    CallRejected,
    ChargePoint,
    Connection,
    ConnectionLost,
    Handshake,
    Station,
    UpgradeRefused,
    v16,
    v201,
)

EXAMPLES = Path(__file__).parents[2] / "examples"

BOOT_16 = v16.BootNotification(charge_point_vendor="Acme", charge_point_model="Home 11")
BOOT_201 = v201.BootNotification(
    reason=v201.BootReasonEnumType.POWER_UP,
    charging_station=v201.ChargingStationType(vendor_name="Acme", model="Depot 22"),
)


@asynccontextmanager
async def csms_example(name: str) -> AsyncIterator[tuple[Script, str]]:
    """Run an example that serves OCPP; yields it and the URL of its endpoint."""
    port = free_port()
    async with running((EXAMPLES / name).read_text(), ports={"9000": port}) as script:
        await script.listens(port)
        yield script, f"ws://127.0.0.1:{port}"


async def test_csms_accepts_the_boot_of_any_station() -> None:
    async with csms_example("csms.py") as (script, url), ChargePoint(url, v16, identity="CP001") as charge_point:
        boot = await charge_point.call(BOOT_16)
        assert boot.status is v16.RegistrationStatus.ACCEPTED
        assert await script.prints("CP001") == "CP001: Acme Home 11"


async def test_charge_point_boots_and_answers_a_reset() -> None:
    async def anyone(handshake: Handshake) -> Accept[None]:
        return Accept(None)

    booted = asyncio.Event()
    csms = CSMS(v16, authenticate=anyone)

    @csms.on(v16.BootNotification)
    async def boot(station: Station[None], request: v16.BootNotification) -> v16.BootNotificationResponse:
        booted.set()
        return v16.BootNotificationResponse(
            status=v16.RegistrationStatus.ACCEPTED, current_time=datetime.now(UTC), interval=60
        )

    async with (
        csms.serve("127.0.0.1", 0) as server,
        running((EXAMPLES / "charge_point.py").read_text(), ports={"9000": server.port}) as script,
    ):
        await script.prints("heartbeat every 60 s")
        assert booted.is_set()
        reply = await csms.stations["CP001"].call(v16.Reset(type=v16.ResetType.SOFT), timeout=5)
        assert reply.status is v16.ResetStatus.ACCEPTED
        await script.prints("asked for a Soft reset")


@pytest.mark.parametrize(
    ("identity", "password", "status"),
    [("CP002", b"open sesame 12345", 404), ("CP001", b"wrong", 401), ("CP001", None, 401)],
)
async def test_authenticate_refuses_with_the_status_that_says_why(
    identity: str, password: bytes | None, status: int
) -> None:
    async with csms_example("authenticate.py") as (script, url):
        with pytest.raises(UpgradeRefused) as refusal:
            async with ChargePoint(url, v201, identity=identity, password=password):
                pass
        assert refusal.value.status == status
        await script.prints(f"refused with {status}")


@pytest.mark.parametrize(
    ("identity", "password", "status", "printed"),
    [
        ("SLOW1", b"open sesame 12345", 408, "refused, 408: the handshake took too long"),
        ("CP002", b"open sesame 12345", 404, "refused, 404: station not found"),
        ("CP001", b"close sesame 1234", 401, "refused, 401: invalid password"),
    ],
)
async def test_connection_upgrades_that_fail_are_answered_and_told_of(
    identity: str, password: bytes, status: int, printed: str
) -> None:
    async with csms_example("connection_upgrades.py") as (script, url):
        with pytest.raises(UpgradeRefused) as refusal:
            async with ChargePoint(url, v16, identity=identity, password=password):
                pass
        assert refusal.value.status == status
        assert (await script.prints(printed)).startswith(f"{identity} from 127.0.0.1:")
        async with ChargePoint(url, v16, identity="CP001", password=b"open sesame 12345") as charge_point:
            await charge_point.call(v16.Heartbeat())


async def test_connection_upgrades_that_break_off_are_told_of() -> None:
    async with csms_example("connection_upgrades.py") as (script, url):
        async with await RawPeer.dial(int(url.rpartition(":")[2])) as peer:
            await peer.write(upgrade_request("/SLOW1"))
            await asyncio.sleep(0.1)
        await script.prints("broke off: ConnectionResetError")


async def test_authenticate_hands_the_owner_to_the_handlers() -> None:
    async with (
        csms_example("authenticate.py") as (script, url),
        ChargePoint(url, v201, identity="CP001", password=b"open sesame 12345") as charge_point,
    ):
        await charge_point.call(BOOT_201)
        await script.prints("CP001 of City of Vienna: PowerUp")


async def test_a_server_stops_gracefully_and_answers_what_it_was_asked() -> None:
    async with csms_example("stop_gracefully.py") as (script, url), ChargePoint(url, v16, identity="CP001") as station:
        call = asyncio.create_task(station.call(v16.Heartbeat()))
        await asyncio.sleep(0.2)
        script.terminate()
        await script.prints("draining 1 stations")
        assert (await call).current_time.tzinfo is not None
        await script.prints("stopped")


async def test_a_second_signal_forces_a_server_to_stop() -> None:
    async with csms_example("stop_gracefully.py") as (script, url), ChargePoint(url, v16, identity="CP001") as station:
        call = asyncio.create_task(station.call(v16.Heartbeat()))
        await asyncio.sleep(0.2)
        script.terminate()
        await script.prints("draining 1 stations")
        script.terminate()
        with pytest.raises(ConnectionLost):
            await call
    assert "stopped" not in script.printed


async def test_two_versions_share_a_port() -> None:
    async with (
        csms_example("two_versions.py") as (script, url),
        ChargePoint(url, v16, identity="CP001") as older,
        ChargePoint(url, v201, v16, identity="CP002") as newer,
    ):
        await older.call(BOOT_16)
        await newer.call(BOOT_201)
        await script.prints("CP001: Home 11 (1 seen)")
        await script.prints("CP002: Depot 22 (2 seen)")


async def test_middleware_turns_away_calls_before_the_boot_and_times_all_of_them() -> None:
    async with csms_example("middleware.py") as (script, url), ChargePoint(url, v16, identity="CP001") as charge_point:
        with pytest.raises(CallRejected, match="send a BootNotification first") as refusal:
            await charge_point.call(v16.Heartbeat())
        assert refusal.value.code == "SecurityError"
        await script.prints("incoming Heartbeat failed in")
        await charge_point.call(BOOT_16)
        await charge_point.call(v16.Heartbeat())
        await script.prints("incoming Heartbeat answered in")


@asynccontextmanager
async def web_example(name: str) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    """Run an example with a web server; yields a client of it and the URL of its OCPP endpoint."""
    ports = {"9000": free_port(), "8080": free_port()}
    source = (EXAMPLES / name).read_text()
    async with (
        running(source, ports=ports) as script,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{ports['8080']}") as client,
    ):
        await script.listens(ports["8080"])
        yield client, f"ws://127.0.0.1:{ports['9000']}"


Answer = Callable[[Connection, v16.Reset], Awaitable[v16.ResetResponse]]


async def accept(csms: Connection, request: v16.Reset) -> v16.ResetResponse:
    return v16.ResetResponse(status=v16.ResetStatus.ACCEPTED)


async def refuse(csms: Connection, request: v16.Reset) -> v16.ResetResponse:
    raise CallRejected("NotSupported", "ask the electrician")


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (accept, {"status": "Accepted"}),
        (refuse, {"error": "NotSupported", "description": "ask the electrician"}),
    ],
)
async def test_web_handler_hands_on_what_the_station_answers(answer: Answer, body: dict[str, str]) -> None:
    async with web_example("command_from_web_handler.py") as (client, url):
        charge_point = ChargePoint(url, v16, identity="CP001")
        charge_point.on(v16.Reset)(answer)
        async with charge_point:
            response = await client.post("/stations/CP001/reset")
        assert (response.status_code, response.json()) == (200, body)


async def test_web_handler_says_when_the_station_is_not_connected() -> None:
    async with web_example("command_from_web_handler.py") as (client, _):
        response = await client.post("/stations/CP001/reset")
        assert response.status_code == 409


@pytest.mark.parametrize("name", ["asgi_starlette.py", "asgi_fastapi.py", "asgi_litestar.py"])
async def test_a_csms_lives_in_a_web_application(name: str) -> None:
    port = free_port()
    async with (
        running((EXAMPLES / name).read_text(), ports={"8080": port}) as script,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        await script.listens(port)
        assert (await client.post("/stations/CP001/reset")).status_code == 409
        charge_point = ChargePoint(f"ws://127.0.0.1:{port}/ocpp", v16, identity="CP001")
        charge_point.on(v16.Reset)(accept)
        async with charge_point:
            assert (await charge_point.call(BOOT_16)).interval == 300
            response = await client.post("/stations/CP001/reset")
        assert (response.status_code, response.json()) == (200, {"status": "Accepted"})


async def test_a_class_of_the_package_ocpp_is_run_and_commanded() -> None:
    async with web_example("coming_from_ocpp.py") as (client, url):
        asked = asyncio.Event()
        charge_point = ChargePoint(url, v16, identity="CP001")
        charge_point.on(v16.Reset)(accept)

        @charge_point.on(v16.ChangeAvailability)
        async def change(csms: Connection, request: v16.ChangeAvailability) -> v16.ChangeAvailabilityResponse:
            asked.set()
            return v16.ChangeAvailabilityResponse(status=v16.AvailabilityStatus.ACCEPTED)

        assert (await client.post("/stations/CP001/reset")).status_code == 409
        async with charge_point:
            assert (await charge_point.call(BOOT_16)).interval == 300
            await asked.wait()
            response = await client.post("/stations/CP001/reset")
        assert (response.status_code, response.json()) == (200, {"status": "Accepted"})


def test_handlers_are_tested_with_the_kit() -> None:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(EXAMPLES / "test_depot.py")]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_example_is_run_by_a_test() -> None:
    tests = Path(__file__).read_text()
    assert [path.name for path in sorted(EXAMPLES.glob("*.py")) if f'"{path.name}"' not in tests] == []

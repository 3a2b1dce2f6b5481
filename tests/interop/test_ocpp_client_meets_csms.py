"""Stations written with the PyPI package ``ocpp`` against ``chargewire serve``: whole charging cycles.

Each cycle is begun at the station, or by a remote start over REST that the station answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import httpx
import ocpp.v16
import ocpp.v16.call
import ocpp.v16.call_result
import ocpp.v201
import ocpp.v201.call
import ocpp.v201.call_result
import pytest
import websockets
from ocpp.routing import on
from support.processes import Csms, serving

TAG = "04A2B6C9D1"
START_WH, MIDDLE_WH, END_WH = 1000, 2500, 3500


def at(minute: int) -> str:
    return f"2025-03-01T12:{minute:02}:00Z"


class Station16(ocpp.v16.ChargePoint):
    """A 1.6 station: charges when its driver, or the management system, asks for it."""

    def __init__(self, id: str, connection: Any) -> None:
        super().__init__(id, connection)
        self.remote_starts: asyncio.Queue[str] = asyncio.Queue()
        self.remote_stops: asyncio.Queue[int] = asyncio.Queue()

    @on("RemoteStartTransaction")
    async def remote_start(self, id_tag: str, **_: Any) -> ocpp.v16.call_result.RemoteStartTransaction:
        self.remote_starts.put_nowait(id_tag)
        return ocpp.v16.call_result.RemoteStartTransaction("Accepted")

    @on("RemoteStopTransaction")
    async def remote_stop(self, transaction_id: int) -> ocpp.v16.call_result.RemoteStopTransaction:
        self.remote_stops.put_nowait(transaction_id)
        return ocpp.v16.call_result.RemoteStopTransaction("Accepted")

    async def boot(self) -> None:
        boot = await self.call(ocpp.v16.call.BootNotification("One", "Acme"), suppress=False)
        assert boot.status == "Accepted"
        assert boot.interval > 0
        await self.call(ocpp.v16.call.StatusNotification(1, "NoError", "Available"), suppress=False)

    async def authorize(self, tag: str) -> str:
        answer = await self.call(ocpp.v16.call.Authorize(tag), suppress=False)
        return str(answer.id_tag_info["status"])

    async def start_transaction(self, tag: str) -> int:
        answer = await self.call(ocpp.v16.call.StartTransaction(1, tag, START_WH, at(0)), suppress=False)
        assert answer.id_tag_info["status"] == "Accepted"
        return int(answer.transaction_id)

    async def meter(self, transaction_id: int) -> None:
        sample = {"value": str(MIDDLE_WH), "measurand": "Energy.Active.Import.Register", "unit": "Wh"}
        values = [{"timestamp": at(10), "sampledValue": [sample]}]
        await self.call(ocpp.v16.call.MeterValues(1, values, transaction_id), suppress=False)

    async def stop_transaction(self, transaction_id: int, tag: str, reason: str) -> None:
        request = ocpp.v16.call.StopTransaction(END_WH, at(20), transaction_id, reason, tag)
        await self.call(request, suppress=False)


class Station201(ocpp.v201.ChargePoint):
    """A 2.0.1 station: charges when its driver, or the management system, asks for it."""

    def __init__(self, id: str, connection: Any) -> None:
        super().__init__(id, connection)
        self.remote_starts: asyncio.Queue[tuple[str, int]] = asyncio.Queue()
        self.remote_stops: asyncio.Queue[str] = asyncio.Queue()
        self.seq_no = 0

    @on("RequestStartTransaction")
    async def request_start(
        self, id_token: dict[str, str], remote_start_id: int, **_: Any
    ) -> ocpp.v201.call_result.RequestStartTransaction:
        self.remote_starts.put_nowait((id_token["id_token"], remote_start_id))
        return ocpp.v201.call_result.RequestStartTransaction("Accepted")

    @on("RequestStopTransaction")
    async def request_stop(self, transaction_id: str, **_: Any) -> ocpp.v201.call_result.RequestStopTransaction:
        self.remote_stops.put_nowait(transaction_id)
        return ocpp.v201.call_result.RequestStopTransaction("Accepted")

    async def boot(self) -> None:
        station = {"model": "One", "vendorName": "Acme", "serialNumber": "SN-1", "firmwareVersion": "1.0"}
        boot = await self.call(ocpp.v201.call.BootNotification(station, "PowerUp"), suppress=False)
        assert boot.status == "Accepted"
        assert boot.interval > 0
        await self.call(ocpp.v201.call.StatusNotification(at(0), "Available", 1, 1), suppress=False)

    async def authorize(self, tag: str) -> str:
        answer = await self.call(ocpp.v201.call.Authorize({"idToken": tag, "type": "ISO14443"}), suppress=False)
        return str(answer.id_token_info["status"])

    async def tell(
        self, event: str, trigger: str, minute: int, energy_wh: float, *, tag: str | None = None, **info: Any
    ) -> None:
        value = {"value": energy_wh, "measurand": "Energy.Active.Import.Register", "unitOfMeasure": {"unit": "Wh"}}
        request = ocpp.v201.call.TransactionEvent(
            event,
            at(minute),
            trigger,
            self.seq_no,
            {"transactionId": "tx-2-0-1", **info},
            meter_value=[{"timestamp": at(minute), "sampledValue": [value]}],
            evse={"id": 1, "connectorId": 1},
            id_token={"idToken": tag, "type": "ISO14443"} if tag else None,
        )
        self.seq_no += 1
        answer = await self.call(request, suppress=False)
        if tag:
            assert answer.id_token_info["status"] == "Accepted"


class Connected:
    """Runs a station's reading loop while the block runs."""

    def __init__(self, station: Station16 | Station201, connection: websockets.ClientConnection) -> None:
        self.station = station
        self.connection = connection

    async def __aenter__(self) -> Self:
        self.reading = asyncio.create_task(self.station.start())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.reading.cancel()
        await asyncio.gather(self.reading, return_exceptions=True)
        await self.connection.close()


@asynccontextmanager
async def station_16(csms: Csms, identity: str) -> AsyncIterator[Station16]:
    subprotocols = [websockets.Subprotocol("ocpp1.6")]
    async with websockets.connect(f"{csms.ocpp_url}/{identity}", subprotocols=subprotocols) as connection:
        assert connection.subprotocol == "ocpp1.6"
        station = Station16(identity, connection)
        async with Connected(station, connection):
            await station.boot()
            yield station


@asynccontextmanager
async def station_201(csms: Csms, identity: str) -> AsyncIterator[Station201]:
    subprotocols = [websockets.Subprotocol("ocpp2.0.1"), websockets.Subprotocol("ocpp1.6")]
    async with websockets.connect(f"{csms.ocpp_url}/{identity}", subprotocols=subprotocols) as connection:
        assert connection.subprotocol == "ocpp2.0.1"
        station = Station201(identity, connection)
        async with Connected(station, connection):
            await station.boot()
            yield station


@pytest.fixture
async def csms(tmp_path: Path) -> AsyncIterator[Csms]:
    async with serving(tmp_path) as csms:
        async with csms.rest() as rest:
            (await rest.put(f"/id-tokens/{TAG}", json={"status": "Accepted"})).raise_for_status()
        yield csms


async def test_a_16_station_of_the_package_charges(csms: Csms) -> None:
    async with station_16(csms, "OCPP16") as station, csms.rest() as rest:
        assert await station.authorize("UNKNOWN") == "Invalid"
        assert await station.authorize(TAG) == "Accepted"
        id = await station.start_transaction(TAG)
        assert (await only_transaction(rest, "OCPP16"))["state"] == "open"
        await station.meter(id)
        await station.stop_transaction(id, TAG, "Local")
        seen = (await rest.get("/stations/OCPP16")).json()
        assert (seen["vendor"], seen["model"], seen["protocol"]) == ("Acme", "One", "ocpp1.6")
        assert seen["connected"]
        await check_ended(rest, "OCPP16", str(id), reason="Local")


async def test_a_201_station_of_the_package_charges(csms: Csms) -> None:
    async with station_201(csms, "OCPP201") as station, csms.rest() as rest:
        assert await station.authorize("UNKNOWN") in {"Invalid", "Unknown"}
        assert await station.authorize(TAG) == "Accepted"
        await station.tell("Started", "Authorized", 0, START_WH, tag=TAG, chargingState="Charging")
        transaction = await only_transaction(rest, "OCPP201")
        assert (transaction["state"], transaction["chargingState"]) == ("open", "Charging")
        await station.tell("Updated", "MeterValuePeriodic", 10, MIDDLE_WH)
        await station.tell("Ended", "StopAuthorized", 20, END_WH, tag=TAG, stoppedReason="Local")
        seen = (await rest.get("/stations/OCPP201")).json()
        assert (seen["vendor"], seen["model"], seen["protocol"]) == ("Acme", "One", "ocpp2.0.1")
        assert seen["connected"]
        await check_ended(rest, "OCPP201", "tx-2-0-1", reason="Local")


async def test_a_16_station_of_the_package_is_started_and_stopped_by_rest(csms: Csms) -> None:
    async with station_16(csms, "REMOTE16") as station, csms.rest() as rest:
        await command(rest, "REMOTE16", "RemoteStartTransaction", {"connectorId": 1, "idTag": TAG})
        id = await station.start_transaction(await station.remote_starts.get())
        await station.meter(id)
        await command(rest, "REMOTE16", "RemoteStopTransaction", {"transactionId": id})
        await station.stop_transaction(await station.remote_stops.get(), TAG, "Remote")
        await check_ended(rest, "REMOTE16", str(id), reason="Remote")


async def test_a_201_station_of_the_package_is_started_and_stopped_by_rest(csms: Csms) -> None:
    async with station_201(csms, "REMOTE201") as station, csms.rest() as rest:
        token = {"idToken": TAG, "type": "ISO14443"}
        await command(rest, "REMOTE201", "RequestStartTransaction", {"idToken": token, "remoteStartId": 7, "evseId": 1})
        tag, remote_start_id = await station.remote_starts.get()
        await station.tell("Started", "RemoteStart", 0, START_WH, tag=tag, remoteStartId=remote_start_id)
        await station.tell("Updated", "MeterValuePeriodic", 10, MIDDLE_WH)
        await command(rest, "REMOTE201", "RequestStopTransaction", {"transactionId": "tx-2-0-1"})
        assert await station.remote_stops.get() == "tx-2-0-1"
        await station.tell("Ended", "RemoteStop", 20, END_WH, stoppedReason="Remote")
        await check_ended(rest, "REMOTE201", "tx-2-0-1", reason="Remote")


async def command(rest: httpx.AsyncClient, station: str, action: str, payload: dict[str, Any]) -> None:
    answer = await rest.post(f"/stations/{station}/commands/{action}", json=payload)
    assert answer.status_code == httpx.codes.OK, answer.text
    assert answer.json() == {"type": "result", "payload": {"status": "Accepted"}}


async def only_transaction(rest: httpx.AsyncClient, station: str) -> dict[str, Any]:
    answer = await rest.get("/transactions", params={"station": station})
    answer.raise_for_status()
    (transaction,) = answer.json()["items"]
    return dict(transaction)


async def check_ended(rest: httpx.AsyncClient, station: str, transaction_id: str, *, reason: str) -> None:
    """The one transaction of the station is the one that was charged, to the watt-hour."""
    listed = await only_transaction(rest, station)
    detail = (await rest.get(f"/transactions/{listed['id']}")).json()
    assert (detail["station"], detail["transactionId"], detail["idToken"]) == (station, transaction_id, TAG)
    assert (detail["state"], detail["stopReason"]) == ("ended", reason)
    assert (detail["meterStartWh"], detail["meterStopWh"]) == (START_WH, END_WH)
    assert detail["energyWh"] == END_WH - START_WH
    assert [datetime.fromisoformat(detail[name]) for name in ("startedAt", "endedAt")] == [
        datetime(2025, 3, 1, 12, minute, tzinfo=UTC) for minute in (0, 20)
    ]
    assert MIDDLE_WH in [point["energyWh"] for point in detail["meter"]]

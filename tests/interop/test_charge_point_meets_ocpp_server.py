"""Our ChargePoint against servers written with the PyPI package ``ocpp`` on ``websockets``: one charging cycle each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import ocpp.v16
import ocpp.v16.call
import ocpp.v16.call_result
import ocpp.v16.datatypes
import ocpp.v201
import ocpp.v201.call
import ocpp.v201.call_result
import ocpp.v201.datatypes
import pytest
import websockets
from ocpp.exceptions import NotSupportedError
from ocpp.routing import on

from chargewire import CallRejected, ChargePoint, v16, v201

NOW = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)
TIMESTAMP = "2025-03-01T12:00:00Z"


class CentralSystem16(ocpp.v16.ChargePoint):
    """A 1.6 station as the package's server sees it; keeps what it was told."""

    def __init__(self, id: str, connection: Any) -> None:
        super().__init__(id, connection)
        self.told: list[tuple[str, dict[str, Any]]] = []

    @on("BootNotification")
    def boot(self, **payload: Any) -> ocpp.v16.call_result.BootNotification:
        self.told.append(("BootNotification", payload))
        return ocpp.v16.call_result.BootNotification(TIMESTAMP, 300, ocpp.v16.enums.RegistrationStatus.accepted)

    @on("Authorize")
    def authorize(self, **payload: Any) -> ocpp.v16.call_result.Authorize:
        self.told.append(("Authorize", payload))
        return ocpp.v16.call_result.Authorize({"status": "Accepted"})

    @on("StartTransaction")
    def start_transaction(self, **payload: Any) -> ocpp.v16.call_result.StartTransaction:
        self.told.append(("StartTransaction", payload))
        return ocpp.v16.call_result.StartTransaction(42, {"status": "Accepted"})

    @on("MeterValues")
    def meter_values(self, **payload: Any) -> ocpp.v16.call_result.MeterValues:
        self.told.append(("MeterValues", payload))
        return ocpp.v16.call_result.MeterValues()

    @on("StopTransaction")
    def stop_transaction(self, **payload: Any) -> ocpp.v16.call_result.StopTransaction:
        self.told.append(("StopTransaction", payload))
        return ocpp.v16.call_result.StopTransaction(id_tag_info={"status": "Accepted"})


class ManagementSystem201(ocpp.v201.ChargePoint):
    """A 2.0.1 station as the package's server sees it; keeps what it was told."""

    def __init__(self, id: str, connection: Any) -> None:
        super().__init__(id, connection)
        self.told: list[tuple[str, dict[str, Any]]] = []

    @on("BootNotification")
    def boot(self, **payload: Any) -> ocpp.v201.call_result.BootNotification:
        self.told.append(("BootNotification", payload))
        return ocpp.v201.call_result.BootNotification(TIMESTAMP, 300, "Accepted")

    @on("Authorize")
    def authorize(self, **payload: Any) -> ocpp.v201.call_result.Authorize:
        self.told.append(("Authorize", payload))
        return ocpp.v201.call_result.Authorize({"status": "Accepted"})

    @on("TransactionEvent")
    def transaction_event(self, **payload: Any) -> ocpp.v201.call_result.TransactionEvent:
        self.told.append((payload["event_type"], payload))
        return ocpp.v201.call_result.TransactionEvent(id_token_info={"status": "Accepted"})


@asynccontextmanager
async def serving(make: Callable[[str, Any], Any], subprotocol: str) -> AsyncIterator[tuple[str, asyncio.Future[Any]]]:
    """Run a server of the package; yields its URL and the station it will see."""
    seen: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

    async def serve_station(connection: websockets.ServerConnection) -> None:
        assert connection.request is not None
        station = make(connection.request.path.rpartition("/")[2], connection)
        seen.set_result(station)
        try:
            await station.start()
        except websockets.ConnectionClosed:
            return

    subprotocols = [websockets.Subprotocol(subprotocol)]
    async with websockets.serve(serve_station, "127.0.0.1", 0, subprotocols=subprotocols) as server:
        yield f"ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}/ocpp", seen


async def test_our_charge_point_charges_at_a_16_server_of_the_package() -> None:
    async with serving(CentralSystem16, "ocpp1.6") as (url, seen), ChargePoint(url, v16, identity="CP16") as charger:
        boot = await charger.call(v16.BootNotification(charge_point_vendor="Acme", charge_point_model="One"))
        assert boot.status is v16.RegistrationStatus.ACCEPTED
        authorized = await charger.call(v16.Authorize(id_tag="TAG1"))
        assert authorized.id_tag_info.status is v16.AuthorizationStatus.ACCEPTED
        started = await charger.deliver(
            v16.StartTransaction(connector_id=1, id_tag="TAG1", meter_start=1000, timestamp=NOW)
        )
        assert started.transaction_id == 42
        await charger.call(meter_values_16(started.transaction_id))
        await charger.deliver(v16.StopTransaction(transaction_id=42, meter_stop=3500, timestamp=NOW))
        assert [name for name, _ in (await seen).told] == [
            "BootNotification", "Authorize", "StartTransaction", "MeterValues", "StopTransaction",
        ]  # fmt: skip
        assert (await seen).told[-1][1]["meter_stop"] == 3500


async def test_our_charge_point_charges_at_a_201_server_of_the_package() -> None:
    token = v201.IdTokenType(id_token="TAG1", type=v201.IdTokenEnumType.ISO14443)
    async with (
        serving(ManagementSystem201, "ocpp2.0.1") as (url, seen),
        ChargePoint(url, v201, identity="CP2") as charger,
    ):
        station = v201.ChargingStationType(model="One", vendor_name="Acme")
        boot = await charger.call(
            v201.BootNotification(charging_station=station, reason=v201.BootReasonEnumType.POWER_UP)
        )
        assert boot.status is v201.RegistrationStatusEnumType.ACCEPTED
        authorized = await charger.call(v201.Authorize(id_token=token))
        assert authorized.id_token_info.status is v201.AuthorizationStatusEnumType.ACCEPTED
        await charger.deliver(transaction_event_201("STARTED", "AUTHORIZED", 0, 1000.0, token))
        await charger.deliver(transaction_event_201("UPDATED", "METER_VALUE_PERIODIC", 1, 2500.0))
        await charger.deliver(transaction_event_201("ENDED", "STOP_AUTHORIZED", 2, 3500.0, token))
        assert [name for name, _ in (await seen).told] == [
            "BootNotification", "Authorize", "Started", "Updated", "Ended",
        ]  # fmt: skip
        assert (await seen).told[-1][1]["meter_value"][0]["sampled_value"][0]["value"] == 3500


async def test_a_server_of_the_package_resets_our_16_charge_point() -> None:
    async with serving(CentralSystem16, "ocpp1.6") as (url, seen):
        charger = ChargePoint(url, v16, identity="CP16")

        @charger.on(v16.Reset)
        async def reset(_: Any, request: v16.Reset) -> v16.ResetResponse:
            assert request.type is v16.ResetType.SOFT
            return v16.ResetResponse(status=v16.ResetStatus.ACCEPTED)

        async with charger:
            answer = await (await seen).call(ocpp.v16.call.Reset(ocpp.v16.enums.ResetType.soft))
    assert answer.status == "Accepted"


async def test_our_charge_point_refuses_in_words_the_package_understands() -> None:
    """RPC-080: a call nobody answers is a CALLERROR, which the package raises by its code."""
    async with serving(CentralSystem16, "ocpp1.6") as (url, seen), ChargePoint(url, v16, identity="CP16"):
        with pytest.raises(NotSupportedError) as rejected:
            await (await seen).call(ocpp.v16.call.ClearCache(), suppress=False)
    assert "ClearCache" in rejected.value.description


async def test_a_call_the_package_has_no_handler_for_is_rejected_as_not_implemented() -> None:
    async with serving(CentralSystem16, "ocpp1.6") as (url, _), ChargePoint(url, v16, identity="CP16") as charger:
        with pytest.raises(CallRejected) as rejected:
            await charger.call(v16.Heartbeat())
    assert rejected.value.code == "NotImplemented"


def meter_values_16(transaction_id: int) -> v16.MeterValues:
    sample = v16.SampledValue(
        value="2500", measurand=v16.Measurand.ENERGY_ACTIVE_IMPORT_REGISTER, unit=v16.UnitOfMeasure.WH
    )
    value = v16.MeterValue(timestamp=NOW, sampled_value=[sample])
    return v16.MeterValues(connector_id=1, transaction_id=transaction_id, meter_value=[value])


def transaction_event_201(
    event: str, trigger: str, seq_no: int, energy_wh: float, token: v201.IdTokenType | None = None
) -> v201.TransactionEvent:
    sample = v201.SampledValueType(value=energy_wh, unit_of_measure=v201.UnitOfMeasureType(unit="Wh"))
    return v201.TransactionEvent(
        event_type=v201.TransactionEventEnumType[event],
        timestamp=NOW,
        trigger_reason=v201.TriggerReasonEnumType[trigger],
        seq_no=seq_no,
        transaction_info=v201.TransactionType(transaction_id="tx-1"),
        evse=v201.EVSEType(id=1, connector_id=1),
        id_token=token,
        meter_value=[v201.MeterValueType(timestamp=NOW, sampled_value=[sample])],
    )

"""Uses that type-check, and the types that are inferred. Read by the checkers, never run."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, assert_type

from chargewire import (
    ANY_ACTION,
    CSMS,
    NO_REPLY,
    Accept,
    CallRejected,
    ChargePoint,
    Connected,
    Connection,
    Disconnected,
    Event,
    Exchange,
    Handlers,
    Handshake,
    NoReply,
    Proceed,
    Reject,
    Station,
    Stations,
    extended,
    on,
    on_action,
    v16,
    v21,
    v201,
)
from chargewire.messages import Action, CustomData, Request, Response


@dataclass(frozen=True)
class Tenant:
    name: str


async def authenticate(handshake: Handshake) -> Accept[Tenant] | Reject:
    if not hmac.compare_digest(handshake.password or b"", b"secret"):
        return Reject(HTTPStatus.UNAUTHORIZED)
    return Accept(Tenant("acme"))


async def timed(exchange: Exchange, proceed: Proceed) -> Response:
    return await proceed(exchange)


class Depot(Handlers):
    @on(v16.BootNotification)
    async def boot(self, station: Station[Tenant], request: v16.BootNotification) -> v16.BootNotificationResponse:
        assert_type(request.charge_point_serial_number, str | None)
        assert_type(station.session.name, str)
        return v16.BootNotificationResponse(
            status=v16.RegistrationStatus.ACCEPTED, current_time=datetime.now(UTC), interval=300
        )

    @on(v201.Heartbeat)
    async def beat(self, station: Station[Tenant], request: v201.Heartbeat) -> v201.HeartbeatResponse:
        raise CallRejected("SecurityError", "not yet booted")

    @on(v201.Authorize)
    async def authorize(self, station: Station[Tenant], request: v201.Authorize) -> v201.AuthorizeResponse | NoReply:
        return NO_REPLY

    @on_action("Reset")
    async def reset(self, station: Station[Tenant], request: Request[object, object]) -> Response:
        return NO_REPLY


csms = CSMS(v16, v201, v21, authenticate=authenticate, handlers=Depot(), middleware=[timed], handshake_timeout=2.0)
assert_type(csms, CSMS[Tenant])


@csms.on(v201.TransactionEvent)
async def transaction_event(station: Station[Tenant], request: v201.TransactionEvent) -> v201.TransactionEventResponse:
    assert_type(request.event_type, v201.TransactionEventEnumType)
    assert_type(request.transaction_info.transaction_id, str)
    assert_type(request.custom_data, CustomData | None)
    for meter_value in request.meter_value or ():
        assert_type(meter_value.timestamp, datetime)
        assert_type(meter_value.sampled_value, list[v201.SampledValueType])
        assert_type(meter_value.sampled_value[0].value, float)
    return v201.TransactionEventResponse(id_token_info=None)


@csms.on(v16.Authorize)
async def authorize(station: Station[Tenant], request: v16.Authorize) -> v16.AuthorizeResponse | NoReply:
    return NO_REPLY


@csms.on_action(ANY_ACTION)
async def anything(station: Station[Tenant], request: Request[object, object]) -> Response:
    assert_type(station.session.name, str)
    return NO_REPLY


async def serve() -> None:
    assert_type(await transaction_event(csms.stations["A"], v201_event()), v201.TransactionEventResponse)
    csms.remove_handler(v16.Authorize)
    csms.remove_handler(ANY_ACTION)
    async with csms.serve("127.0.0.1", 9000) as server:
        assert_type(server.port, int)
        assert_type(csms.stations, Stations[Station[Tenant]])
        stations: Mapping[str, Station[Tenant]] = csms.stations
        assert_type(await csms.stations.wait_for("CP001"), Station[Tenant])
        reset = v16.Reset(type=v16.ResetType.SOFT)
        assert_type(await csms.call_many(stations, reset), dict[str, v16.ResetResponse | Exception])
        assert_type(await csms.broadcast(unlatch_all, parallel=5), dict[str, UnlatchResponse | Exception])
        station = csms.stations["CP001"]
        assert_type(await station.call(v16.Reset(type=v16.ResetType.SOFT), timeout=5), v16.ResetResponse)
        assert_type(await station.call(v21.GetTariffs(evse_id=0)), v21.GetTariffsResponse)
        async for event in csms.events():
            react(event)


def v201_event() -> v201.TransactionEvent:
    raise NotImplementedError


def react(event: Event) -> None:
    match event:
        case Connected(station=station):
            assert station.identity in csms.stations
        case Disconnected(code=code):
            assert_type(code, int)
        case _:
            pass


async def charge() -> None:
    charge_point = ChargePoint("wss://csms.example.com/ocpp", v201, v16, identity="CP001", password=b"secret")

    @charge_point.on(v16.RemoteStartTransaction)
    async def start(connection: Connection, request: v16.RemoteStartTransaction) -> v16.RemoteStartTransactionResponse:
        assert_type(request.charging_profile, v16.ChargingProfile | None)
        return v16.RemoteStartTransactionResponse(status=v16.RemoteStartStopStatus.ACCEPTED)

    async with charge_point:
        boot = await charge_point.call(
            v201.BootNotification(
                charging_station=v201.ChargingStationType(model="One", vendor_name="ACME"),
                reason=v201.BootReasonEnumType.POWER_UP,
                custom_data=CustomData({"vendorId": "ACME", "anything": [None]}),
            )
        )
        assert_type(boot, v201.BootNotificationResponse)
        assert_type(boot.status, v201.RegistrationStatusEnumType)
        stop = v16.StopTransaction(meter_stop=1, timestamp=datetime.now(UTC), transaction_id=2)
        delivery: asyncio.Future[v16.StopTransactionResponse] = charge_point.deliver(stop)
        assert_type((await delivery).id_tag_info, v16.IdTagInfo | None)


class UnlatchResponse(Response, frozen=True):
    is_open: bool


class Unlatch(Request["Unlatch", UnlatchResponse], frozen=True):
    door: int


acme = CSMS(extended(v16, Unlatch), v201, authenticate=authenticate)


def unlatch_all(station: Station[Tenant]) -> Unlatch:
    return Unlatch(door=len(station.session.name))


@acme.on(Unlatch)
async def unlatch(station: Station[Tenant], request: Unlatch) -> UnlatchResponse:
    assert_type((await station.call(request)).is_open, bool)
    assert_type((await station.call_raw("Unlatch", {"door": request.door})), Any)
    return UnlatchResponse(is_open=True)


assert_type(v16.ACTIONS["Reset"], Action)

"""Mistakes that both checkers must report: exactly on the lines marked ``# E``. Read by the checkers, never run."""

# ruff: noqa: B018, RET503 - the mistakes are meant

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus

from chargewire import (
    CSMS,
    NO_REPLY,
    Accept,
    ChargePoint,
    Handlers,
    Handshake,
    NoReply,
    Reject,
    Station,
    on,
    v16,
    v21,
    v201,
)
from chargewire.messages import Request, Response


async def forgets_to_answer(handshake: Handshake) -> Accept[int] | Reject:  # E
    if handshake.password is None:
        return Reject(HTTPStatus.UNAUTHORIZED)


async def answers_with_a_boolean(handshake: Handshake) -> Accept[int] | Reject:
    return True  # E


async def anyone(handshake: Handshake) -> Accept[int]:
    return Accept(1)


CSMS(v16)  # E

csms = CSMS(v16, v201, v21, authenticate=anyone)


@csms.on(v16.Reset)  # E
async def wrong_response(station: Station[int], request: v16.Reset) -> v16.HeartbeatResponse:
    return v16.HeartbeatResponse(current_time=datetime.now(UTC))


@csms.on(v16.Reset)  # E
async def wrong_request(station: Station[int], request: v16.Heartbeat) -> v16.ResetResponse:
    return v16.ResetResponse(status=v16.ResetStatus.ACCEPTED)


@csms.on(v16.Reset)  # E
async def wrong_version(station: Station[int], request: v16.Reset) -> v201.ResetResponse:
    return v201.ResetResponse(status=v201.ResetStatusEnumType.ACCEPTED)


@csms.on(v16.Reset)  # E
async def wrong_session(station: Station[str], request: v16.Reset) -> v16.ResetResponse:
    return v16.ResetResponse(status=v16.ResetStatus.ACCEPTED)


@csms.on(v16.Reset)  # E
def not_a_coroutine(station: Station[int], request: v16.Reset) -> v16.ResetResponse:
    return v16.ResetResponse(status=v16.ResetStatus.ACCEPTED)


@csms.on(v16.ResetResponse)  # E
async def answers_a_response(station: Station[int], request: v16.ResetResponse) -> v16.ResetResponse:
    return request


@csms.on(v21.NotifyPeriodicEventStream)  # E
async def answers_a_send(station: Station[int], request: v21.NotifyPeriodicEventStream) -> v21.HeartbeatResponse:
    return v21.HeartbeatResponse(current_time=datetime.now(UTC))


@csms.on(v16.Reset)  # E
async def wrong_response_or_none(station: Station[int], request: v16.Reset) -> v16.HeartbeatResponse | NoReply:
    return NO_REPLY


@csms.on_action("Reset")  # E
async def answers_none(station: Station[int], request: Request[object, object]) -> None:
    return None


@csms.on_action(v16.Reset)  # E
async def no_name(station: Station[int], request: Request[object, object]) -> Response:
    return NO_REPLY


class Depot(Handlers):
    @on(v16.Reset)  # E
    async def wrong_response(self, station: Station[int], request: v16.Reset) -> v16.HeartbeatResponse:
        return v16.HeartbeatResponse(current_time=datetime.now(UTC))

    @on(v16.Reset)  # E
    async def wrong_request(self, station: Station[int], request: v16.Heartbeat) -> v16.ResetResponse:
        return v16.ResetResponse(status=v16.ResetStatus.ACCEPTED)


async def calls(charge_point: ChargePoint, station: Station[int]) -> None:
    reply = await charge_point.call(v16.Reset(type=v16.ResetType.SOFT))
    reply.current_time  # E
    reply.status = v16.ResetStatus.REJECTED  # E
    await charge_point.call(v16.ResetResponse(status=v16.ResetStatus.ACCEPTED))  # E
    await charge_point.call(v21.NotifyPeriodicEventStream(id=1, pending=0, basetime=datetime.now(UTC), data=[]))  # E
    await station.send(v21.Heartbeat())  # E
    station.session.upper()  # E


v16.Reset(kind="Soft")  # E
v16.Reset(type="Soft")  # E
v16.Reset(v16.ResetType.SOFT)  # E
v16.Reset()  # E
v16.HeartbeatResponse(current_time="2024-01-01T00:00:00Z")  # E
v16.GetConfiguration(key="HeartbeatInterval")  # E
v201.Reset(type=v16.ResetType.SOFT)  # E
v16.ACTIONS["Reset"] = v16.ACTIONS["ClearCache"]  # E

"""Both ends of one connection in memory: who waits for whom, and what goes around a call."""

from __future__ import annotations

import asyncio

import pytest
from support.library import NOW, Recorder, anyone, new_csms

from chargewire import (
    ANY_ACTION,
    CSMS,
    NO_REPLY,
    Backpressure,
    CallRates,
    CallRejected,
    CallTimedOut,
    CallTimeout,
    ChargePoint,
    ConnectionLost,
    Exchange,
    Limits,
    NoReply,
    NotConnected,
    Proceed,
    Rate,
    RateLimited,
    Station,
    extended,
    v16,
    v21,
    v201,
)
from chargewire.messages import Direction, RawRequest, Request, Response
from chargewire.testing import FakeClock, RecordingStation, link, serving

RESET = v16.Reset(type=v16.ResetType.SOFT)
ACCEPTED = v16.ResetResponse(status=v16.ResetStatus.ACCEPTED)


def resettable() -> RecordingStation:
    station = RecordingStation(v16)
    station.answer(v16.Reset, ACCEPTED)
    return station


async def test_a_handler_can_call_the_station_it_answers() -> None:
    """RPC-032: calls in opposite directions may cross."""
    csms = new_csms()

    @csms.on(v16.Authorize)
    async def authorize(station: Station[str], request: v16.Authorize) -> v16.AuthorizeResponse:
        assert await station.call(RESET) == ACCEPTED
        return v16.AuthorizeResponse(id_tag_info=v16.IdTagInfo(status=v16.AuthorizationStatus.ACCEPTED))

    async with link(csms, v16, handlers=resettable()) as (charge_point, _):
        answer = await charge_point.call(v16.Authorize(id_tag="TAG"))
    assert answer.id_tag_info.status is v16.AuthorizationStatus.ACCEPTED


async def test_a_slow_handler_holds_up_no_other_call_of_its_station() -> None:
    csms = new_csms()
    go_on = asyncio.Event()

    @csms.on(v16.Authorize)
    async def authorize(station: Station[str], request: v16.Authorize) -> v16.AuthorizeResponse:
        await go_on.wait()
        return v16.AuthorizeResponse(id_tag_info=v16.IdTagInfo(status=v16.AuthorizationStatus.ACCEPTED))

    async with link(csms, v16, handlers=resettable()) as (charge_point, station):
        slow = asyncio.create_task(charge_point.call(v16.Authorize(id_tag="TAG")))
        await asyncio.sleep(0)
        assert await station.call(RESET) == ACCEPTED
        assert not slow.done()
        go_on.set()
        await slow


async def test_calls_leave_one_at_a_time_and_in_order() -> None:
    """RPC-030."""
    wallbox = resettable()
    async with link(new_csms(), v16, handlers=wallbox) as (_, station):
        requests = [v16.Reset(type=kind) for kind in (v16.ResetType.SOFT, v16.ResetType.HARD) * 10]
        await asyncio.gather(*(station.call(request) for request in requests))
    assert wallbox.received == requests


async def test_a_call_fails_at_once_when_the_connection_is_lost() -> None:
    wallbox = RecordingStation(v16)
    wallbox.answer(v16.Reset, lambda _: asyncio.get_running_loop().create_future())
    async with link(new_csms(), v16, handlers=wallbox) as (charge_point, station):
        with FakeClock() as clock:
            in_flight = asyncio.create_task(station.call(RESET))
            queued = asyncio.create_task(station.call(RESET))
            await wallbox.wait_for(v16.Reset)
            started = clock()
            await charge_point.close()
            with pytest.raises(ConnectionLost):
                await in_flight
            with pytest.raises(NotConnected):
                await queued
            assert clock() == started


async def test_layers_see_calls_in_both_directions_and_may_refuse_them() -> None:
    seen: list[tuple[str, str]] = []

    async def layer(exchange: Exchange, proceed: Proceed) -> Response:
        seen.append((exchange.direction, exchange.action))
        if exchange.action == "Reset":
            raise CallRejected("SecurityError", "not today")
        return await proceed(exchange)

    wallbox = resettable()
    async with link(new_csms(middleware=[layer]), v16, handlers=wallbox) as (charge_point, station):
        assert (await charge_point.call(v16.Heartbeat())).current_time == NOW
        with pytest.raises(CallRejected, match="not today"):
            await station.call(RESET)
    assert seen == [("incoming", "Heartbeat"), ("outgoing", "Reset")]
    assert wallbox.received == []


async def test_a_handler_may_leave_a_call_unanswered() -> None:
    csms = new_csms()

    @csms.on(v16.Authorize)
    async def authorize(station: Station[str], request: v16.Authorize) -> v16.AuthorizeResponse | NoReply:
        return NO_REPLY

    async with link(csms, v16) as (charge_point, _):
        with FakeClock() as clock:
            unanswered = asyncio.create_task(charge_point.call(v16.Authorize(id_tag="TAG"), timeout=5))
            await clock.advance(5)
            with pytest.raises(CallTimeout):
                await unanswered
            assert (await charge_point.call(v16.Heartbeat())).current_time == NOW


async def test_a_layer_sees_that_there_is_no_reply_and_may_give_one() -> None:
    async def layer(exchange: Exchange, proceed: Proceed) -> Response:
        response = await proceed(exchange)
        return v16.DataTransferResponse(status=v16.DataTransferStatus.REJECTED) if response is NO_REPLY else response

    csms = new_csms(middleware=[layer])

    @csms.on_action("DataTransfer")
    async def transfer(station: Station[str], request: Request[object, object]) -> Response:
        return NO_REPLY

    async with link(csms, v16) as (charge_point, _):
        answer = await charge_point.call(v16.DataTransfer(vendor_id="v"))
    assert answer.status is v16.DataTransferStatus.REJECTED


async def test_handlers_of_an_action_and_of_any_get_validated_requests_of_every_version() -> None:
    csms = new_csms()
    seen: list[tuple[str, Request[object, object]]] = []

    @csms.on_action("BootNotification")
    async def boot(station: Station[str], request: Request[object, object]) -> Response:
        seen.append(("boot", request))
        raise CallRejected("SecurityError", "closed")

    @csms.on_action(ANY_ACTION)
    async def rest(station: Station[str], request: Request[object, object]) -> Response:
        seen.append(("rest", request))
        raise CallRejected("SecurityError", "closed")

    boot_16 = v16.BootNotification(charge_point_vendor="A", charge_point_model="B")
    boot_201 = v201.BootNotification(
        charging_station=v201.ChargingStationType(model="B", vendor_name="A"), reason=v201.BootReasonEnumType.POWER_UP
    )
    for version, request in ((v16, boot_16), (v201, boot_201), (v201, v201.Heartbeat())):
        async with link(csms, version) as (charge_point, _):
            with pytest.raises(CallRejected, match="closed"):
                await charge_point.call(request)
    assert seen == [("boot", boot_16), ("boot", boot_201), ("rest", v201.Heartbeat())]


async def test_a_removed_handler_is_called_no_more() -> None:
    csms = new_csms()
    csms.remove_handler(v16.Heartbeat)
    async with link(csms, v16) as (charge_point, _):
        with pytest.raises(CallRejected, match="NotSupported"):
            await charge_point.call(v16.Heartbeat())


# A vendor's own


class UnlatchResponse(Response, frozen=True):
    is_open: bool


class Unlatch(Request["Unlatch", UnlatchResponse], frozen=True):
    door: int


async def test_a_vendors_action_is_called_and_handled_typed() -> None:
    acme = extended(v16, Unlatch, direction=Direction.TO_STATION)
    csms: CSMS[str] = CSMS(acme, authenticate=anyone)
    wallbox = RecordingStation(acme)
    wallbox.answer(Unlatch, UnlatchResponse(is_open=True))
    async with link(csms, acme, handlers=wallbox) as (_, station):
        assert (await station.call(Unlatch(door=2))).is_open
        assert station.version is acme
        assert await station.call_raw("Unlatch", {"door": 3}) == {"is_open": True}
    assert wallbox.received == [Unlatch(door=2), Unlatch(door=3)]


async def test_an_action_that_nobody_has_registered_reaches_not_even_the_handler_of_any() -> None:
    csms = new_csms()

    @csms.on_action(ANY_ACTION)
    async def rest(station: Station[str], request: Request[object, object]) -> Response:
        raise AssertionError(request)

    async with link(csms, v16) as (charge_point, _):
        with pytest.raises(CallRejected, match="NotImplemented"):
            await charge_point.call_raw("Unlatch", {"door": 3})
        with pytest.raises(CallRejected, match="vendorId: is missing"):
            await charge_point.call_raw("DataTransfer", {})


async def test_layers_see_raw_calls_by_their_action() -> None:
    seen: list[tuple[str, Request[object, object]]] = []

    async def layer(exchange: Exchange, proceed: Proceed) -> Response:
        seen.append((exchange.action, exchange.request))
        return await proceed(exchange)

    async with link(new_csms(middleware=[layer]), v16) as (_, station):
        with pytest.raises(CallRejected):
            await station.call_raw("Unlatch", 5)
    assert seen == [("Unlatch", RawRequest(action="Unlatch", payload=5))]


# Too much


async def test_a_station_that_calls_too_often_is_refused_and_told_for_how_long() -> None:
    csms = new_csms(limits=Limits(call_rates=CallRates(of={"Heartbeat": Rate(2, per=60)})))
    events = Recorder(csms, RateLimited)
    async with link(csms, v16) as (charge_point, station):
        with FakeClock() as clock:
            await charge_point.call(v16.Heartbeat())
            await charge_point.call(v16.Heartbeat())
            with pytest.raises(CallRejected, match="GenericError: too many calls of Heartbeat") as refused:
                await charge_point.call(v16.Heartbeat())
            assert refused.value.details == {"retryAfter": 30}
            with pytest.raises(CallRejected, match="NotSupported"):  # other actions are free
                await charge_point.call(v16.Authorize(id_tag="TAG"))
            await clock.advance(30)
            assert (await charge_point.call(v16.Heartbeat())).current_time == NOW
    assert [(event.station, event.action) for event in events.of(RateLimited)] == [(station, "Heartbeat")]


async def test_connecting_again_makes_no_room_for_more_calls() -> None:
    csms = new_csms(limits=Limits(call_rates=CallRates(every=Rate(1, per=60))))
    async with serving(csms) as url:
        for answered in (True, False):
            async with ChargePoint(url, v16, identity="CP001") as charge_point:
                if answered:
                    await charge_point.call(v16.Heartbeat())
                else:
                    with pytest.raises(CallRejected, match="too many calls"):
                        await charge_point.call(v16.Heartbeat())


async def test_answers_do_not_count_as_calls() -> None:
    csms = new_csms(limits=Limits(call_rates=CallRates(every=Rate(1, per=60))))
    async with link(csms, v16, handlers=resettable()) as (charge_point, station):
        await charge_point.call(v16.Heartbeat())
        for _ in range(5):
            assert await station.call(RESET) == ACCEPTED


async def test_a_send_too_many_is_dropped_without_an_answer() -> None:
    """RPC-007."""
    csms: CSMS[str] = CSMS(v21, authenticate=anyone, limits=Limits(call_rates=CallRates(every=Rate(1, per=60))))
    received: list[int] = []

    @csms.on_send(v21.NotifyPeriodicEventStream)
    async def stream(station: Station[str], message: v21.NotifyPeriodicEventStream) -> None:
        received.append(message.id)

    events = Recorder(csms)
    async with link(csms, v21) as (charge_point, _):
        data = [v21.StreamDataElementType(t=0.0, v="1")]
        for number in (1, 2):
            await charge_point.send(v21.NotifyPeriodicEventStream(data=data, id=number, pending=0, basetime=NOW))
        await events.wait_for(RateLimited)
    assert received == [1]


async def test_a_call_without_an_answer_is_an_event_too() -> None:
    wallbox = RecordingStation(v16)
    wallbox.answer(v16.Reset, lambda _: asyncio.get_running_loop().create_future())
    csms = new_csms()
    events = Recorder(csms, CallTimedOut)
    async with link(csms, v16, handlers=wallbox) as (_, station):
        with FakeClock() as clock:
            calls = [asyncio.create_task(call) for call in (station.call(RESET), station.call_raw("Reset", {}))]
            await clock.advance(60)
            for call in calls:
                with pytest.raises(CallTimeout if call is calls[0] else CallRejected):
                    await call
    assert [(event.station, event.action) for event in events.of(CallTimedOut)] == [(station, "Reset")]


async def test_a_station_that_calls_faster_than_it_is_served_is_an_event() -> None:
    csms = new_csms(limits=Limits(concurrent_calls=1))
    go_on = asyncio.Event()

    @csms.on(v16.Authorize)
    async def authorize(station: Station[str], request: v16.Authorize) -> v16.AuthorizeResponse:
        await go_on.wait()
        raise CallRejected("SecurityError", "closed")

    events = Recorder(csms, Backpressure)
    async with link(csms, v16) as (charge_point, station):
        with FakeClock() as clock:
            for number in range(2):
                impatient = asyncio.create_task(charge_point.call(v16.Authorize(id_tag=str(number)), timeout=1))
                await clock.advance(1)
                with pytest.raises(CallTimeout):
                    await impatient
        assert [(event.station, event.cause) for event in events.of(Backpressure)] == [(station, "calls")]
        go_on.set()

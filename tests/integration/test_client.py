"""The charge point side of the library on real sockets: connecting, coming back, and delivering what must arrive."""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

import pytest
from support.library import NOW, Recorder, anyone, new_charge_point, new_csms

from chargewire import (
    CSMS,
    Accept,
    Backoff,
    CallRejected,
    ChargePoint,
    Connected,
    Disconnected,
    Handshake,
    NotConnected,
    Outbox,
    Reconnecting,
    Reject,
    Station,
    Timeouts,
    UpgradeRefused,
    v16,
    v201,
)

AT_ONCE = Backoff(wait_minimum=0.01, random_range=0.0, repeat_times=0)


def stop(transaction_id: int) -> v16.StopTransaction:
    return v16.StopTransaction(transaction_id=transaction_id, meter_stop=1, timestamp=NOW)


class Billing:
    """A CSMS that writes down the transactions stopped, and refuses as many of them as it is told to."""

    def __init__(self) -> None:
        self.stopped: list[int] = []
        self.refusals = 0
        self.csms = new_csms(timeouts=Timeouts(close=0.5))
        self.csms.on(v16.StopTransaction)(self._stop)

    async def _stop(self, station: Station[str], request: v16.StopTransaction) -> v16.StopTransactionResponse:
        self.stopped.append(request.transaction_id)
        if self.refusals:
            self.refusals -= 1
            raise CallRejected("InternalError")
        return v16.StopTransactionResponse()


async def test_the_identity_is_percent_encoded_and_the_password_sent_as_bytes() -> None:
    """CON-002, SEC-004, SEC-006."""
    seen: list[Handshake] = []

    async def authenticate(handshake: Handshake) -> Accept[str]:
        seen.append(handshake)
        return Accept("")

    async with new_csms(authenticate=authenticate).serve("127.0.0.1", 0) as server:
        async with new_charge_point(server.port, "RDAM|12 3", password=b"\x00\xff"):
            pass
    assert seen[0].target == "/ocpp/RDAM%7C12%203"
    assert seen[0].headers["authorization"] == "Basic " + base64.b64encode(b"RDAM|12 3:\x00\xff").decode()


@pytest.mark.parametrize("status", [HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE])
async def test_a_refusal_is_raised_with_its_status_and_reason(status: HTTPStatus) -> None:
    async def authenticate(handshake: Handshake) -> Reject:
        return Reject(status, "not you")

    async with new_csms(authenticate=authenticate).serve("127.0.0.1", 0) as server:
        with pytest.raises(UpgradeRefused) as refused:
            async with new_charge_point(server.port):
                raise AssertionError
    assert (refused.value.status, refused.value.reason) == (status, "not you")


async def test_a_csms_that_chooses_no_version_is_refused() -> None:
    csms: CSMS[str] = CSMS(v201, authenticate=anyone, on_no_subprotocol="close_after_handshake")
    async with csms.serve("127.0.0.1", 0) as server:
        with pytest.raises(UpgradeRefused, match="no subprotocol, offered"):
            async with new_charge_point(server.port):
                raise AssertionError


async def test_a_csms_that_is_not_there_is_an_oserror_and_one_that_does_not_answer_a_timeout() -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    port = silent.getsockname()[1]
    with silent, pytest.raises(TimeoutError):
        async with new_charge_point(port, timeouts=Timeouts(connect=0.05)):
            raise AssertionError
    with pytest.raises(OSError, match=r"refused|failed"):
        async with new_charge_point(port):
            raise AssertionError


async def test_calls_without_a_connection_fail_at_once() -> None:
    charge_point = new_charge_point(9)
    with pytest.raises(NotConnected):
        await charge_point.call(v16.Heartbeat())
    assert not charge_point.is_connected
    assert charge_point.version is None


async def test_a_lost_connection_is_dialled_again_without_end() -> None:
    """CON-024: also when the first attempt fails."""
    csms = new_csms(timeouts=Timeouts(close=0.5))
    async with csms.serve("127.0.0.1", 0) as server:
        port = server.port
    charge_point = new_charge_point(port, backoff=AT_ONCE)
    events = Recorder(charge_point)
    charge_point.start()
    assert (await events.wait_for(Reconnecting, count=2)).attempt == 2
    for visit in (1, 2):
        async with csms.serve("127.0.0.1", port):
            await events.wait_for(Connected, count=visit)
            assert (await charge_point.call(v16.Heartbeat())).current_time == NOW
        await events.wait_for(Disconnected, count=visit)
    await charge_point.close()
    assert [event.by for event in events.of(Disconnected)] == ["peer", "peer"]


async def test_a_csms_that_ends_the_connection_instead_of_answering_is_a_failed_attempt() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with new_csms().serve("127.0.0.1", 0) as server:
        charge_point = new_charge_point(server.port, backoff=AT_ONCE)
        await charge_point.__aenter__()
    events = Recorder(charge_point)
    async with await asyncio.start_server(hang_up, "127.0.0.1", server.port):
        attempt = await events.wait_for(Reconnecting, count=3)
        assert isinstance(attempt.error, ConnectionError)
        assert attempt.attempt >= 2
        assert not charge_point.is_connected
        await charge_point.close()


async def test_a_closed_charge_point_stays_closed() -> None:
    async with new_csms().serve("127.0.0.1", 0) as server:
        charge_point = new_charge_point(server.port, backoff=AT_ONCE)
        async with charge_point:
            events = Recorder(charge_point)
        await asyncio.sleep(0.05)
        assert [type(event) for event in events.events] == [Disconnected]
        assert not charge_point.is_connected


async def test_a_dropped_connection_comes_back() -> None:
    async with (
        new_csms().serve("127.0.0.1", 0) as server,
        new_charge_point(server.port, backoff=AT_ONCE) as charge_point,
    ):
        events = Recorder(charge_point)
        await charge_point.drop(1000, "password changed")
        await events.wait_for(Connected)
        assert (await charge_point.call(v16.Heartbeat())).current_time == NOW


async def test_deliveries_arrive_in_order_those_made_offline_first() -> None:
    """T16-004."""
    billing = Billing()
    async with billing.csms.serve("127.0.0.1", 0) as server:
        charge_point = new_charge_point(server.port)
        answers = [charge_point.deliver(stop(number)) for number in range(3)]
        async with charge_point:
            answers += [charge_point.deliver(stop(number)) for number in range(3, 5)]
            await asyncio.gather(*answers)
    assert billing.stopped == [0, 1, 2, 3, 4]
    assert charge_point.queued == 0


async def test_a_refused_delivery_is_tried_again_before_the_next_and_given_up_at_last() -> None:
    """T16-005, RPC-086."""
    billing = Billing()
    billing.refusals = 4
    outbox = Outbox(attempts=3, retry_interval=0.01)
    async with (
        billing.csms.serve("127.0.0.1", 0) as server,
        new_charge_point(server.port, outbox=outbox) as charge_point,
    ):
        first, second = charge_point.deliver(stop(1)), charge_point.deliver(stop(2))
        with pytest.raises(CallRejected):
            await first
        await second
    assert billing.stopped == [1, 1, 1, 2, 2]


async def test_deliveries_wait_while_held() -> None:
    """BOOT-001."""
    billing = Billing()
    async with billing.csms.serve("127.0.0.1", 0) as server, new_charge_point(server.port) as charge_point:
        charge_point.hold_deliveries()
        answer = charge_point.deliver(stop(1))
        await charge_point.call(v16.Heartbeat())
        assert billing.stopped == []
        charge_point.release_deliveries()
        await answer
    assert billing.stopped == [1]


async def test_a_delivery_is_revised_right_before_it_leaves() -> None:
    """The transaction id of a start made offline."""
    billing = Billing()
    known: list[int] = []
    async with billing.csms.serve("127.0.0.1", 0) as server:
        charge_point = new_charge_point(server.port)
        answer = charge_point.deliver(stop(-1), revise=lambda message: stop(known[0]))
        known.append(42)
        async with charge_point:
            await answer
    assert billing.stopped == [42]


async def test_a_delivery_cut_off_is_delivered_on_the_next_connection() -> None:
    received = asyncio.Event()
    counted: list[int] = []
    csms = new_csms(timeouts=Timeouts(close=0.2))

    @csms.on(v16.StopTransaction)
    async def stopped(station: Station[str], request: v16.StopTransaction) -> v16.StopTransactionResponse:
        counted.append(request.transaction_id)
        received.set()
        if len(counted) == 1:
            await asyncio.Event().wait()
        return v16.StopTransactionResponse()

    async with csms.serve("127.0.0.1", 0) as server:
        port = server.port
        charge_point = new_charge_point(port, backoff=AT_ONCE)
        charge_point.start()
        answer = charge_point.deliver(stop(7))
        await received.wait()
    async with csms.serve("127.0.0.1", port):
        await answer
        await charge_point.close()
    assert counted == [7, 7]


async def test_a_delivery_that_cannot_be_revised_is_logged_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    billing = Billing()
    known: list[int] = []
    async with billing.csms.serve("127.0.0.1", 0) as server, new_charge_point(server.port) as charge_point:
        first = charge_point.deliver(stop(-1), revise=lambda message: stop(known[0]))
        await charge_point.call(v16.Heartbeat())
        assert "could not be revised" in caplog.text
        known.append(1)
        await asyncio.gather(first, charge_point.deliver(stop(2)))
    assert billing.stopped == [1, 2]


async def test_deliveries_rest_while_a_connection_closes_slowly() -> None:
    """The CSMS takes its time to answer the close frame; a delivery put meanwhile waits for the next connection."""
    billing = Billing()
    async with (
        billing.csms.serve("127.0.0.1", 0) as server,
        new_charge_point(server.port, backoff=AT_ONCE) as charge_point,
    ):
        events = Recorder(charge_point)
        dropping = asyncio.ensure_future(charge_point.drop())
        await asyncio.sleep(0)
        answer = charge_point.deliver(stop(1))
        await dropping
        await events.wait_for(Connected)
        await answer
    assert billing.stopped == [1]


async def test_what_is_not_delivered_stays_in_the_outbox_for_the_next_charge_point() -> None:
    billing = Billing()
    outbox = Outbox()
    offline = new_charge_point(9, outbox=outbox)
    answer = offline.deliver(stop(1))
    await offline.close()
    assert answer.cancelled()
    async with (
        billing.csms.serve("127.0.0.1", 0) as server,
        new_charge_point(server.port, outbox=outbox) as charge_point,
    ):
        await charge_point.deliver(stop(2))
    assert billing.stopped == [1, 2]


@asynccontextmanager
async def _compressing() -> AsyncIterator[tuple[CSMS[str], ChargePoint]]:
    csms: CSMS[str] = CSMS(v201, authenticate=anyone)
    async with csms.serve("127.0.0.1", 0) as server:
        url = f"ws://127.0.0.1:{server.port}"
        async with ChargePoint(url, v201, identity="CP001", compress=True) as charge_point:
            yield csms, charge_point


async def test_both_sides_compress_when_both_want_it() -> None:
    """CON-015."""
    async with _compressing() as (csms, charge_point):

        @csms.on(v201.DataTransfer)
        async def transfer(station: Station[str], request: v201.DataTransfer) -> v201.DataTransferResponse:
            return v201.DataTransferResponse(status=v201.DataTransferStatusEnumType.ACCEPTED, data=request.data)

        data = {"text": "äöü" * 1000}
        answer = await charge_point.call(v201.DataTransfer(vendor_id="v", data=data))
        assert answer.data == data


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"url": "http://example.com"}, "url"),
        ({"url": "ws://"}, "url"),
        ({"versions": ()}, "versions"),
        ({"identity": "a:b", "password": b"x"}, "identity"),
        ({"tolerate": {"nonsense"}}, "tolerate"),
    ],
)
async def test_nonsense_is_refused_with_the_name_of_the_argument(arguments: dict[str, object], field: str) -> None:
    given = {"url": "ws://127.0.0.1", "versions": (v16,), "identity": "CP001", **arguments}
    with pytest.raises(ValueError, match=f"^{field}: "):
        ChargePoint(given.pop("url"), *given.pop("versions"), **given)  # type: ignore[misc, arg-type]

"""The live bridge with a real Socket.IO client: what it sends, how a browser resumes, commands."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import socketio
from support.service import BOOT_16, TOKEN, Service, open_browser, running_service

from chargewire import ChargePoint, v16
from chargewire.backoffice.api.browser import PAGE

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
STOP = datetime(2026, 3, 1, 13, 0, tzinfo=UTC)


@pytest_asyncio.fixture
async def service() -> AsyncIterator[Service]:
    async with running_service() as running:
        yield running


async def heartbeats(charge_point: ChargePoint, count: int) -> None:
    for _ in range(count):
        await charge_point.call(v16.Heartbeat())


def cursors(events: list[dict[str, Any]]) -> list[int]:
    return [event["cursor"] for event in events]


def numbers(frames: list[dict[str, Any]]) -> list[int]:
    return [frame["seq"] for frame in frames]


class TestAccess:
    @pytest.mark.parametrize("auth", [None, {}, {"token": "wrong"}, {"token": 7}, {"token": None}, "token", [TOKEN]])
    async def test_a_browser_without_the_token_is_turned_away(self, service: Service, auth: Any) -> None:
        client: Any = socketio.AsyncClient(reconnection=False)
        refusals: list[Any] = []
        client.on("connect_error", refusals.append)
        with pytest.raises(socketio.exceptions.ConnectionError):
            await client.connect(service.url, auth=auth, transports=["websocket"])
        assert refusals == [{"message": "unauthorized"}]
        await client.disconnect()

    async def test_the_page_of_another_origin_is_turned_away(self, service: Service) -> None:
        client: Any = socketio.AsyncClient(reconnection=False)
        with pytest.raises(socketio.exceptions.ConnectionError):
            await client.connect(
                service.url, auth={"token": TOKEN}, headers={"Origin": "https://evil.example"}, transports=["polling"]
            )
        await client.disconnect()


class TestEvents:
    async def test_a_charging_cycle_is_told_as_it_happens(self, service: Service) -> None:
        async with open_browser(service) as browser, service.rest() as rest:
            await rest.put("/id-tokens/CARD", json={"status": "Accepted"})
            answer = await browser.subscribe()
            assert answer == {"events": 0, "frames": {"epoch": answer["frames"]["epoch"], "seq": 0}, "gap": False}
            async with service.charge_point() as charge_point:
                await charge_point.call(BOOT_16)
                await charge_point.call(v16.Heartbeat())
                await charge_point.call(
                    v16.StatusNotification(
                        connector_id=1,
                        error_code=v16.ChargePointErrorCode.NO_ERROR,
                        status=v16.ChargePointStatus.PREPARING,
                    )
                )
                started = await charge_point.call(
                    v16.StartTransaction(connector_id=1, id_tag="CARD", meter_start=1000, timestamp=START)
                )
                value = v16.MeterValue(timestamp=START, sampled_value=(v16.SampledValue(value="1100"),))
                await charge_point.call(
                    v16.MeterValues(connector_id=1, transaction_id=started.transaction_id, meter_value=(value,))
                )
                await charge_point.call(
                    v16.StopTransaction(transaction_id=started.transaction_id, meter_stop=1200, timestamp=STOP)
                )
            events = await browser.until_events(
                "station.connected",
                "station.booted",
                "station.heartbeat",
                "connector.status",
                "transaction.started",
                "meter.values",
                "transaction.updated",
                "transaction.ended",
                "station.disconnected",
            )
            stored = (await rest.get(f"/transactions/{started.transaction_id}")).json()
        assert all(event["station"] == "CP001" and event["at"].endswith("Z") for event in events)
        data = {event["type"]: event["data"] for event in events}
        assert data["station.connected"] == {"protocol": "ocpp1.6"}
        assert data["station.booted"]["registration"] == "Accepted"
        assert data["connector.status"] == {"evseId": 1, "connectorId": 1, "status": "Preparing", "errorCode": None}
        assert data["meter.values"]["energyWh"] == 1100
        assert data["meter.values"]["transactionId"] == started.transaction_id
        del stored["meter"]
        assert data["transaction.ended"]["transaction"] == stored
        assert cursors(browser.events) == sorted(set(cursors(browser.events)))

    async def test_only_the_stations_asked_for_are_told(self, service: Service) -> None:
        async with open_browser(service) as browser:
            await browser.subscribe(["CP002"])
            for identity in ("CP001", "CP002"):
                async with service.charge_point(identity) as charge_point:
                    await charge_point.call(BOOT_16)
            await browser.until_events("station.connected", "station.booted", "station.disconnected")
        assert {event["station"] for event in browser.events} == {"CP002"}

    async def test_nothing_is_told_after_unsubscribing(self, service: Service) -> None:
        async with open_browser(service) as browser, open_browser(service) as other:
            await browser.subscribe()
            await other.subscribe()
            assert await browser.call("unsubscribe", {}) == {}
            async with service.charge_point():
                await other.until_events("station.connected")
        assert browser.events == []

    async def test_a_new_subscription_replaces_the_old_one(self, service: Service) -> None:
        async with open_browser(service) as browser:
            await browser.subscribe("*", frames=True)
            await browser.subscribe(["CP002"])
            for identity in ("CP001", "CP002"):
                async with service.charge_point(identity) as charge_point:
                    await charge_point.call(BOOT_16)
            await browser.until_events("station.booted")
        assert {event["station"] for event in browser.events} == {"CP002"}
        assert browser.frames == []


class TestResume:
    async def test_a_browser_that_comes_back_misses_nothing_and_sees_nothing_twice(self, service: Service) -> None:
        missed = PAGE + 50  # more than are read at a time
        async with service.charge_point() as charge_point:
            await charge_point.call(BOOT_16)
            async with open_browser(service) as first:
                await first.subscribe("*")
                await heartbeats(charge_point, 5)
                await first.until_events(*["station.heartbeat"] * 5)
            seen = cursors(first.events)
            await heartbeats(charge_point, missed)
            async with open_browser(service) as second:
                beating = asyncio.create_task(heartbeats(charge_point, 20))
                answer = await second.subscribe("*", after={"events": seen[-1], "frames": None})
                assert cursors(second.events)[-1] <= answer["events"]
                assert len(second.events) >= missed, "what was missed comes before the answer"
                await beating
                await second.until_events(*["station.heartbeat"] * (missed + 20))
        assert answer["gap"] is False
        both = seen + cursors(second.events)
        assert both == list(range(both[0], both[0] + 5 + missed + 20))

    async def test_the_cursor_of_the_answer_resumes_where_the_answer_was_given(self, service: Service) -> None:
        async with service.charge_point("CP001") as one, service.charge_point("CP002") as other:
            await heartbeats(one, 1)
            await heartbeats(other, 3)
            async with open_browser(service) as browser:
                position = (await browser.subscribe(["CP001"]))["events"]
            await heartbeats(one, 2)
            async with open_browser(service) as browser:
                await browser.subscribe("*", after={"events": position})
                assert [event["type"] for event in browser.events] == ["station.heartbeat"] * 2

    async def test_a_restart_of_the_service_loses_no_event(self, tmp_path: Path) -> None:
        database = f"sqlite:///{tmp_path / 'csms.db'}"
        async with running_service(database=database) as service, open_browser(service) as browser:
            await browser.subscribe("*", frames=True)
            async with service.charge_point() as charge_point:
                await charge_point.call(BOOT_16)
            await browser.until_events("station.disconnected")
            frames = await browser.until_frames(2)
            seen = cursors(browser.events)
        async with running_service(database=database) as service:
            async with service.until("station.disconnected"), service.charge_point() as charge_point:
                await charge_point.call(BOOT_16)
            async with open_browser(service) as browser:
                position = {"events": seen[-1], "frames": {"epoch": frames[-1]["epoch"], "seq": frames[-1]["seq"]}}
                answer = await browser.subscribe("*", frames=True, after=position)
        assert [event["type"] for event in browser.events] == [
            "station.connected",
            "station.booted",
            "station.disconnected",
        ]
        assert answer["gap"] is True, "frames of the earlier process are gone"
        assert len(browser.frames) == 2

    async def test_a_cursor_of_another_database_is_a_gap(self, service: Service) -> None:
        async with service.charge_point() as charge_point, open_browser(service) as browser:
            answer = await browser.subscribe("*", after={"events": 4711})
            assert answer["gap"] is True
            await charge_point.call(v16.Heartbeat())
            await browser.until_events("station.heartbeat")


class TestFrames:
    async def test_frames_come_raw_in_order_with_their_direction(self, service: Service) -> None:
        async with open_browser(service) as browser, service.charge_point() as charge_point:
            await browser.subscribe(["CP001"], frames=True)
            await charge_point.call(BOOT_16)
            sent, answered = await browser.until_frames(2)
        assert (sent["station"], sent["direction"], answered["direction"]) == ("CP001", "in", "out")
        assert json.loads(sent["text"])[2] == "BootNotification"
        assert json.loads(answered["text"])[2]["status"] == "Accepted"
        assert answered["seq"] == sent["seq"] + 1
        assert answered["epoch"] == sent["epoch"]
        assert sent["at"].endswith("Z")

    async def test_who_looks_at_one_station_sees_what_it_said_before(self, service: Service) -> None:
        async with service.charge_point() as charge_point, open_browser(service) as browser:
            await heartbeats(charge_point, 60)
            answer = await browser.subscribe(["CP001"], frames=True)
            assert numbers(browser.frames) == list(range(21, 121)), "the last hundred come before the answer"
            await heartbeats(charge_point, 1)
            await browser.until_frames(102)
        assert answer["frames"]["seq"] == 120
        assert answer["gap"] is False
        assert numbers(browser.frames) == list(range(21, 123))

    async def test_who_looks_at_all_stations_sees_what_they_say_from_now_on(self, service: Service) -> None:
        async with service.charge_point() as charge_point, open_browser(service) as browser:
            await heartbeats(charge_point, 2)
            await browser.subscribe("*", frames=True)
            await heartbeats(charge_point, 1)
            await browser.until_frames(2)
        assert numbers(browser.frames) == [5, 6]

    async def test_frames_resume_by_number_without_gap_or_double(self, service: Service) -> None:
        async with service.charge_point() as charge_point:
            async with open_browser(service) as browser:
                await browser.subscribe(["CP001"], frames=True)
                await heartbeats(charge_point, 3)
                seen = await browser.until_frames(6)
            await heartbeats(charge_point, 10)
            position = {"epoch": seen[-1]["epoch"], "seq": seen[-1]["seq"]}
            async with open_browser(service) as browser:
                beating = asyncio.create_task(heartbeats(charge_point, 10))
                answer = await browser.subscribe(["CP001"], frames=True, after={"frames": position})
                await beating
                await browser.until_frames(40)
        assert answer["gap"] is False
        assert numbers(browser.frames) == list(range(7, 47))

    async def test_frames_that_memory_no_longer_has_are_a_gap(self, service: Service) -> None:
        async with service.charge_point() as charge_point, open_browser(service) as browser:
            epoch = (await browser.subscribe("*"))["frames"]["epoch"]
            await heartbeats(charge_point, 60)
            answer = await browser.subscribe(["CP001"], frames=True, after={"frames": {"epoch": epoch, "seq": 19}})
            assert answer["gap"] is True
            answer = await browser.subscribe(["CP001"], frames=True, after={"frames": {"epoch": epoch, "seq": 20}})
            assert answer["gap"] is False


class TestCommands:
    async def test_a_command_is_answered_as_over_rest(self, service: Service) -> None:
        charge_point = service.charge_point()

        @charge_point.on(v16.Reset)
        async def reset(connection: object, request: v16.Reset) -> v16.ResetResponse:
            return v16.ResetResponse(status=v16.ResetStatus.REJECTED)

        command = {"station": "CP001", "action": "Reset", "payload": {"type": "Hard"}, "timeout": 5}
        async with charge_point, open_browser(service) as browser:
            assert await browser.call("command", command) == {"type": "result", "payload": {"status": "Rejected"}}

    @pytest.mark.parametrize(
        ("change", "status", "field"),
        [
            ({"station": "CP404"}, 404, None),
            ({"payload": {"type": "Lukewarm"}}, 422, "type"),
            ({"action": "Dance"}, 422, "action"),
            ({"timeout": 1000}, 422, "timeout"),
            ({"payload": "Soft"}, 422, "payload"),
            ({"station": None}, 422, "station"),
            ({"colour": "red"}, 422, "colour"),
        ],
    )
    async def test_a_wrong_command_is_a_failure_with_the_status_of_rest(
        self, service: Service, change: dict[str, Any], status: int, field: str | None
    ) -> None:
        command = {"station": "CP001", "action": "Reset", "payload": {"type": "Soft"}, "timeout": 5, **change}
        async with service.charge_point(), open_browser(service) as browser:
            answer = await browser.call("command", command)
        assert (answer["type"], answer["status"]) == ("failure", status)
        assert answer["detail"]
        assert [error["field"] for error in answer.get("errors", [])] == ([field] if field else [])

    @pytest.mark.parametrize("message", [None, 7, "*", [], {}, {"stations": "some"}, {"stations": ["A"], "after": 5}])
    async def test_a_wrong_subscription_is_a_failure(self, service: Service, message: Any) -> None:
        async with open_browser(service) as browser:
            answer = await browser.call("subscribe", message)
        assert (answer["type"], answer["status"]) == ("failure", 422)

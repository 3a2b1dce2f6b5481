"""The REST API over HTTP: every route, and every way in which a request can be wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import pytest_asyncio
from support.service import BOOT_16, BOOT_201, TOKEN, Service, running_service

from chargewire import CallRejected, ChargePoint, ErrorCode, v16, v201
from chargewire.backoffice.domain import UnknownStations, UnknownTokens

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
STOP = datetime(2026, 3, 1, 13, 0, tzinfo=UTC)

ROUTES = [
    ("GET", "/stations"),
    ("GET", "/stations/CP001"),
    ("PATCH", "/stations/CP001"),
    ("POST", "/stations/CP001/commands/Reset"),
    ("GET", "/transactions"),
    ("GET", "/transactions/1"),
    ("GET", "/id-tokens"),
    ("PUT", "/id-tokens/CARD"),
    ("DELETE", "/id-tokens/CARD"),
]


@pytest_asyncio.fixture
async def service() -> AsyncIterator[Service]:
    async with running_service() as running:
        yield running


@pytest_asyncio.fixture
async def rest(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with service.rest() as client:
        yield client


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    """Check that an answer is a problem with this status; return its members."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    members: dict[str, Any] = answer.json()
    assert members["type"] == "about:blank"
    assert members["status"] == status
    assert members["title"]
    assert members["detail"]
    return members


def fields(answer: httpx.Response) -> list[str]:
    return [error["field"] for error in problem(answer, 422)["errors"]]


async def charge(charge_point: ChargePoint, *, card: str = "CARD") -> int:
    """Run an OCPP 1.6 charging cycle; return its transaction id."""
    started = await charge_point.call(
        v16.StartTransaction(connector_id=1, id_tag=card, meter_start=1000, timestamp=START)
    )
    value = v16.SampledValue(value="2500", measurand=v16.Measurand.ENERGY_ACTIVE_IMPORT_REGISTER)
    power = v16.SampledValue(value="7.4", measurand=v16.Measurand.POWER_ACTIVE_IMPORT, unit=v16.UnitOfMeasure.KW)
    sampled = v16.MeterValue(timestamp=START.replace(minute=30), sampled_value=(value, power))
    await charge_point.call(
        v16.MeterValues(connector_id=1, transaction_id=started.transaction_id, meter_value=(sampled,))
    )
    await charge_point.call(
        v16.StopTransaction(transaction_id=started.transaction_id, meter_stop=4000, timestamp=STOP, id_tag=card)
    )
    return started.transaction_id


class TestAccess:
    @pytest.mark.parametrize(("method", "path"), ROUTES)
    @pytest.mark.parametrize(
        "header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}, {"Authorization": TOKEN}]
    )
    async def test_every_route_wants_the_token(
        self, service: Service, method: str, path: str, header: dict[str, str]
    ) -> None:
        async with service.rest(token=None) as nobody:
            answer = await nobody.request(method, path, headers=header, json={"status": "Accepted"})
        members = problem(answer, 401)
        assert TOKEN not in str(members)
        assert answer.headers["www-authenticate"].startswith('Bearer realm="chargewire"')

    async def test_the_health_check_is_open_to_everybody(self, service: Service) -> None:
        async with httpx.AsyncClient(base_url=service.url) as nobody:
            answer = await nobody.get("/health")
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})

    async def test_answers_are_kept_by_no_cache(self, rest: httpx.AsyncClient) -> None:
        answer = await rest.get("/stations")
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"


class TestErrors:
    async def test_a_path_that_is_not_there_is_a_problem(self, rest: httpx.AsyncClient) -> None:
        problem(await rest.get("/nothing"), 404)
        problem(await rest.get("/stations/CP001/commands"), 404)

    async def test_a_method_that_a_path_does_not_have_is_a_problem(self, rest: httpx.AsyncClient) -> None:
        answer = await rest.delete("/stations")
        problem(answer, 405)
        assert "GET" in answer.headers["allow"]

    async def test_a_body_that_is_no_json_is_a_problem(self, rest: httpx.AsyncClient) -> None:
        problem(await rest.put("/id-tokens/CARD", content=b"{", headers={"Content-Type": "application/json"}), 400)

    async def test_a_body_without_end_is_a_problem(self, rest: httpx.AsyncClient) -> None:
        problem(await rest.put("/id-tokens/CARD", json={"status": "Accepted", "note": "x" * 2_000_000}), 413)

    async def test_without_its_database_the_service_says_so(self, service: Service, rest: httpx.AsyncClient) -> None:
        await service.backoffice.store.close()
        problem(await rest.put("/id-tokens/CARD", json={"status": "Accepted"}), 503)

    @pytest.mark.parametrize(
        ("query", "field"),
        [("limit=0", "limit"), ("limit=501", "limit"), ("limit=many", "limit"), ("cursor=nonsense", "cursor")],
    )
    @pytest.mark.parametrize("path", ["/stations", "/transactions", "/id-tokens"])
    async def test_a_wrong_page_is_named(self, rest: httpx.AsyncClient, path: str, query: str, field: str) -> None:
        assert fields(await rest.get(f"{path}?{query}")) == [field]


class TestStations:
    async def test_a_station_is_listed_with_what_it_told(self, service: Service, rest: httpx.AsyncClient) -> None:
        assert (await rest.get("/stations")).json() == {"items": [], "next": None}
        async with service.charge_point() as charge_point:
            await charge_point.call(BOOT_16)
            for connector in (0, 1):
                await charge_point.call(
                    v16.StatusNotification(
                        connector_id=connector,
                        error_code=v16.ChargePointErrorCode.NO_ERROR,
                        status=v16.ChargePointStatus.AVAILABLE,
                        timestamp=START,
                    )
                )
            [station] = (await rest.get("/stations")).json()["items"]
            assert station == (await rest.get("/stations/CP001")).json()
        assert station.pop("lastSeenAt").endswith("Z")
        assert station.pop("connectedAt").endswith("Z")
        assert station == {
            "identity": "CP001",
            "connected": True,
            "registration": "Accepted",
            "protocol": "ocpp1.6",
            "vendor": "Acme",
            "model": "One",
            "serialNumber": None,
            "firmwareVersion": None,
            "connectors": [
                {
                    "evseId": 1,
                    "connectorId": 1,
                    "status": "Available",
                    "errorCode": None,
                    "statusAt": "2026-03-01T12:00:00.000Z",
                    "transactionId": None,
                }
            ],
        }

    async def test_lists_come_in_pages(self, service: Service, rest: httpx.AsyncClient) -> None:
        for identity in ("CP001", "CP002", "CP003"):
            async with service.charge_point(identity) as charge_point:
                await charge_point.call(BOOT_16)
        first = (await rest.get("/stations?limit=2")).json()
        assert [station["identity"] for station in first["items"]] == ["CP001", "CP002"]
        second = (await rest.get(f"/stations?limit=2&cursor={first['next']}")).json()
        assert [station["identity"] for station in second["items"]] == ["CP003"]
        assert second["next"] is None

    async def test_a_station_nobody_knows_is_not_found(self, rest: httpx.AsyncClient) -> None:
        assert "CP404" in problem(await rest.get("/stations/CP404"), 404)["detail"]
        problem(await rest.patch("/stations/CP404", json={"registration": "Accepted"}), 404)

    async def test_a_pending_station_is_admitted_by_the_operator(self) -> None:
        """BOOT-006: it stays pending until somebody decides, and its next boot is answered so."""
        async with running_service(unknown_stations=UnknownStations.PENDING) as service, service.rest() as rest:
            async with service.charge_point() as charge_point:
                assert (await charge_point.call(BOOT_16)).status is v16.RegistrationStatus.PENDING
                answer = await rest.patch("/stations/CP001", json={"registration": "Accepted"})
                assert answer.json()["registration"] == "Accepted"
                assert (await charge_point.call(BOOT_16)).status is v16.RegistrationStatus.ACCEPTED

    @pytest.mark.parametrize(
        ("body", "field"),
        [({"registration": "Perhaps"}, "registration"), ({}, "registration"), ({"registraton": "Accepted"}, None)],
    )
    async def test_a_decision_that_is_none_is_named(
        self, service: Service, rest: httpx.AsyncClient, body: dict[str, str], field: str | None
    ) -> None:
        async with service.charge_point() as charge_point:
            await charge_point.call(BOOT_16)
        named = fields(await rest.patch("/stations/CP001", json=body))
        assert named == [field] if field else set(named) <= {"registration", "registraton"}


class TestTransactions:
    async def test_a_charging_cycle_is_told_with_its_curve(self, service: Service, rest: httpx.AsyncClient) -> None:
        await rest.put("/id-tokens/CARD", json={"status": "Accepted"})
        async with service.charge_point() as charge_point:
            await charge_point.call(BOOT_16)
            id = await charge(charge_point)
        answer = await rest.get(f"/transactions/{id}")
        transaction = answer.json()
        meter = transaction.pop("meter")
        assert transaction == (await rest.get("/transactions")).json()["items"][0]
        assert transaction == {
            "id": id,
            "station": "CP001",
            "evseId": 1,
            "connectorId": 1,
            "transactionId": str(id),
            "idToken": "CARD",
            "state": "ended",
            "chargingState": None,
            "startedAt": "2026-03-01T12:00:00.000Z",
            "endedAt": "2026-03-01T13:00:00.000Z",
            "stopReason": "Local",
            "meterStartWh": 1000,
            "meterStopWh": 4000,
            "energyWh": 3000,
            "powerW": transaction["powerW"],
            "socPercent": None,
            "flags": [],
        }
        assert {"at": "2026-03-01T12:30:00.000Z", "energyWh": 2500, "powerW": 7400, "socPercent": None} in meter
        assert [point["energyWh"] for point in meter] == [1000, 2500, 4000]

    async def test_transactions_are_found_by_station_and_state(self, service: Service, rest: httpx.AsyncClient) -> None:
        for identity in ("CP001", "CP002"):
            async with service.charge_point(identity) as charge_point:
                await charge_point.call(BOOT_16)
                await charge(charge_point)
                await charge_point.call(
                    v16.StartTransaction(connector_id=2, id_tag="CARD", meter_start=0, timestamp=START)
                )

        async def found(query: str) -> list[tuple[str, str]]:
            answer = await rest.get(f"/transactions?{query}")
            return [(each["station"], each["state"]) for each in answer.json()["items"]]

        assert await found("station=CP001") == [("CP001", "open"), ("CP001", "ended")]
        assert await found("state=open") == [("CP002", "open"), ("CP001", "open")]
        assert await found("state=ended&station=CP002") == [("CP002", "ended")]
        assert await found("station=CP404") == []

    async def test_a_state_that_is_none_is_named(self, rest: httpx.AsyncClient) -> None:
        assert fields(await rest.get("/transactions?state=asleep")) == ["state"]

    @pytest.mark.parametrize("id", ["4711", "-1", "99999999999999999999999999"])
    async def test_a_transaction_nobody_knows_is_not_found(self, rest: httpx.AsyncClient, id: str) -> None:
        problem(await rest.get(f"/transactions/{id}"), 404)

    async def test_a_transaction_id_that_is_no_number_is_not_found(self, rest: httpx.AsyncClient) -> None:
        problem(await rest.get("/transactions/first"), 404)


class TestIdTokens:
    async def test_a_token_is_created_replaced_and_forgotten(self, rest: httpx.AsyncClient) -> None:
        body = {"status": "Accepted", "expiresAt": "2027-01-01T00:00:00+01:00", "note": "Ada's card"}
        created = await rest.put("/id-tokens/CARD", json=body)
        assert created.status_code == 201
        assert created.json() == {
            "token": "CARD",
            "type": "ISO14443",
            "status": "Accepted",
            "expiresAt": "2026-12-31T23:00:00.000Z",
            "note": "Ada's card",
        }
        replaced = await rest.put("/id-tokens/CARD", json={"status": "Blocked"})
        assert (replaced.status_code, replaced.json()["status"], replaced.json()["note"]) == (200, "Blocked", None)
        assert (await rest.get("/id-tokens")).json() == {"items": [replaced.json()], "next": None}
        assert (await rest.delete("/id-tokens/CARD")).status_code == 204
        problem(await rest.delete("/id-tokens/CARD"), 404)

    async def test_a_token_decides_who_may_charge(self, service: Service, rest: httpx.AsyncClient) -> None:
        """AUT-004: whatever the case of its letters."""
        async with service.charge_point() as charge_point:
            await charge_point.call(BOOT_16)
            unknown = await charge_point.call(v16.Authorize(id_tag="card"))
            await rest.put("/id-tokens/CARD", json={"status": "Accepted"})
            known = await charge_point.call(v16.Authorize(id_tag="card"))
        assert unknown.id_tag_info.status is v16.AuthorizationStatus.INVALID
        assert known.id_tag_info.status is v16.AuthorizationStatus.ACCEPTED

    async def test_unknown_tokens_are_accepted_where_that_is_wanted(self) -> None:
        async with running_service(unknown_tokens=UnknownTokens.ACCEPT) as service:
            async with service.charge_point() as charge_point:
                await charge_point.call(BOOT_16)
                answer = await charge_point.call(v16.Authorize(id_tag="anybody"))
        assert answer.id_tag_info.status is v16.AuthorizationStatus.ACCEPTED

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "status"),
            ({"status": "Maybe"}, "status"),
            ({"status": "Accepted", "type": ""}, "type"),
            ({"status": "Accepted", "expiresAt": "tomorrow"}, "expiresAt"),
            ({"status": "Accepted", "expiresAt": "2027-01-01T00:00:00"}, "expiresAt"),
            ({"status": "Accepted", "expiresAt": "2027-13-01T00:00:00Z"}, "expiresAt"),
            ({"status": "Accepted", "expiresAt": 1798761600}, "expiresAt"),
            ({"status": "Accepted", "expiresAt": "1798761600"}, "expiresAt"),
            ({"status": "Accepted", "type": None}, "type"),
            ({"status": "Accepted", "note": "\0"}, "note"),
            ([], ""),
            (None, ""),
            ({"status": "Accepted", "note": 7}, "note"),
            ({"status": "Accepted", "note": "x" * 501}, "note"),
            ({"status": "Accepted", "expires_at": None}, "expires_at"),
        ],
    )
    async def test_a_wrong_field_is_named(self, rest: httpx.AsyncClient, body: Any, field: str) -> None:
        assert fields(await rest.put("/id-tokens/CARD", json=body)) == [field]

    @pytest.mark.parametrize("token", ["x" * 256, "%20", "CARD%00", "CARD%0A"])
    async def test_a_token_that_no_station_can_send_is_refused(self, rest: httpx.AsyncClient, token: str) -> None:
        assert fields(await rest.put(f"/id-tokens/{token}", json={"status": "Accepted"})) == ["token"]


class TestCommands:
    async def test_a_result_is_the_payload_of_the_station(self, service: Service, rest: httpx.AsyncClient) -> None:
        charge_point = service.charge_point()

        @charge_point.on(v16.Reset)
        async def reset(connection: object, request: v16.Reset) -> v16.ResetResponse:
            assert request.type is v16.ResetType.SOFT
            return v16.ResetResponse(status=v16.ResetStatus.ACCEPTED)

        async with charge_point:
            answer = await rest.post("/stations/CP001/commands/Reset", json={"type": "Soft"})
        assert (answer.status_code, answer.json()) == (200, {"type": "result", "payload": {"status": "Accepted"}})

    async def test_the_version_of_the_station_decides_about_the_payload(
        self, service: Service, rest: httpx.AsyncClient
    ) -> None:
        charge_point = service.charge_point("CP201", v201)

        @charge_point.on(v201.Reset)
        async def reset(connection: object, request: v201.Reset) -> v201.ResetResponse:
            return v201.ResetResponse(status=v201.ResetStatusEnumType.SCHEDULED)

        async with charge_point:
            answer = await rest.post("/stations/CP201/commands/Reset", json={"type": "OnIdle"})
            wrong = await rest.post("/stations/CP201/commands/Reset", json={"type": "Soft"})
        assert answer.json() == {"type": "result", "payload": {"status": "Scheduled"}}
        assert fields(wrong) == ["type"]

    async def test_a_callerror_is_an_answer(self, service: Service, rest: httpx.AsyncClient) -> None:
        charge_point = service.charge_point()

        @charge_point.on(v16.ClearCache)
        async def clear(connection: object, request: v16.ClearCache) -> v16.ClearCacheResponse:
            raise CallRejected(ErrorCode.NOT_SUPPORTED, "no cache here", {"since": 2019})

        async with charge_point:
            answer = await rest.post("/stations/CP001/commands/ClearCache")
        assert answer.status_code == 200
        assert answer.json() == {
            "type": "error",
            "code": "NotSupported",
            "description": "no cache here",
            "details": {"since": 2019},
        }

    async def test_an_unknown_station_is_not_found(self, rest: httpx.AsyncClient) -> None:
        problem(await rest.post("/stations/CP404/commands/Reset", json={"type": "Soft"}), 404)

    async def test_a_station_that_is_not_connected_is_a_conflict(
        self, service: Service, rest: httpx.AsyncClient
    ) -> None:
        async with service.until("station.disconnected"), service.charge_point() as charge_point:
            await charge_point.call(BOOT_16)
        problem(await rest.post("/stations/CP001/commands/Reset", json={"type": "Soft"}), 409)

    @pytest.mark.parametrize("action", ["RequestStartTransaction", "BootNotification", "Dance", "reset"])
    async def test_an_action_that_is_no_command_of_the_version_is_named(
        self, service: Service, rest: httpx.AsyncClient, action: str
    ) -> None:
        async with service.charge_point():
            answer = await rest.post(f"/stations/CP001/commands/{action}", json={})
        assert fields(answer) == ["action"]
        assert "OCPP 1.6" in answer.json()["detail"]

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "idTag"),
            ({"idTag": "x" * 21}, "idTag"),
            ({"idTag": "CARD", "connectorId": "one"}, "connectorId"),
            ({"idTag": "CARD", "connectorid": 1}, "connectorid"),
            ({"idTag": "CARD", "connectorId": None}, "connectorId"),
        ],
    )
    async def test_the_wrong_field_of_a_payload_is_named(
        self, service: Service, rest: httpx.AsyncClient, body: dict[str, Any], field: str
    ) -> None:
        async with service.charge_point():
            answer = await rest.post("/stations/CP001/commands/RemoteStartTransaction", json=body)
        assert fields(answer) == [field]

    @pytest.mark.parametrize("body", [b"{", b"[]", b'"Soft"', b"\xff"])
    async def test_a_payload_that_is_no_object_is_refused(
        self, service: Service, rest: httpx.AsyncClient, body: bytes
    ) -> None:
        async with service.charge_point():
            problem(await rest.post("/stations/CP001/commands/Reset", content=body), 422)

    @pytest.mark.parametrize("timeout", ["0.5", "301", "soon", "nan"])
    async def test_a_timeout_out_of_bounds_is_named(self, rest: httpx.AsyncClient, timeout: str) -> None:
        answer = await rest.post(f"/stations/CP001/commands/Reset?timeout={timeout}", json={"type": "Soft"})
        assert fields(answer) == ["timeout"]

    async def test_a_station_that_does_not_answer_is_waited_for_in_vain(
        self, service: Service, rest: httpx.AsyncClient
    ) -> None:
        released = asyncio.Event()
        charge_point = service.charge_point()

        @charge_point.on(v16.ClearCache)
        async def clear(connection: object, request: v16.ClearCache) -> v16.ClearCacheResponse:
            await released.wait()
            return v16.ClearCacheResponse(status=v16.ClearCacheStatus.ACCEPTED)

        async with charge_point:
            first, second = await asyncio.gather(
                rest.post("/stations/CP001/commands/ClearCache?timeout=1"),
                rest.post("/stations/CP001/commands/ClearCache?timeout=1.2"),  # RPC-030: behind the first
            )
            released.set()
        problem(first, 504)
        problem(second, 504)

    async def test_a_station_that_drops_ends_the_wait_at_once(self, service: Service, rest: httpx.AsyncClient) -> None:
        charge_point = service.charge_point()

        @charge_point.on(v16.ClearCache)
        async def clear(connection: object, request: v16.ClearCache) -> v16.ClearCacheResponse:
            await charge_point.drop(1000, "power cut")
            return v16.ClearCacheResponse(status=v16.ClearCacheStatus.ACCEPTED)

        async with charge_point, asyncio.timeout(5):
            problem(await rest.post("/stations/CP001/commands/ClearCache?timeout=60"), 502)

    async def test_an_answer_that_fits_no_schema_is_a_bad_gateway(
        self, service: Service, rest: httpx.AsyncClient
    ) -> None:
        from support.rawpeer import RawPeer

        async with await RawPeer.connect(service.backoffice.ocpp.port, "/RAW", subprotocol="ocpp1.6") as peer:
            sending = asyncio.create_task(rest.post("/stations/RAW/commands/ClearCache"))
            call = json.loads(await peer.read_message())
            await peer.send(json.dumps([3, call[1], {"status": "Perhaps"}]))
            answer = await sending
        assert "status" in problem(answer, 502)["detail"]

    async def test_a_pending_station_may_send_what_it_was_triggered_to(self) -> None:
        """BOOT-006: the note is taken before the command leaves."""
        async with running_service(unknown_stations=UnknownStations.PENDING) as service, service.rest() as rest:
            charge_point = service.charge_point("CP201", v201)
            triggered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

            @charge_point.on(v201.TriggerMessage)
            async def trigger(connection: object, request: v201.TriggerMessage) -> v201.TriggerMessageResponse:
                triggered.set_result(asyncio.ensure_future(charge_point.call(v201.Heartbeat())))
                return v201.TriggerMessageResponse(status=v201.TriggerMessageStatusEnumType.ACCEPTED)

            async with charge_point:
                await charge_point.call(BOOT_201)
                with pytest.raises(CallRejected) as refused:
                    await charge_point.call(v201.Heartbeat())
                await rest.post("/stations/CP201/commands/TriggerMessage", json={"requestedMessage": "Heartbeat"})
                await (await triggered)
        assert refused.value.code == ErrorCode.SECURITY_ERROR


class TestOpenApi:
    async def test_the_document_describes_every_route_and_every_command(self, service: Service) -> None:
        async with httpx.AsyncClient(base_url=service.url, timeout=30) as nobody:
            answer = await nobody.get("/schema/openapi.json")
            assert (await nobody.get("/schema")).json() == answer.json()
        document = answer.json()
        paths = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
        assert {
            ("GET", "/api/v1/stations"),
            ("GET", "/api/v1/stations/{identity}"),
            ("PATCH", "/api/v1/stations/{identity}"),
            ("GET", "/api/v1/transactions"),
            ("GET", "/api/v1/transactions/{id}"),
            ("GET", "/api/v1/id-tokens"),
            ("PUT", "/api/v1/id-tokens/{token}"),
            ("DELETE", "/api/v1/id-tokens/{token}"),
            ("POST", "/api/v1/stations/{identity}/commands/Reset"),
            ("POST", "/api/v1/stations/{identity}/commands/RequestStartTransaction"),
            ("GET", "/health"),
        } <= paths
        assert document["openapi"].startswith("3.1")

    async def test_every_reference_of_the_document_leads_somewhere(self, service: Service) -> None:
        async with httpx.AsyncClient(base_url=service.url, timeout=30) as nobody:
            text = (await nobody.get("/schema/openapi.json")).text
        document = json.loads(text)
        names = set(document["components"]["schemas"])
        wanted = {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}
        assert wanted <= names
        operations = [each["operationId"] for item in document["paths"].values() for each in item.values()]
        assert len(operations) == len(set(operations))

    async def test_the_body_of_an_edit_is_described(self, service: Service) -> None:
        async with httpx.AsyncClient(base_url=service.url, timeout=30) as nobody:
            document = (await nobody.get("/schema/openapi.json")).json()
        operation = document["paths"]["/api/v1/id-tokens/{token}"]["put"]
        name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        schema = document["components"]["schemas"][name]
        assert set(schema["properties"]) == {"status", "type", "expiresAt", "note"}
        assert {"200", "201", "401", "422"} <= set(operation["responses"])

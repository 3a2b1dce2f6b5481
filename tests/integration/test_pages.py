"""Health and metrics on the OCPP port."""

from __future__ import annotations

import asyncio
import sys

import httpx
import pytest
from support.library import Recorder, new_csms
from support.rawpeer import CLOSE, RawPeer

from chargewire import BadMessage, Disconnected, Door, Limits, Rate, Timeouts, UpgradeAborted, v16


def web(port: int) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}")


async def test_health_says_whether_to_send_stations_here() -> None:
    csms = new_csms(timeouts=Timeouts(close=0.3))
    async with csms.serve("127.0.0.1", 0, health=True) as server, await RawPeer.connect(server.port):
        async with web(server.port) as client:
            answer = await client.get("/health")
            assert (answer.status_code, answer.json()) == (200, {"status": "ok", "connections": 1})
            assert (await client.head("/health")).status_code == 200
            call = asyncio.ensure_future(csms.stations["RAW"].call(v16.ClearCache()))
            draining = asyncio.ensure_future(server.drain(0.5))
            await asyncio.sleep(0.1)
            answer = await client.get("/health")
            assert (answer.status_code, answer.json()["status"]) == (503, "draining")
        await draining
        assert call.done()
        assert call.exception() is not None


async def test_asking_is_no_attempt_to_connect() -> None:
    csms = new_csms(door=Door(rate=Rate(1, per=60)), limits=Limits(connections=1))
    events = Recorder(csms)
    async with csms.serve("127.0.0.1", 0, health=True) as server, web(server.port) as client:
        async with await RawPeer.connect(server.port, "/health"):
            for _ in range(3):
                assert (await client.get("/health")).status_code == 200
            assert list(csms.stations) == ["health"]
        assert not events.of(UpgradeAborted)


@pytest.mark.parametrize("path", ["/health", "/metrics"])
async def test_without_being_asked_to_the_port_serves_ocpp_alone(path: str) -> None:
    """And answers: the incumbent lets a balancer hang (defect 9)."""
    async with new_csms().serve("127.0.0.1", 0) as server, web(server.port) as client:
        assert (await client.get(path)).status_code == 426


async def test_metrics_count_what_happens() -> None:
    csms = new_csms()
    events = Recorder(csms)
    async with csms.serve("127.0.0.1", 0, metrics=True) as server, web(server.port) as client:
        async with await RawPeer.connect(server.port) as peer, await RawPeer.connect(server.port) as newer:
            assert (await peer.read_close_code()) == 4001
            await peer.send(b"\x0f\xa1", opcode=CLOSE)
            await newer.send("no json")
            await events.wait_for(BadMessage)
            async with await RawPeer.dial(server.port) as stranger:
                assert (await stranger.upgrade(subprotocols=("ocpp0.1",))).status == 400
            await events.wait_for(Disconnected)
            answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert {
        "chargewire_connections 1.0",
        'chargewire_connected_total{subprotocol="ocpp1.6"} 2.0',
        'chargewire_disconnected_total{by="us"} 1.0',
        "chargewire_replaced_total 1.0",
        'chargewire_upgrades_refused_total{status="400"} 1.0',
        "chargewire_upgrade_errors_total 0.0",
        "chargewire_bad_messages_total 1.0",
    } <= set(answer.text.splitlines())


async def test_metrics_need_their_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(ModuleNotFoundError, match=r"chargewire\[metrics\]"):
        async with new_csms().serve("127.0.0.1", 0, metrics=True):
            pass

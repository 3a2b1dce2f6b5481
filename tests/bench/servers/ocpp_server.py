"""The PyPI package ``ocpp`` on ``websockets``, used as its documentation shows."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime
from typing import Any

import websockets
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call_result
from ocpp.v16.enums import Action


class Station(ChargePoint):
    """Answers the two calls of the benchmark."""

    @on(Action.heartbeat)
    async def heartbeat(self) -> call_result.Heartbeat:
        return call_result.Heartbeat(current_time=datetime.now(UTC).isoformat())

    @on(Action.meter_values)
    async def meter_values(self, **_: Any) -> call_result.MeterValues:
        return call_result.MeterValues()


async def serve_station(connection: websockets.ServerConnection) -> None:
    assert connection.request is not None
    try:
        await Station(connection.request.path.rpartition("/")[2], connection).start()
    except websockets.ConnectionClosed:
        return


async def main() -> None:
    logging.getLogger("ocpp").setLevel(logging.WARNING)
    subprotocols = [websockets.Subprotocol("ocpp1.6")]
    async with websockets.serve(serve_station, "127.0.0.1", 0, subprotocols=subprotocols, backlog=1024) as server:
        print(f"READY {next(iter(server.sockets)).getsockname()[1]}", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())

"""Run a class written with the PyPI package ``ocpp`` on our server as it is, and command it from a web handler."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import uvicorn
from litestar import Litestar, post
from litestar.exceptions import HTTPException
from ocpp.routing import after, on
from ocpp.v16 import ChargePoint, call, call_result

from chargewire import Accept, Handshake, v16
from chargewire.compat.ocpp import Connection, serve


class Depot(ChargePoint):
    @on("BootNotification")
    def boot(self, charge_point_vendor: str, charge_point_model: str, **_: str) -> call_result.BootNotification:
        print(f"{self.id}: {charge_point_vendor} {charge_point_model}")
        return call_result.BootNotification(current_time=datetime.now(UTC).isoformat(), interval=300, status="Accepted")

    @after("BootNotification")
    async def booted(self, **_: str) -> None:
        reply = await self.call(call.ChangeAvailability(connector_id=0, type="Operative"))
        print(f"{self.id}: availability {reply.status}")


async def on_connect(connection: Connection[None]) -> None:
    connection.charge_point = depot = Depot(connection.identity, connection)
    await depot.start()


async def anyone(handshake: Handshake) -> Accept[None]:
    return Accept(None)


@post("/stations/{identity:str}/reset", status_code=200)
async def reset(identity: str) -> dict[str, str]:
    connection = app.state.server.connections.get(identity)
    if connection is None:
        raise HTTPException(status_code=409, detail=f"{identity} is not connected")
    reply = await connection.charge_point.call(call.Reset(type="Soft"))
    return {"status": reply.status}


@asynccontextmanager
async def ocpp(app: Litestar) -> AsyncGenerator[None, None]:
    # In the place of websockets.serve, with versions instead of subprotocols.
    async with serve(on_connect, "127.0.0.1", 9000, versions=[v16], authenticate=anyone) as app.state.server:
        yield


app = Litestar([reset], lifespan=[ocpp])

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=8080)

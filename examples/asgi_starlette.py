"""Mount a CSMS in a Starlette application: one port for stations and browsers, one await to command a station."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from chargewire import CSMS, Accept, Handshake, Station, v16


async def anyone(handshake: Handshake) -> Accept[None]:
    return Accept(None)


csms = CSMS(v16, authenticate=anyone)
ocpp = csms.asgi()


@csms.on(v16.BootNotification)
async def boot(station: Station[None], request: v16.BootNotification) -> v16.BootNotificationResponse:
    return v16.BootNotificationResponse(
        status=v16.RegistrationStatus.ACCEPTED, current_time=datetime.now(UTC), interval=300
    )


async def reset(request: Request) -> JSONResponse:
    station = csms.stations.get(request.path_params["identity"])
    if station is None:
        return JSONResponse({"detail": "not connected"}, status_code=409)
    reply = await station.call(v16.Reset(type=v16.ResetType.SOFT), timeout=10)
    return JSONResponse({"status": reply.status})


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncGenerator[None, None]:
    yield
    await ocpp.close()  # Starlette does not tell a mounted application that it stops


app = Starlette(
    routes=[Route("/stations/{identity}/reset", reset, methods=["POST"]), Mount("/ocpp", app=ocpp)], lifespan=lifespan
)

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=8080)

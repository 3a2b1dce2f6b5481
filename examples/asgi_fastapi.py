"""Mount a CSMS in a FastAPI application, and command a station from a handler that FastAPI runs in a thread."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import uvicorn
from fastapi import FastAPI, HTTPException

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


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None, None]:
    yield
    await ocpp.close()


app = FastAPI(lifespan=lifespan)
app.mount("/ocpp", ocpp)


@app.post("/stations/{identity}/reset")
def reset(identity: str) -> dict[str, str]:  # without async: not the thread of the event loop
    station = csms.stations.get(identity)
    if station is None:
        raise HTTPException(409, "not connected")
    reply = station.call_from_thread(v16.Reset(type=v16.ResetType.SOFT), timeout=10)
    return {"status": reply.status}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=8080)

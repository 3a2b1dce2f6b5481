"""Mount a CSMS in a Litestar application: one port for stations and browsers, one await to command a station."""

from datetime import UTC, datetime

import uvicorn
from litestar import Litestar, asgi, post
from litestar.exceptions import HTTPException
from litestar.types import Receive, Scope, Send

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


@asgi("/ocpp", is_mount=True, copy_scope=True)
async def stations(scope: Scope, receive: Receive, send: Send) -> None:
    await ocpp(scope, receive, send)


@post("/stations/{identity:str}/reset", status_code=200)
async def reset(identity: str) -> dict[str, str]:
    station = csms.stations.get(identity)
    if station is None:
        raise HTTPException(status_code=409, detail="not connected")
    reply = await station.call(v16.Reset(type=v16.ResetType.SOFT), timeout=10)
    return {"status": reply.status}


app = Litestar([stations, reset], on_shutdown=[ocpp.close])

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=8080)

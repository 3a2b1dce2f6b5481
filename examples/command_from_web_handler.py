"""Send a command to a connected station from a web handler: same process, same event loop, one await."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import uvicorn
from litestar import Litestar, post
from litestar.exceptions import HTTPException

from chargewire import CSMS, Accept, CallRejected, CallTimeout, ConnectionLost, Handshake, v16


async def anyone(handshake: Handshake) -> Accept[None]:
    return Accept(None)


csms = CSMS(v16, authenticate=anyone)


@post("/stations/{identity:str}/reset", status_code=200)
async def reset(identity: str) -> dict[str, str]:
    station = csms.stations.get(identity)
    if station is None:
        raise HTTPException(status_code=409, detail=f"{identity} is not connected")
    try:
        reply = await station.call(v16.Reset(type=v16.ResetType.SOFT), timeout=10)
    except CallRejected as error:
        return {"error": error.code, "description": error.description}
    except CallTimeout:
        raise HTTPException(status_code=504, detail=f"{identity} did not answer") from None
    except ConnectionLost:
        raise HTTPException(status_code=502, detail=f"{identity} went away; it may still have acted") from None
    return {"status": reply.status}


@asynccontextmanager
async def ocpp(app: Litestar) -> AsyncGenerator[None, None]:
    async with csms.serve("127.0.0.1", 9000):
        yield


app = Litestar([reset], lifespan=[ocpp])

if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=8080)

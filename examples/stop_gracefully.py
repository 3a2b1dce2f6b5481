"""Stop on SIGTERM without losing calls: newcomers are refused, calls may end. A second signal forces it."""

import asyncio
import signal
from datetime import UTC, datetime

from chargewire import CSMS, Accept, Handshake, Station, run, v16


async def anyone(handshake: Handshake) -> Accept[None]:
    return Accept(None)


csms = CSMS(v16, authenticate=anyone)


@csms.on(v16.Heartbeat)
async def heartbeat(station: Station[None], request: v16.Heartbeat) -> v16.HeartbeatResponse:
    await asyncio.sleep(1)  # a slow database: a station should not lose its answer because you deploy
    return v16.HeartbeatResponse(current_time=datetime.now(UTC))


async def main() -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    async with csms.serve("127.0.0.1", 9000) as server:
        loop.add_signal_handler(signal.SIGTERM, stop.set)
        await stop.wait()
        loop.remove_signal_handler(signal.SIGTERM)  # a second one ends the process at once
        print(f"draining {len(csms.stations)} stations")
        await server.drain(deadline=20)
    print("stopped")


run(main())

"""Wrap every call, incoming and outgoing: one layer measures, the other turns away stations that have not booted."""

import time
from datetime import UTC, datetime

from chargewire import CSMS, Accept, CallRejected, Exchange, Handshake, Proceed, Station, run, v16
from chargewire.messages import Response

booted: set[str] = set()


async def timed(exchange: Exchange, proceed: Proceed) -> Response:
    started = time.perf_counter()
    outcome = "failed"
    try:
        response = await proceed(exchange)
        outcome = "answered"
        return response
    finally:
        took_ms = (time.perf_counter() - started) * 1000
        print(f"{exchange.direction} {exchange.action} {outcome} in {took_ms:.1f} ms")


async def boot_first(exchange: Exchange, proceed: Proceed) -> Response:
    identity = exchange.connection.identity
    if exchange.direction == "incoming" and exchange.action != "BootNotification" and identity not in booted:
        raise CallRejected("SecurityError", "send a BootNotification first")
    return await proceed(exchange)


async def anyone(handshake: Handshake) -> Accept[None]:
    return Accept(None)


csms = CSMS(v16, authenticate=anyone, middleware=[timed, boot_first])  # the first one is outermost


@csms.on(v16.BootNotification)
async def boot(station: Station[None], request: v16.BootNotification) -> v16.BootNotificationResponse:
    booted.add(station.identity)
    return v16.BootNotificationResponse(
        status=v16.RegistrationStatus.ACCEPTED, current_time=datetime.now(UTC), interval=300
    )


@csms.on(v16.Heartbeat)
async def heartbeat(station: Station[None], request: v16.Heartbeat) -> v16.HeartbeatResponse:
    return v16.HeartbeatResponse(current_time=datetime.now(UTC))


async def main() -> None:
    async with csms.serve("127.0.0.1", 9000) as server:
        await server.serve_forever()


run(main())

"""Our server as a user writes it: typed messages, validation, async handlers, OCPP 1.6."""

from __future__ import annotations

from datetime import UTC, datetime

from chargewire import CSMS, Accept, Handlers, Handshake, Station, on, run, v16


class Depot(Handlers):
    """Answers the two calls of the benchmark."""

    @on(v16.Heartbeat)
    async def heartbeat(self, station: Station[None], request: v16.Heartbeat) -> v16.HeartbeatResponse:
        return v16.HeartbeatResponse(current_time=datetime.now(UTC))

    @on(v16.MeterValues)
    async def meter_values(self, station: Station[None], request: v16.MeterValues) -> v16.MeterValuesResponse:
        return v16.MeterValuesResponse()


async def authenticate(handshake: Handshake) -> Accept[None]:
    return Accept(None)


async def main() -> None:
    csms = CSMS(v16, authenticate=authenticate, handlers=Depot())
    async with csms.serve("127.0.0.1", 0) as server:
        print(f"READY {server.port}", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    run(main())

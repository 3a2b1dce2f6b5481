import asyncio

from chargewire import ChargePoint, Connection, run, v16

charge_point = ChargePoint("ws://127.0.0.1:9000", v16, identity="CP001")


@charge_point.on(v16.Reset)
async def reset(csms: Connection, request: v16.Reset) -> v16.ResetResponse:
    print(f"asked for a {request.type} reset")
    return v16.ResetResponse(status=v16.ResetStatus.ACCEPTED)


async def main() -> None:
    async with charge_point:  # stays connected, and reconnects, while the block runs
        boot = await charge_point.call(v16.BootNotification(charge_point_vendor="Acme", charge_point_model="Home 11"))
        print(f"{boot.status}, the CSMS wants a heartbeat every {boot.interval} s")
        await asyncio.sleep(3600)


run(main())

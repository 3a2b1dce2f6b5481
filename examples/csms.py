from datetime import UTC, datetime

from chargewire import CSMS, Accept, Handshake, Station, run, v16


async def anyone(handshake: Handshake) -> Accept[None]:
    return Accept(None)


csms = CSMS(v16, authenticate=anyone)


@csms.on(v16.BootNotification)
async def boot(station: Station[None], request: v16.BootNotification) -> v16.BootNotificationResponse:
    print(f"{station.identity}: {request.charge_point_vendor} {request.charge_point_model}")
    accepted = v16.RegistrationStatus.ACCEPTED
    return v16.BootNotificationResponse(status=accepted, current_time=datetime.now(UTC), interval=300)


async def main() -> None:
    async with csms.serve("127.0.0.1", 9000) as server:
        await server.serve_forever()


run(main())

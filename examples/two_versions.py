"""One port, two OCPP versions, handlers in classes: state lives in self, and each class is tested by calling it."""

from datetime import UTC, datetime

from chargewire import CSMS, Accept, Handlers, Handshake, Station, on, run, v16, v201


class Models:
    """What both versions share."""

    def __init__(self) -> None:
        self.by_identity: dict[str, str] = {}

    def note(self, identity: str, model: str) -> None:
        self.by_identity[identity] = model
        print(f"{identity}: {model} ({len(self.by_identity)} seen)")


class Boot16(Handlers):
    def __init__(self, models: Models) -> None:
        self.models = models

    @on(v16.BootNotification)
    async def boot(self, station: Station[None], request: v16.BootNotification) -> v16.BootNotificationResponse:
        self.models.note(station.identity, request.charge_point_model)
        return v16.BootNotificationResponse(
            status=v16.RegistrationStatus.ACCEPTED, current_time=datetime.now(UTC), interval=300
        )


class Boot201(Handlers):
    def __init__(self, models: Models) -> None:
        self.models = models

    @on(v201.BootNotification)
    async def boot(self, station: Station[None], request: v201.BootNotification) -> v201.BootNotificationResponse:
        self.models.note(station.identity, request.charging_station.model)
        return v201.BootNotificationResponse(
            status=v201.RegistrationStatusEnumType.ACCEPTED, current_time=datetime.now(UTC), interval=300
        )


async def anyone(handshake: Handshake) -> Accept[None]:
    return Accept(None)


async def main() -> None:
    models = Models()
    csms = CSMS(v16, v201, authenticate=anyone, handlers=[Boot16(models), Boot201(models)])
    async with csms.serve("127.0.0.1", 9000) as server:
        await server.serve_forever()


run(main())

"""Decide who may connect: one coroutine, two possible answers. Forgetting to answer does not type-check."""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

from chargewire import CSMS, Accept, Event, Handshake, Reject, Station, UpgradeAborted, run, v201


@dataclass(frozen=True)
class Owner:
    """What we know about a station once it is in: the session that every handler gets with it."""

    name: str


ACCOUNTS = {"CP001": (Owner("City of Vienna"), b"open sesame 12345")}  # yours is a database


async def authenticate(handshake: Handshake) -> Accept[Owner] | Reject:
    account = ACCOUNTS.get(handshake.identity)
    if account is None:
        return Reject(HTTPStatus.NOT_FOUND, "unknown station")
    owner, password = account
    if not hmac.compare_digest(handshake.password or b"", password):  # bytes: keys of OCPP 1.6 need not be text
        return Reject(HTTPStatus.UNAUTHORIZED, "wrong password")
    return Accept(owner)


# An answer that takes longer than the timeout ends in HTTP 408, not in a socket that hangs.
csms = CSMS(v201, authenticate=authenticate, handshake_timeout=2.0)


@csms.on(v201.BootNotification)
async def boot(station: Station[Owner], request: v201.BootNotification) -> v201.BootNotificationResponse:
    print(f"{station.identity} of {station.session.name}: {request.reason}")
    return v201.BootNotificationResponse(
        status=v201.RegistrationStatusEnumType.ACCEPTED, current_time=datetime.now(UTC), interval=300
    )


def report(event: Event) -> None:
    if isinstance(event, UpgradeAborted):
        print(f"{event.identity} from {event.remote} refused with {event.status.value}: {event.reason}")


async def main() -> None:
    csms.subscribe(report, UpgradeAborted)
    async with csms.serve("127.0.0.1", 9000) as server:
        await server.serve_forever()


run(main())

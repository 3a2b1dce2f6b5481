"""Guard the upgrade: a slow lookup ends in 408, every refusal is an event, and so is a socket that breaks."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

from chargewire import (
    CSMS,
    Accept,
    Handshake,
    Reject,
    Station,
    UpgradeAborted,
    UpgradeError,
    run,
    v16,
    verify_password,
)


@dataclass(frozen=True)
class Account:
    tenant: str
    password: bytes
    lookup_seconds: float = 0.0


ACCOUNTS = {
    "CP001": Account("acme", b"open sesame 12345"),
    "SLOW1": Account("acme", b"open sesame 12345", lookup_seconds=3600),
}


async def find_account(identity: str) -> Account | None:
    """Stand in for a database, one that answers some questions late."""
    account = ACCOUNTS.get(identity)
    await asyncio.sleep(account.lookup_seconds if account else 0)
    return account


async def authenticate(handshake: Handshake) -> Accept[str] | Reject:
    account = await find_account(handshake.identity)
    if account is None:
        return Reject(HTTPStatus.NOT_FOUND, "station not found")
    if not verify_password(handshake, account.password):
        return Reject(HTTPStatus.UNAUTHORIZED, "invalid password")
    return Accept(account.tenant)


# One timeout for everything from the connection to the answer: a station that hangs, and a lookup that does.
csms = CSMS(v16, authenticate=authenticate, handshake_timeout=2.0)


@csms.on(v16.Heartbeat)
async def heartbeat(station: Station[str], request: v16.Heartbeat) -> v16.HeartbeatResponse:
    return v16.HeartbeatResponse(current_time=datetime.now(UTC))


async def watch() -> None:
    async for event in csms.events(UpgradeAborted, UpgradeError):
        match event:
            case UpgradeAborted(identity=identity, reason=reason, status=status, remote=remote):
                print(f"{identity} from {remote} refused, {status.value}: {reason}")
            case UpgradeError(error=error, remote=remote):
                print(f"{remote} broke off: {error!r}")
            case _:
                pass


async def main() -> None:
    async with asyncio.TaskGroup() as tasks, csms.serve("127.0.0.1", 9000) as server:
        tasks.create_task(watch())
        await server.serve_forever()


run(main())

"""A CSMS that records what stations send and answers what a test tells it to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

from chargewire import CSMS, Accept, Connected, Handshake, Station, v16, v201
from chargewire.messages import Direction, Kind, Request, Response

M = TypeVar("M", bound=Request[Any, Any])
R = TypeVar("R")

Answer = Response | Exception | Callable[[Any], Response]

ID_TAG_ACCEPTED = v16.IdTagInfo(status=v16.AuthorizationStatus.ACCEPTED)
ID_TAG_INVALID = v16.IdTagInfo(status=v16.AuthorizationStatus.INVALID)
ID_TOKEN_ACCEPTED = v201.IdTokenInfoType(status=v201.AuthorizationStatusEnumType.ACCEPTED)
ID_TOKEN_INVALID = v201.IdTokenInfoType(status=v201.AuthorizationStatusEnumType.INVALID)


def boot16(status: str = "Accepted", interval: int = 300) -> v16.BootNotificationResponse:
    return v16.BootNotificationResponse(
        status=v16.RegistrationStatus(status), current_time=datetime.now(UTC), interval=interval
    )


def boot201(status: str = "Accepted", interval: int = 300) -> v201.BootNotificationResponse:
    return v201.BootNotificationResponse(
        status=v201.RegistrationStatusEnumType(status), current_time=datetime.now(UTC), interval=interval
    )


class ScriptedCsms:
    """Accepts everybody and everything, until `answer` says otherwise.

    Attributes:
        received: Every request, in order of arrival.
        connections: How many sockets there have been.
        url: Where it listens.
    """

    def __init__(self) -> None:
        self.received: list[Request[Any, Any]] = []
        self.connections = 0
        self.url = ""
        self._csms = CSMS[None](v16, v201, authenticate=self._authenticate)
        self._csms.subscribe(self._count, Connected)
        self._arrived = asyncio.Event()
        self._answers: dict[type[Request[Any, Any]], list[Answer]] = {}
        for version in (v16, v201):
            for action in version.ACTIONS.values():
                if action.direction is not Direction.TO_STATION and action.kind is Kind.CALL:
                    self._csms.on(action.request)(self._handle)  # type: ignore[arg-type]

    @asynccontextmanager
    async def serve(self, port: int = 0) -> AsyncIterator[ScriptedCsms]:
        async with self._csms.serve("127.0.0.1", port) as server:
            self.url = f"ws://127.0.0.1:{server.port}/ocpp"
            yield self

    @property
    def station(self) -> Station[None]:
        (station,) = self._csms.stations.values()
        return station

    def answer(self, request: type[Request[Any, Any]], *answers: Answer) -> None:
        """Answer the next requests of a kind like this, and all later ones like the last."""
        self._answers[request] = list(answers)

    def of(self, request: type[M]) -> list[M]:
        return [message for message in self.received if isinstance(message, request)]

    async def wait_for(
        self, request: type[M], matches: Callable[[M], bool] = lambda _: True, *, number: int = 1, within: float = 5.0
    ) -> M:
        """Wait until so many matching requests have arrived since the start, and return the last of them."""
        async with asyncio.timeout(within):
            while True:
                found = [message for message in self.of(request) if matches(message)]
                if len(found) >= number:
                    return found[number - 1]
                self._arrived.clear()
                await self._arrived.wait()

    async def call(self, request: Request[Any, R]) -> R:
        return await self.station.call(request, timeout=5)

    async def _authenticate(self, _: Handshake) -> Accept[None]:
        return Accept(None)

    def _count(self, _: object) -> None:
        self.connections += 1

    async def _handle(self, _: Station[None], request: Any) -> Any:
        self.received.append(request)
        self._arrived.set()
        answers = self._answers.get(type(request)) or [_DEFAULTS[type(request)]]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer


_DEFAULTS: dict[type[Request[Any, Any]], Answer] = {
    v16.BootNotification: lambda _: boot16(),
    v16.Heartbeat: lambda _: v16.HeartbeatResponse(current_time=datetime.now(UTC)),
    v16.StatusNotification: v16.StatusNotificationResponse(),
    v16.Authorize: v16.AuthorizeResponse(id_tag_info=ID_TAG_ACCEPTED),
    v16.StartTransaction: v16.StartTransactionResponse(id_tag_info=ID_TAG_ACCEPTED, transaction_id=42),
    v16.StopTransaction: v16.StopTransactionResponse(),
    v16.MeterValues: v16.MeterValuesResponse(),
    v16.FirmwareStatusNotification: v16.FirmwareStatusNotificationResponse(),
    v16.DiagnosticsStatusNotification: v16.DiagnosticsStatusNotificationResponse(),
    v201.BootNotification: lambda _: boot201(),
    v201.Heartbeat: lambda _: v201.HeartbeatResponse(current_time=datetime.now(UTC)),
    v201.StatusNotification: v201.StatusNotificationResponse(),
    v201.Authorize: v201.AuthorizeResponse(id_token_info=ID_TOKEN_ACCEPTED),
    v201.TransactionEvent: v201.TransactionEventResponse(),
    v201.MeterValues: v201.MeterValuesResponse(),
    v201.NotifyReport: v201.NotifyReportResponse(),
    v201.FirmwareStatusNotification: v201.FirmwareStatusNotificationResponse(),
    v201.LogStatusNotification: v201.LogStatusNotificationResponse(),
}

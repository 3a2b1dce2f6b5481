"""Many stations at once: the live mapping of those that are connected, and one call to each of several.

Knows nothing about how they connect.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from chargewire.asyncio.connection import Connection
from chargewire.asyncio.hub import EventHub
from chargewire.errors import NotConnected
from chargewire.events import Connected, Event
from chargewire.messages import RawRequest, Request

C = TypeVar("C", bound=Connection)
R = TypeVar("R")


class Stations(Mapping[str, C]):
    """The connected stations by identity. It changes as they come and go: copy it before awaiting in a loop over it."""

    def __init__(self, by_identity: Mapping[str, C], hub: EventHub) -> None:
        self._by_identity = by_identity
        self._hub = hub

    def __repr__(self) -> str:
        return f"<{len(self)} stations>"

    def __getitem__(self, identity: str) -> C:
        return self._by_identity[identity]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_identity)

    def __len__(self) -> int:
        return len(self._by_identity)

    async def wait_for(self, identity: str) -> C:
        """Return the station, as soon as it is connected: for ever, unless inside of an :func:`asyncio.timeout`."""
        if identity in self:
            return self[identity]
        arrived: asyncio.Future[C] = asyncio.get_running_loop().create_future()

        def look(_: Event) -> None:
            if identity in self and not arrived.done():
                arrived.set_result(self[identity])

        unsubscribe = self._hub.subscribe(look, Connected)
        try:
            return await arrived
        finally:
            unsubscribe()


async def call_many(
    stations: Mapping[str, C],
    identities: Iterable[str],
    request: Request[Any, R] | Callable[[C], Request[Any, R]],
    *,
    parallel: int,
    timeout: float | None,
) -> dict[str, R | Exception]:
    """Call each of several stations; see :meth:`chargewire.CSMS.call_many`."""
    if parallel < 1:
        raise ValueError(f"parallel: expected more than 0, got {parallel}")
    wanted = dict.fromkeys(identities)
    waiting = iter(wanted)
    outcomes: dict[str, R | Exception] = {}

    async def work() -> None:
        for identity in waiting:
            outcomes[identity] = await _outcome(stations, identity, request, timeout)

    async with asyncio.TaskGroup() as workers:
        for _ in range(min(parallel, len(wanted))):
            workers.create_task(work())
    return {identity: outcomes[identity] for identity in wanted}


def who_speaks(stations: Mapping[str, C], request: Request[Any, R] | Callable[[C], Request[Any, R]]) -> list[str]:
    """Return the identities of those whose version has ``request``; of a function nobody knows before it is called."""
    if callable(request) or isinstance(request, RawRequest):
        return list(stations)
    kind: type = type(request)
    return [
        identity
        for identity, station in stations.items()
        if (action := station.version.ACTIONS.get(kind.__name__)) is not None and action.request is kind
    ]


async def _outcome(
    stations: Mapping[str, C],
    identity: str,
    request: Request[Any, R] | Callable[[C], Request[Any, R]],
    timeout: float | None,
) -> R | Exception:
    station = stations.get(identity)
    if station is None:
        return NotConnected(f"{identity} is not connected")
    try:
        return await station.call(request(station) if callable(request) else request, timeout=timeout)
    except Exception as exc:  # noqa: BLE001 - a user's function and layers: one station's trouble is not the others'
        return exc

"""`/health`: the process serves. Open to everybody, so it tells nothing else."""

from __future__ import annotations

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler

from chargewire.backoffice.store.base import Store


class Health(msgspec.Struct, frozen=True):
    """The answer of a service that can work."""

    status: str = "ok"


def health_routes(store: Store) -> list[HTTPRouteHandler]:
    """Return the route of the health check. It fails when the database cannot be read."""

    @get("/health", operation_id="getHealth", summary="Check that the service works", tags=["Service"], security=[{}])
    async def get_health() -> Health:
        await store.events.latest()
        return Health()

    return [get_health]

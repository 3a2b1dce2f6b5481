"""Puts the routes together. Opens nothing and listens to nothing by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import socketio  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs]
from litestar import Litestar, Router

from chargewire import CSMS
from chargewire.backoffice.api import portal
from chargewire.backoffice.api.auth import guard, verifier
from chargewire.backoffice.api.commands import Commands, command_routes
from chargewire.backoffice.api.health import health_routes
from chargewire.backoffice.api.id_tokens import id_token_routes
from chargewire.backoffice.api.live import LiveBridge
from chargewire.backoffice.api.openapi import openapi_config
from chargewire.backoffice.api.problems import exception_handlers
from chargewire.backoffice.api.stations import station_routes
from chargewire.backoffice.api.transactions import transaction_routes
from chargewire.backoffice.domain import Clock
from chargewire.backoffice.services import Services
from chargewire.backoffice.store.base import Store

_MAX_BODY = 1_000_000  # bytes; the longest OCPP payload is far below


class Api:
    """Everything that speaks HTTP.

    Args:
        store: what is read and edited.
        services: told of commands that allow a station to send something.
        csms: where commands go and frames come from.
        token_hash: of the administrator's token.
        clock: tells when a frame passed.
        epoch: a value that no earlier process used.
        portal_directory: where the built portal lies.

    Attributes:
        app: the ASGI application.
    """

    def __init__(
        self,
        store: Store,
        services: Services,
        csms: CSMS[Any],
        *,
        token_hash: str,
        clock: Clock,
        epoch: str,
        portal_directory: Path = portal.DIRECTORY,
    ) -> None:
        verify = verifier(token_hash)
        commands = Commands(csms.stations, store.stations, sending=services.note_command)
        self._live = LiveBridge(csms, store.events, commands, verify=verify, clock=clock, epoch=epoch)
        guarded = Router(
            "/api/v1",
            guards=[guard(verify)],
            route_handlers=[
                *station_routes(store.stations),
                *command_routes(commands),
                *transaction_routes(store.transactions),
                *id_token_routes(store.id_tokens),
            ],
            response_headers={"Cache-Control": "no-store"},
        )
        litestar = Litestar(
            route_handlers=[guarded, *health_routes(store), *portal.portal_routes(portal.load(portal_directory))],
            openapi_config=openapi_config(),
            exception_handlers=exception_handlers(),
            request_max_body_size=_MAX_BODY,
            response_headers=portal.SECURITY_HEADERS,
            logging_config=None,
        )
        self.app: Any = socketio.ASGIApp(self._live.server, litestar)

    async def close(self) -> None:
        """Let go of stations and browsers."""
        await self._live.close()

"""`/stations/{identity}/commands/{Action}`: any CALL of a CSMS, in the version that the station speaks.

REST and Socket.IO send through the same :class:`Commands`. Knows no action in particular: the generated ``ACTIONS``
tables do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from litestar import Request, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter

from chargewire import CallRejected, CallTimeout, ConnectionLost, InvalidPayload, NotConnected, Station, validation
from chargewire.backoffice.api.problems import FieldError, Problem, invalid
from chargewire.backoffice.store.base import Stations
from chargewire.messages import Direction
from chargewire.messages import Request as Call

DEFAULT_TIMEOUT = 30.0  # seconds, what OCPP 2.x advises to start with (RPC-033)
MIN_TIMEOUT, MAX_TIMEOUT = 1.0, 300.0

NAMES = {"ocpp1.6": "OCPP 1.6", "ocpp2.0.1": "OCPP 2.0.1", "ocpp2.1": "OCPP 2.1"}

TimeoutSeconds = Annotated[
    float, QueryParameter(name="timeout", ge=MIN_TIMEOUT, le=MAX_TIMEOUT, description="Seconds to wait for the answer.")
]


class CommandResult(msgspec.Struct, frozen=True, tag="result", tag_field="type"):
    """The station's CALLRESULT."""

    payload: msgspec.Raw


class CommandError(msgspec.Struct, frozen=True, tag="error", tag_field="type"):
    """The station's CALLERROR."""

    code: str
    description: str
    details: Mapping[str, Any]


Answer = CommandResult | CommandError


class Commands:
    """Sends commands to connected stations.

    Args:
        connected: the connected stations by identity, live.
        stations: the stations on record.
        sending: told of every command before it leaves: the station may act on it before its answer is here.
    """

    def __init__(
        self,
        connected: Mapping[str, Station[Any]],
        stations: Stations,
        *,
        sending: Callable[[Station[Any], str, Mapping[str, Any]], None],
    ) -> None:
        self._connected = connected
        self._stations = stations
        self._sending = sending

    async def send(self, identity: str, action: str, payload: bytes, *, timeout: float = DEFAULT_TIMEOUT) -> Answer:
        """Send a command and return the station's answer, be it a result or an error.

        Args:
            identity: of the station.
            action: name of the OCPP action.
            payload: its JSON; an empty one counts as ``{}``.
            timeout: seconds to wait in all, the time behind other commands to the same station included.

        Raises:
            Problem: 404 unknown station, 409 not connected, 422 no such action or an invalid payload, 504 no answer in
                time, 502 the station went away or answered nonsense.
        """
        station = self._connected.get(identity)
        if station is None:
            if await self._stations.load(identity) is None:
                raise Problem(HTTPStatus.NOT_FOUND, f"There is no station {identity}.")
            raise _not_connected(identity)
        request = _decode(station, action, payload)
        self._sending(station, action, msgspec.to_builtins(request, enc_hook=dict))
        try:
            async with asyncio.timeout(timeout):
                response = await station.call(request, timeout=timeout)
        except CallRejected as exc:
            return CommandError(exc.code, exc.description, exc.details)
        except (CallTimeout, TimeoutError):
            detail = f"{identity} did not answer within {timeout:g} s; it may still act on {action}."
            raise Problem(HTTPStatus.GATEWAY_TIMEOUT, detail) from None
        except NotConnected:
            raise _not_connected(identity) from None
        except ConnectionLost:
            detail = f"{identity} went away before it answered; it may still act on {action}."
            raise Problem(HTTPStatus.BAD_GATEWAY, detail) from None
        except InvalidPayload as exc:
            detail = f"{identity} answered {action} with an invalid payload: {exc}"
            raise Problem(HTTPStatus.BAD_GATEWAY, detail) from None
        return CommandResult(msgspec.Raw(validation.encode(response)))


def command_routes(commands: Commands) -> list[HTTPRouteHandler]:
    """Return the route of commands. ``openapi.py`` documents it, action by action."""

    @post("/stations/{identity:str}/commands/{action:str}", status_code=HTTPStatus.OK, include_in_schema=False)
    async def send_command(
        request: Request[Any, Any, Any],
        identity: FromPath[str],
        action: FromPath[str],
        timeout: TimeoutSeconds = DEFAULT_TIMEOUT,
    ) -> Answer:
        return await commands.send(identity, action, await request.body(), timeout=timeout)

    return [send_command]


def _decode(station: Station[Any], action: str, payload: bytes) -> Call[Any, Any]:
    """Read a command in the station's version.

    Raises:
        Problem: 422, the version has no such command, or the payload does not fit it.
    """
    entry = station.version.ACTIONS.get(action)
    if entry is None or entry.direction is Direction.TO_CSMS or not issubclass(entry.request, Call):
        name = NAMES[station.subprotocol]
        raise invalid([FieldError("action", f"{action} is no command of {name}, which {station.identity} speaks")])
    try:
        return validation.decode(payload.strip() or b"{}", entry.request)
    except InvalidPayload as exc:
        raise invalid([FieldError(exc.field, exc.reason)]) from None


def _not_connected(identity: str) -> Problem:
    return Problem(HTTPStatus.CONFLICT, f"{identity} is not connected.")

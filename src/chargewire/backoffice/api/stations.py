"""`/stations`: who is on record, and who may charge. Sends nothing to a station."""

from __future__ import annotations

from http import HTTPStatus

from litestar import get, patch
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from chargewire.backoffice.api.paging import DEFAULT_LIMIT, Cursor, Limit, read_page
from chargewire.backoffice.api.problems import Problem, documented
from chargewire.backoffice.api.views import Items, StationEdit, StationView, items, station_view
from chargewire.backoffice.store.base import Stations

_TAGS = ["Stations"]


def station_routes(stations: Stations) -> list[HTTPRouteHandler]:
    """Return the routes of stations."""

    @get(
        "/stations",
        operation_id="listStations",
        summary="List stations by identity",
        tags=_TAGS,
        responses=documented(HTTPStatus.UNPROCESSABLE_ENTITY),
    )
    async def list_stations(limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Items[StationView]:
        return items(await read_page(stations.list(limit=limit, cursor=cursor)), station_view)

    @get(
        "/stations/{identity:str}",
        operation_id="getStation",
        summary="Read a station and its connectors",
        tags=_TAGS,
        responses=documented(HTTPStatus.NOT_FOUND),
    )
    async def get_station(identity: FromPath[str]) -> StationView:
        station = await stations.load(identity)
        if station is None:
            raise _unknown(identity)
        return station_view(station)

    @patch(
        "/stations/{identity:str}",
        operation_id="editStation",
        summary="Admit or reject a station: its next BootNotification is answered so",
        tags=_TAGS,
        responses=documented(HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
    )
    async def edit_station(identity: FromPath[str], data: JSONBody[StationEdit]) -> StationView:
        station = await stations.set_registration(identity, data.registration)
        if station is None:
            raise _unknown(identity)
        return station_view(station)

    return [list_stations, get_station, edit_station]


def _unknown(identity: str) -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, f"There is no station {identity}.")

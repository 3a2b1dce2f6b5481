"""`/id-tokens`: who may charge. Tells no station; the next authorization is decided by what is kept here."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from litestar import Response, delete, get, put
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, PathParameter

from chargewire.backoffice.api.paging import DEFAULT_LIMIT, Cursor, Limit, read_page
from chargewire.backoffice.api.problems import FieldError, Problem, documented, invalid
from chargewire.backoffice.api.views import IdTokenEdit, IdTokenView, Items, id_token_view, items
from chargewire.backoffice.domain import IdToken, utc
from chargewire.backoffice.store.base import IdTokens

_TAGS = ["Id tokens"]
_MAX_TOKEN = 255  # identifierString[255] of IdTokenType in OCPP 2.1; 36 in 2.0.1, 20 in 1.6

TokenText = Annotated[str, PathParameter(description="The token as stations send it; letter case does not matter.")]


def id_token_routes(id_tokens: IdTokens) -> list[HTTPRouteHandler]:
    """Return the routes of id tokens."""

    @get(
        "/id-tokens",
        operation_id="listIdTokens",
        summary="List id tokens in alphabetical order",
        tags=_TAGS,
        responses=documented(HTTPStatus.UNPROCESSABLE_ENTITY),
    )
    async def list_id_tokens(limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Items[IdTokenView]:
        return items(await read_page(id_tokens.list(limit=limit, cursor=cursor)), id_token_view)

    @put(
        "/id-tokens/{token:str}",
        operation_id="putIdToken",
        summary="Create an id token, or replace what is kept about it",
        tags=_TAGS,
        responses={
            HTTPStatus.CREATED: ResponseSpec(IdTokenView, description="Created", generate_examples=False),
            **documented(HTTPStatus.UNPROCESSABLE_ENTITY),
        },
    )
    async def put_id_token(token: TokenText, data: JSONBody[IdTokenEdit]) -> Response[IdTokenView]:
        if len(token) > _MAX_TOKEN or not token.strip() or not token.isprintable():
            raise invalid([FieldError("token", f"must have 1 to {_MAX_TOKEN} printable characters")])
        expires_at = None if data.expires_at is None else _read_time("expiresAt", data.expires_at)
        id_token = IdToken(token, data.type, data.status, expires_at, data.note)
        is_new = await id_tokens.save(id_token)
        status = HTTPStatus.CREATED if is_new else HTTPStatus.OK
        return Response(id_token_view(id_token), status_code=status)

    @delete(
        "/id-tokens/{token:str}",
        operation_id="deleteIdToken",
        summary="Forget an id token",
        tags=_TAGS,
        responses=documented(HTTPStatus.NOT_FOUND),
    )
    async def delete_id_token(token: TokenText) -> None:
        if not await id_tokens.delete(token):
            raise Problem(HTTPStatus.NOT_FOUND, f"There is no id token {token}.")

    return [list_id_tokens, put_id_token, delete_id_token]


def _read_time(field: str, text: str) -> datetime:
    """Read a time that has the right form.

    Raises:
        Problem: 422, there is no such time.
    """
    try:
        return utc(datetime.fromisoformat(text))
    except ValueError as exc:
        raise invalid([FieldError(field, str(exc))]) from None

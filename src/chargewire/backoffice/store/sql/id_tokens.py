"""Id tokens in SQL. Decides nothing about who may charge."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, delete, select, tuple_
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.ext.asyncio import AsyncEngine

from chargewire.backoffice.domain import IdToken, Page, TokenStatus
from chargewire.backoffice.domain.paging import decode_cursor, encode_cursor
from chargewire.backoffice.store.sql.writer import Writer
from chargewire.backoffice.store.tables import id_token

_BY_TEXT = (
    select(id_token).where(id_token.c.token_folded == bindparam("folded")).order_by(id_token.c.id_token_pk).limit(1)
)
_BY_TEXT_AND_TYPE = _BY_TEXT.where(id_token.c.type == bindparam("of_type"))
_LIST = select(id_token).order_by(id_token.c.token_folded, id_token.c.type).limit(bindparam("count"))
_LIST_AFTER = _LIST.where(
    tuple_(id_token.c.token_folded, id_token.c.type) > tuple_(bindparam("folded"), bindparam("of_type"))
)
_save = upsert(id_token)
_SAVE = _save.on_conflict_do_update(
    index_elements=[id_token.c.token_folded, id_token.c.type],
    set_={name: getattr(_save.excluded, name) for name in ("token", "status", "expires_at", "note")},
)
_DELETE = delete(id_token).where(id_token.c.token_folded == bindparam("folded"))
_DELETE_TYPE = _DELETE.where(id_token.c.type == bindparam("of_type"))


class SqlIdTokenUnit:
    """See :class:`chargewire.backoffice.store.base.IdTokenUnit`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, token: str, *, type: str | None) -> IdToken | None:
        row = self._connection.execute(*_query(token, type)).first()
        return None if row is None else _id_token(row)

    def save(self, token: IdToken) -> bool:
        is_new = self.find(token.token, type=token.type) is None
        values = {
            "token": token.token,
            "token_folded": token.token.casefold(),
            "type": token.type,
            "status": token.status.value,
            "expires_at": token.expires_at,
            "note": token.note,
        }
        self._connection.execute(_SAVE, values)
        return is_new

    def delete(self, token: str, *, type: str | None) -> bool:
        statement = _DELETE if type is None else _DELETE_TYPE
        return self._connection.execute(statement, _key(token, type)).rowcount > 0


class SqlIdTokens:
    """See :class:`chargewire.backoffice.store.base.IdTokens`."""

    def __init__(self, reader: AsyncEngine, writer: Writer) -> None:
        self._reader = reader
        self._writer = writer

    async def load(self, token: str, *, type: str | None = None) -> IdToken | None:
        async with self._reader.connect() as connection:
            row = (await connection.execute(*_query(token, type))).first()
        return None if row is None else _id_token(row)

    async def list(self, *, limit: int, cursor: str | None = None) -> Page[IdToken]:
        statement, values = _LIST, dict[str, Any](count=limit + 1)
        if cursor is not None:
            folded, of_type = decode_cursor(cursor, str, str)
            statement, values = _LIST_AFTER, {**values, "folded": folded, "of_type": of_type}
        async with self._reader.connect() as connection:
            rows = (await connection.execute(statement, values)).all()
        found = tuple(_id_token(row) for row in rows[:limit])
        return Page(found, encode_cursor(found[-1].token.casefold(), found[-1].type) if len(rows) > limit else None)

    async def save(self, token: IdToken) -> bool:
        return await self._writer.write(lambda unit: unit.id_tokens.save(token))

    async def delete(self, token: str, *, type: str | None = None) -> bool:
        return await self._writer.write(lambda unit: unit.id_tokens.delete(token, type=type))


def _query(token: str, type: str | None) -> tuple[Select[Any], dict[str, Any]]:
    return _BY_TEXT if type is None else _BY_TEXT_AND_TYPE, _key(token, type)


def _key(token: str, type: str | None) -> dict[str, Any]:
    return {"folded": token.casefold()} if type is None else {"folded": token.casefold(), "of_type": type}


def _id_token(row: Row[Any]) -> IdToken:
    return IdToken(row.token, row.type, TokenStatus(row.status), row.expires_at, row.note)

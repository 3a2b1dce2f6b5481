"""`/transactions`: what was charged, and how it went. Changes nothing."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Literal

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter

from chargewire.backoffice.api.paging import DEFAULT_LIMIT, Cursor, Limit, read_page
from chargewire.backoffice.api.problems import Problem, documented
from chargewire.backoffice.api.views import (
    Items,
    TransactionDetailView,
    TransactionView,
    items,
    transaction_detail_view,
    transaction_view,
)
from chargewire.backoffice.domain import TransactionState
from chargewire.backoffice.store.base import Transactions

_TAGS = ["Transactions"]
_MAX_ID = 2**63 - 1  # what a database can look for

OfStation = Annotated[
    str | None, QueryParameter(name="station", max_length=255, description="Only those of this station.")
]
InState = Annotated[
    Literal["open", "ended"] | None,
    QueryParameter(name="state", description="`ended` includes those whose end was inferred."),
]


def transaction_routes(transactions: Transactions) -> list[HTTPRouteHandler]:
    """Return the routes of transactions."""

    @get(
        "/transactions",
        operation_id="listTransactions",
        summary="List transactions, the newest first",
        tags=_TAGS,
        responses=documented(HTTPStatus.UNPROCESSABLE_ENTITY),
    )
    async def list_transactions(
        station: OfStation = None, in_state: InState = None, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
    ) -> Items[TransactionView]:
        state = None if in_state is None else TransactionState(in_state)
        page = transactions.list(limit=limit, cursor=cursor, station=station, state=state)
        return items(await read_page(page), transaction_view)

    @get(
        "/transactions/{id:int}",
        operation_id="getTransaction",
        summary="Read a transaction with its curve",
        tags=_TAGS,
        responses=documented(HTTPStatus.NOT_FOUND),
    )
    async def get_transaction(id: FromPath[int]) -> TransactionDetailView:
        transaction = await transactions.load(id) if abs(id) <= _MAX_ID else None
        if transaction is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"There is no transaction {id}.")
        return transaction_detail_view(transaction, await transactions.meter(id))

    return [list_transactions, get_transaction]

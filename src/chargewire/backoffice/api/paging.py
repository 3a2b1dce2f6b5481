"""The query parameters that every list has, and what becomes of a bad cursor."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, TypeVar

from litestar.params import QueryParameter

from chargewire.backoffice.api.problems import FieldError, invalid
from chargewire.backoffice.domain import InvalidCursorError, Page

T = TypeVar("T")

DEFAULT_LIMIT = 100
MAX_LIMIT = 500

Limit = Annotated[int, QueryParameter(ge=1, le=MAX_LIMIT, description="At most so many items.")]
Cursor = Annotated[str | None, QueryParameter(max_length=500, description="`next` of the page before.")]


async def read_page(page: Awaitable[Page[T]]) -> Page[T]:
    """Wait for a page of a store.

    Raises:
        Problem: 422, the cursor is of another list.
    """
    try:
        return await page
    except InvalidCursorError as exc:
        raise invalid([FieldError("cursor", str(exc))]) from None

"""Lists: `{"data": [...], "next_cursor": ...}`, newest first, by `limit` and `cursor`."""

from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

Item = TypeVar("Item")
Row = TypeVar("Row")

Limit = Annotated[int, Query(ge=1, le=500, description="How many items to return.")]
Cursor = Annotated[
    str | None,
    Query(max_length=200, description="`next_cursor` of the page before; omit for the first."),
]


class Page(BaseModel, Generic[Item]):
    """One page of a list; `next_cursor` is null on the last."""

    data: list[Item]
    next_cursor: str | None = None


async def fetch_page(
    session: AsyncSession,
    statement: Select[Row],
    id_column: Any,
    *,
    limit: int,
    cursor: str | int | None,
) -> tuple[list[Row], str | None]:
    """Return up to `limit` rows of `statement`, newest id first, and the cursor of the next page.

    The cursor is the id of the last row, so rows that come or go never shift a page.
    """
    if cursor is not None:
        statement = statement.where(id_column < cursor)
    found = await session.execute(statement.order_by(id_column.desc()).limit(limit + 1))
    rows = list(found.scalars())
    more = len(rows) > limit
    rows = rows[:limit]
    return rows, str(getattr(rows[-1], id_column.key)) if more else None

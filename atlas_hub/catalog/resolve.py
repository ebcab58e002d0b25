"""Find metrics, entitlements and plans by id or key, which never look alike."""

from collections.abc import Collection
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel, col

from atlas_hub.catalog.tables import Entitlement, Metric, Plan
from atlas_hub.db.ids import has_our_prefix
from atlas_hub.db.unique import one_at_a_time
from atlas_hub_core.errors import NotFound
from atlas_hub_core.keys import key_from_name

Row = TypeVar("Row", bound=SQLModel)


async def resolve_metric(
    session: AsyncSession, reference: str, *, field: str | None = None, lock: bool = False
) -> Metric:
    """Return a metric by id or key; raise `NotFound` with code `metric_not_found`."""
    return await _resolve(session, Metric, col(Metric.key), reference, field=field, lock=lock)


async def resolve_entitlement(
    session: AsyncSession, reference: str, *, field: str | None = None, lock: bool = False
) -> Entitlement:
    """Return an entitlement by id or key; raise `NotFound` with code `entitlement_not_found`."""
    key = col(Entitlement.entitlement_key)
    return await _resolve(session, Entitlement, key, reference, field=field, lock=lock)


async def resolve_plan(
    session: AsyncSession, reference: str, *, field: str | None = None, lock: bool = False
) -> Plan:
    """Return a plan by id or key; raise `NotFound` with code `plan_not_found`."""
    return await _resolve(session, Plan, col(Plan.key), reference, field=field, lock=lock)


async def free_key(session: AsyncSession, key_column: Any, name: str, nameless: str) -> str:
    """Make a key from a name that no row of the column's table has, nor will have meanwhile."""
    await one_at_a_time(session, str(key_column))
    taken: Collection[str] = set((await session.execute(select(key_column))).scalars())
    return key_from_name(name, taken, nameless=nameless)


async def _resolve(
    session: AsyncSession,
    table: type[Row],
    key_column: Any,
    reference: str,
    *,
    field: str | None,
    lock: bool,
) -> Row:
    column = col(table.id) if has_our_prefix(reference) else key_column  # type: ignore[attr-defined]
    statement = select(table).where(column == reference)
    found = await session.execute(statement.with_for_update() if lock else statement)
    row = found.scalar_one_or_none()
    if row is None:
        noun = str(table.__tablename__)
        message = (
            f"There is no {noun} with the id or key {reference!r}. GET /v1/{noun}s lists them."
        )
        raise NotFound(message, code=f"{noun}_not_found", field=field)
    return row

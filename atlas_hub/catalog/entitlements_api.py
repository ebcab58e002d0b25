"""Routes: entitlements."""

from typing import Literal

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.catalog import entitlements
from atlas_hub.catalog.resolve import resolve_entitlement
from atlas_hub.catalog.tables import Entitlement, Metric
from atlas_hub.http.bodies import Answer, Body, Change, Name, Reference, Text, Timestamp, left_out
from atlas_hub.http.paging import Cursor, Limit, Page, fetch_page
from atlas_hub.http.routing import Caller, Router, Session, needs

router = Router("catalog")

Type = Literal["boolean", "static", "metered"]
ValueType = Literal["text", "number", "json", "contract_item"]


class NewEntitlement(Body):
    """A capability or limit that plans are to give."""

    name: Name
    description: Text = ""
    type: Type
    value_type: ValueType | None = Field(
        default=None, description="What a static one holds; json, any value, if left out."
    )
    metric: Reference | None = Field(
        default=None, description="Of a metered one: the metric that its limit counts."
    )


class EntitlementChange(Change):
    """What to change of an entitlement; its key stays."""

    name: Name = left_out()
    description: Text = left_out()


class EntitlementAnswer(Answer):
    """A capability or limit. Programs ask for it by `entitlement_key`, which never changes."""

    id: str
    entitlement_key: str
    name: str
    description: str
    type: Type
    value_type: ValueType | None
    metric: str | None
    created_at: Timestamp


@router.post("/v1/entitlements", status_code=201, openapi_extra=needs("catalog:write"))
async def create_entitlement(
    body: NewEntitlement, session: Session, caller: Caller
) -> EntitlementAnswer:
    """Add an entitlement; its key is made from its name."""
    values = body.model_dump(exclude={"metric"})
    row = await entitlements.create_entitlement(session, caller, values, body.metric)
    return (await _answers(session, [row]))[0]


@router.get("/v1/entitlements", openapi_extra=needs("catalog:read"))
async def list_entitlements(
    session: Session, limit: Limit = 50, cursor: Cursor = None
) -> Page[EntitlementAnswer]:
    """List entitlements, newest first."""
    rows, following = await fetch_page(
        session, select(Entitlement), col(Entitlement.id), limit=limit, cursor=cursor
    )
    return Page(data=await _answers(session, rows), next_cursor=following)


@router.get("/v1/entitlements/{entitlement}", openapi_extra=needs("catalog:read"))
async def get_entitlement(entitlement: str, session: Session) -> EntitlementAnswer:
    """Answer one entitlement, by id or key."""
    row = await resolve_entitlement(session, entitlement)
    return (await _answers(session, [row]))[0]


@router.patch("/v1/entitlements/{entitlement}", openapi_extra=needs("catalog:write"))
async def change_entitlement(
    entitlement: str, body: EntitlementChange, session: Session, caller: Caller
) -> EntitlementAnswer:
    """Change name or description."""
    row = await entitlements.change_entitlement(session, caller, entitlement, body.changed())
    return (await _answers(session, [row]))[0]


async def _answers(session: AsyncSession, rows: list[Entitlement]) -> list[EntitlementAnswer]:
    ids = {row.metric_id for row in rows if row.metric_id is not None}
    keys: dict[str, str] = {}
    if ids:
        found = await session.execute(
            select(col(Metric.id), col(Metric.key)).where(col(Metric.id).in_(ids))
        )
        keys = {row.id: row.key for row in found}
    return [
        EntitlementAnswer.model_validate(
            row.model_dump() | {"metric": keys.get(row.metric_id or "")}
        )
        for row in rows
    ]

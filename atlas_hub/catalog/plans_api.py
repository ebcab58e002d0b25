"""Routes: plans, their items and versions."""

from sqlalchemy import select
from sqlmodel import col

from atlas_hub.catalog import items, plans
from atlas_hub.catalog.plan_bodies import (
    NewPlan,
    NewPlanItem,
    PlanAnswer,
    PlanItemAnswer,
    PlanItemChange,
    item_answer,
    plan_answers,
)
from atlas_hub.catalog.prices import check_currency
from atlas_hub.catalog.resolve import resolve_plan
from atlas_hub.catalog.tables import Plan
from atlas_hub.http.paging import Cursor, Limit, Page, fetch_page
from atlas_hub.http.routing import Caller, HubDep, Router, Session, needs

router = Router("catalog")


@router.post("/v1/plans", status_code=201, openapi_extra=needs("catalog:write"))
async def create_plan(body: NewPlan, session: Session, caller: Caller) -> PlanAnswer:
    """Add a plan; its version 1 is a draft without items."""
    row = await plans.create_plan(session, caller, body.columns())
    return (await plan_answers(session, [row]))[0]


@router.get("/v1/plans", openapi_extra=needs("catalog:read"))
async def list_plans(
    session: Session, limit: Limit = 50, cursor: Cursor = None
) -> Page[PlanAnswer]:
    """List plans, newest first."""
    rows, following = await fetch_page(
        session, select(Plan), col(Plan.id), limit=limit, cursor=cursor
    )
    return Page(data=await plan_answers(session, rows), next_cursor=following)


@router.get("/v1/plans/{plan}", openapi_extra=needs("catalog:read"))
async def get_plan(plan: str, session: Session) -> PlanAnswer:
    """Answer one plan, by id or key, with its versions and their items."""
    return (await plan_answers(session, [await resolve_plan(session, plan)]))[0]


@router.post("/v1/plans/{plan}/items", status_code=201, openapi_extra=needs("catalog:write"))
async def add_plan_item(
    plan: str, body: NewPlanItem, session: Session, hub: HubDep, caller: Caller
) -> PlanItemAnswer:
    """Add an item to the plan's draft."""
    if body.currency is not None:
        check_currency(body.currency, (await resolve_plan(session, plan)).currency, "currency")
    content = await items.add_item(session, hub, caller, plan, body.subject(), body.terms())
    return item_answer(content)


@router.patch("/v1/plans/{plan}/items/{item}", openapi_extra=needs("catalog:write"))
async def change_plan_item(
    plan: str, item: str, body: PlanItemChange, session: Session, hub: HubDep, caller: Caller
) -> PlanItemAnswer:
    """Change an item of the plan's draft."""
    changes = body.changed()
    return item_answer(await items.change_item(session, hub, caller, plan, item, changes))


@router.delete(
    "/v1/plans/{plan}/items/{item}", status_code=204, openapi_extra=needs("catalog:write")
)
async def remove_plan_item(plan: str, item: str, session: Session, caller: Caller) -> None:
    """Take an item out of the plan's draft."""
    await items.remove_item(session, caller, plan, item)


@router.post("/v1/plans/{plan}/publish", openapi_extra=needs("catalog:write"))
async def publish_plan(plan: str, session: Session, caller: Caller) -> PlanAnswer:
    """Make the plan's draft final, so that it can be subscribed to."""
    return (await plan_answers(session, [await plans.publish_plan(session, caller, plan)]))[0]


@router.post("/v1/plans/{plan}/versions", status_code=201, openapi_extra=needs("catalog:write"))
async def create_plan_version(plan: str, session: Session, caller: Caller) -> PlanAnswer:
    """Start the plan's next version: a draft with the items of the latest."""
    return (await plan_answers(session, [await plans.create_version(session, caller, plan)]))[0]

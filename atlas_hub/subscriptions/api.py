"""Routes: subscriptions."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import Field
from sqlalchemy import select
from sqlmodel import col

from atlas_hub.catalog.resolve import resolve_plan
from atlas_hub.catalog.tables import PlanVersion
from atlas_hub.customers.service import resolve_customer
from atlas_hub.http.bodies import Body, Reference, Timestamp
from atlas_hub.http.paging import Cursor, Limit, Page, fetch_page
from atlas_hub.http.routing import Caller, HubDep, Router, Session, needs
from atlas_hub.subscriptions import cancel, service
from atlas_hub.subscriptions.answers import SubscriptionAnswer, answer_subscriptions
from atlas_hub.subscriptions.fields import At, Start
from atlas_hub.subscriptions.tables import Subscription

router = Router("subscriptions")


class NewSubscription(Body):
    """A customer and the plan to put it on."""

    customer: Reference
    plan: Reference = Field(description="A plan, for its latest published version, or a version.")
    start: Start | None = Field(
        default=None,
        description="A date in the customer's zone, or a time; business time now if left out.",
    )
    quantity: int = Field(default=1, ge=1, le=1_000_000, description="How many, for fees.")
    overrides: dict[str, Any] = Field(default={}, description="Not supported yet: only empty.")


class Cancellation(Body):
    """When a subscription is to end."""

    at: At = Field(examples=["period_end"])


class CancellationAnswer(SubscriptionAnswer):
    """The subscription; `would_end` is when it ends, or with `preview` would end."""

    would_end: Timestamp


@router.post("/v1/subscriptions", status_code=201, openapi_extra=needs("subscriptions:write"))
async def create_subscription(
    body: NewSubscription, session: Session, hub: HubDep, caller: Caller
) -> SubscriptionAnswer:
    """Put a customer on a published plan."""
    order = service.Order(**dict(body))
    row = await service.create_subscription(session, hub, caller, order)
    return (await answer_subscriptions(session, hub, [row]))[0]


@router.get("/v1/subscriptions", openapi_extra=needs("subscriptions:read"))
async def list_subscriptions(
    session: Session,
    hub: HubDep,
    customer: Annotated[str | None, Query(description="Id or external id.")] = None,
    plan: Annotated[str | None, Query(description="Id or key of a plan.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[SubscriptionAnswer]:
    """List subscriptions, newest first."""
    statement = select(Subscription)
    if customer is not None:
        found = await resolve_customer(session, customer, field="customer")
        statement = statement.where(col(Subscription.customer_id) == found.id)
    if plan is not None:
        offer = await resolve_plan(session, plan, field="plan")
        versions = select(col(PlanVersion.id)).where(col(PlanVersion.plan_id) == offer.id)
        statement = statement.where(col(Subscription.plan_version_id).in_(versions))
    rows, following = await fetch_page(
        session, statement, col(Subscription.id), limit=limit, cursor=cursor
    )
    return Page(data=await answer_subscriptions(session, hub, rows), next_cursor=following)


@router.get("/v1/subscriptions/{subscription}", openapi_extra=needs("subscriptions:read"))
async def get_subscription(subscription: str, session: Session, hub: HubDep) -> SubscriptionAnswer:
    """Answer one subscription."""
    row = await service.get_subscription(session, subscription)
    return (await answer_subscriptions(session, hub, [row]))[0]


@router.post("/v1/subscriptions/{subscription}/cancel", openapi_extra=needs("subscriptions:write"))
async def cancel_subscription(
    subscription: str,
    body: Cancellation,
    session: Session,
    hub: HubDep,
    caller: Caller,
    preview: Annotated[bool, Query(description="Only answer; change nothing.")] = False,
) -> CancellationAnswer:
    """End a subscription; what was billed in advance is not given back."""
    row, ends_at = await cancel.cancel_subscription(
        session, hub, caller, subscription, body.at, preview=preview
    )
    (answer,) = await answer_subscriptions(session, hub, [row])
    return CancellationAnswer(**dict(answer), would_end=ends_at)

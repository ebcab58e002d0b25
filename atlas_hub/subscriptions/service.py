"""Subscriptions: begun on a published plan version, found, and their state at an instant."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.access import audit
from atlas_hub.catalog.contents import load_items
from atlas_hub.catalog.plans import published_version
from atlas_hub.customers.service import resolve_customer
from atlas_hub.http.actor import Actor
from atlas_hub.hub import Hub
from atlas_hub.subscriptions.tables import Subscription, SubscriptionItem
from atlas_hub_core.errors import InvalidInput, NotFound
from atlas_hub_core.periods import midnight
from atlas_hub_core.subscriptions import Term

Status = Literal["scheduled", "active", "cancel_scheduled", "ended"]


@dataclass(frozen=True, slots=True)
class Order:
    """What a customer subscribes to.

    Attributes:
        customer: Id or external id.
        plan: Id or key of a plan, for its latest published version, or the id of a version.
        start: A local date, which begins at its first instant; an aware instant; None for now.
        quantity: How many, for fees.
        overrides: Deviations from the plan; none are known yet.
    """

    customer: str
    plan: str
    start: date | datetime | None
    quantity: int
    overrides: dict[str, Any]


async def create_subscription(
    session: AsyncSession, hub: Hub, actor: Actor, order: Order
) -> Subscription:
    """Put a customer on a plan.

    Raises:
        NotFound: With code `customer_not_found` or `plan_not_found`.
        Conflict: With code `plan_not_published`.
        InvalidInput: With code `overrides_not_supported` or `date_out_of_range`.
    """
    if order.overrides:
        message = (
            "overrides are not supported yet. Leave them out, or make a plan with these terms."
        )
        raise InvalidInput(message, code="overrides_not_supported", field="overrides")
    customer = await resolve_customer(session, order.customer, field="customer")
    version = await published_version(session, order.plan, field="plan")
    start = await _instant(session, hub, order.start, customer.timezone)
    term = Term.beginning(start, customer.timezone)
    row = Subscription(
        customer_id=customer.id,
        plan_version_id=version.id,
        anchor=term.anchor,
        timezone=term.zone,
        starts_at=term.start,
        quantity=order.quantity,
    )
    session.add(row)
    await session.flush()
    for item in (await load_items(session, [version.id]))[version.id]:
        session.add(SubscriptionItem(subscription_id=row.id, plan_item_id=item.row.id))
    details = {
        "customer": customer.id,
        "plan_version": version.id,
        "start": start.isoformat(),
        "quantity": order.quantity,
    }
    audit.record(session, actor, "create", "subscription", row.id, details)
    await session.flush()
    return row


async def get_subscription(
    session: AsyncSession, subscription_id: str, *, lock: bool = False
) -> Subscription:
    """Return a subscription; raise `NotFound` with code `subscription_not_found`."""
    statement = select(Subscription).where(col(Subscription.id) == subscription_id)
    found = await session.execute(statement.with_for_update() if lock else statement)
    row = found.scalar_one_or_none()
    if row is None:
        message = f"There is no subscription {subscription_id!r}. GET /v1/subscriptions lists them."
        raise NotFound(message, code="subscription_not_found")
    return row


def status_at(subscription: Subscription, now: datetime) -> Status:
    """Say what state a subscription is in at an instant."""
    if subscription.ends_at is not None and subscription.ends_at <= now:
        return "ended"
    if subscription.starts_at > now:
        return "scheduled"
    return "active" if subscription.ends_at is None else "cancel_scheduled"


async def _instant(
    session: AsyncSession, hub: Hub, start: date | datetime | None, zone: str
) -> datetime:
    if start is None:
        return await hub.clock.now(session)
    return start if isinstance(start, datetime) else midnight(start, zone)

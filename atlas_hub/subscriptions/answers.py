"""Subscriptions as the API answers them."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.catalog.tables import PlanItem, PlanVersion
from atlas_hub.http.bodies import Answer, Timestamp
from atlas_hub.hub import Hub
from atlas_hub.subscriptions.service import Status, status_at
from atlas_hub.subscriptions.tables import Subscription, SubscriptionItem


class SubscriptionItemAnswer(Answer):
    """One plan item as this subscription has it; `billed_until` ends what was charged."""

    id: str
    plan_item: str
    billed_until: Timestamp | None


class SubscriptionAnswer(Answer):
    """A customer on a plan version; periods are counted from `anchor` in `timezone`."""

    id: str
    customer: str
    plan: str
    plan_version: str
    status: Status
    start: Timestamp
    end: Timestamp | None
    timezone: str
    anchor: date
    quantity: int
    overrides: dict[str, Any]
    items: list[SubscriptionItemAnswer]
    created_at: Timestamp


async def answer_subscriptions(
    session: AsyncSession, hub: Hub, rows: Sequence[Subscription]
) -> list[SubscriptionAnswer]:
    """Answer subscriptions with their items and state, in three queries for all."""
    now = await hub.clock.now(session)
    plans = await _plan_ids(session, {row.plan_version_id for row in rows})
    items = await _items(session, [row.id for row in rows])
    return [
        SubscriptionAnswer(
            id=row.id,
            customer=row.customer_id,
            plan=plans[row.plan_version_id],
            plan_version=row.plan_version_id,
            status=status_at(row, now),
            start=row.starts_at,
            end=row.ends_at,
            timezone=row.timezone,
            anchor=row.anchor,
            quantity=row.quantity,
            overrides=row.overrides,
            items=items[row.id],
            created_at=row.created_at,
        )
        for row in rows
    ]


async def _plan_ids(session: AsyncSession, version_ids: set[str]) -> dict[str, str]:
    found = await session.execute(
        select(col(PlanVersion.id), col(PlanVersion.plan_id)).where(
            col(PlanVersion.id).in_(version_ids)
        )
    )
    return {row.id: row.plan_id for row in found}


async def _items(
    session: AsyncSession, subscription_ids: Sequence[str]
) -> dict[str, list[SubscriptionItemAnswer]]:
    found = await session.execute(
        select(SubscriptionItem)
        .join(PlanItem, col(PlanItem.id) == col(SubscriptionItem.plan_item_id))
        .where(col(SubscriptionItem.subscription_id).in_(subscription_ids))
        .order_by(col(PlanItem.position))
    )
    items: dict[str, list[SubscriptionItemAnswer]] = {each: [] for each in subscription_ids}
    for row in found.scalars():
        answer = SubscriptionItemAnswer(
            id=row.id, plan_item=row.plan_item_id, billed_until=row.billed_until
        )
        items[row.subscription_id].append(answer)
    return items

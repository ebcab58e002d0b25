"""End a subscription: now, when its current period ends, or at a later instant."""

from datetime import datetime
from typing import Literal

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.access import audit
from atlas_hub.catalog.tables import PlanItem
from atlas_hub.http.actor import Actor
from atlas_hub.hub import Hub
from atlas_hub.subscriptions.service import get_subscription
from atlas_hub.subscriptions.tables import Subscription, SubscriptionItem
from atlas_hub_core.errors import Conflict, InvalidInput
from atlas_hub_core.periods import Cadence, Schedule

At = Literal["now", "period_end"] | datetime


async def cancel_subscription(
    session: AsyncSession, hub: Hub, actor: Actor, subscription_id: str, at: At, *, preview: bool
) -> tuple[Subscription, datetime]:
    """Let a subscription end; with `preview`, only say when it would.

    One that has not begun yet never will, if it would end before.
    Usage until the end is billed, and fees in arrears for the days used. What was billed in
    advance is not given back.

    Returns:
        The subscription, and the first instant after it.

    Raises:
        Conflict: With code `subscription_ended`.
        InvalidInput: With code `cancel_in_past`.
    """
    row = await get_subscription(session, subscription_id, lock=True)
    now = await hub.clock.now(session)
    if row.ends_at is not None and row.ends_at <= now:
        message = f"Subscription {row.id} ended at {row.ends_at:%FT%TZ} already."
        raise Conflict(message, code="subscription_ended")
    ends_at = await _end(session, row, at, now)
    if not preview:
        row.ends_at = ends_at
        await _plan_billing_again(session, row)
        details = {"ends_at": ends_at.isoformat()}
        audit.record(session, actor, "cancel", "subscription", row.id, details)
        await session.flush()
    return row, ends_at


async def _end(session: AsyncSession, row: Subscription, at: At, now: datetime) -> datetime:
    if isinstance(at, datetime):
        if at < now:
            message = f"{at:%FT%TZ} is past; it is {now:%FT%TZ}. Choose a later time, or now."
            raise InvalidInput(message, code="cancel_in_past", field="at")
        return max(at, row.starts_at)
    if now < row.starts_at:
        return row.starts_at
    return now if at == "now" else await _period_end(session, row, now)


async def _period_end(session: AsyncSession, row: Subscription, now: datetime) -> datetime:
    """Return the end of the longest period under way, in which all shorter ones end too."""
    cadences = await session.execute(
        select(col(PlanItem.cadence)).where(col(PlanItem.plan_version_id) == row.plan_version_id)
    )
    schedules = (
        Schedule(row.anchor, row.timezone, Cadence(cadence)) for cadence in set(cadences.scalars())
    )
    periods = (schedule.period_at(now) for schedule in schedules)
    return max((period.end for period in periods if period is not None), default=now)


async def _plan_billing_again(session: AsyncSession, row: Subscription) -> None:
    """Let the billing run work out again when each item is due next, and whether it has ended."""
    await session.execute(
        update(SubscriptionItem)
        .where(col(SubscriptionItem.subscription_id) == row.id)
        .values(due_at=None, ended=False)
    )

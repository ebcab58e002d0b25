"""Late usage: events that arrived after the invoice of their service period was final.

What a voided invoice charged counts as charged: a void period is not billed again, and what comes
in late for it is billed as the difference that it makes.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from atlas_hub.billing.tables import Charge, Invoice, InvoiceLine
from atlas_hub.catalog.tables import Metric, PlanItem
from atlas_hub.customers.tables import Customer
from atlas_hub.subscriptions.tables import Subscription, SubscriptionItem
from atlas_hub.usage.store import has_events_since
from atlas_hub_core.late import Settled
from atlas_hub_core.periods import Period


@dataclass(frozen=True, slots=True)
class LatePeriod:
    """A charged service period that events may have come late for, and all its charges so far."""

    first_charge: str
    item_id: str
    period: Period
    charges: int
    settled: Settled

    @property
    def reason(self) -> str:
        """What its next charge is for."""
        return f"late-{self.charges}"


async def find_late(session: AsyncSession, item_ids: Collection[str]) -> list[LatePeriod]:
    """Return the late periods of subscription items whose metrics bill them, as invoices list them.

    One statement, however many items. An event counts as late if the charges of its period may not
    have counted it; whether anything is owed shows when the period is rated again. A period with a
    charge on a draft is left out: that draft is still rated again itself.

    Args:
        session: Its transaction has locked the subscriptions.
        item_ids: Ids of subscription items.
    """
    charged = _charged(col(Charge.subscription_item_id).in_(item_ids))
    found = await session.execute(
        _late(charged)
        .where(col(Metric.late_events) == "next_invoice")
        .order_by(col(PlanItem.position), charged.c.period_start)
    )
    return [_period(row) for row in found]


async def page_late(
    session: AsyncSession, customer_id: str | None, *, limit: int, cursor: str | None
) -> tuple[list[LatePeriod], str | None]:
    """Return up to `limit` late periods whatever the policy, newest first, and the next cursor."""
    conditions: list[ColumnElement[bool]] = []
    if customer_id is not None:
        items = (
            select(col(SubscriptionItem.id))
            .join(Subscription, col(Subscription.id) == col(SubscriptionItem.subscription_id))
            .where(col(Subscription.customer_id) == customer_id)
        )
        conditions.append(col(Charge.subscription_item_id).in_(items))
    charged = _charged(*conditions)
    statement = _late(charged)
    if cursor is not None:
        statement = statement.where(charged.c.first_charge < cursor)
    found = await session.execute(
        statement.order_by(charged.c.first_charge.desc()).limit(limit + 1)
    )
    periods = [_period(row) for row in found]
    following = periods[limit - 1].first_charge if len(periods) > limit else None
    return periods[:limit], following


async def settled_by_others(session: AsyncSession, charges: Sequence[Charge]) -> dict[str, Settled]:
    """Return, by the id of each charge, what the others of its item and period come to."""
    mine, other = aliased(Charge), aliased(Charge)
    found = await session.execute(
        select(col(mine.id), *_sums(other))
        .join(
            other,
            (col(other.subscription_item_id) == col(mine.subscription_item_id))
            & (col(other.period_start) == col(mine.period_start))
            & (col(other.period_end) == col(mine.period_end))
            & (col(other.id) != col(mine.id)),
        )
        .outerjoin(InvoiceLine, col(InvoiceLine.id) == col(other.invoice_line_id))
        .where(col(mine.id).in_([charge.id for charge in charges]))
        .group_by(col(mine.id))
    )
    return {row.id: Settled(row.quantity, row.amount) for row in found}


def _sums(charge: Any) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    return (
        func.sum(charge.quantity).label("quantity"),
        func.coalesce(func.sum(InvoiceLine.amount), 0).label("amount"),
    )


def _charged(*conditions: ColumnElement[bool]) -> Subquery:
    """Return the items and periods that were charged and are on no draft, and what that sums to."""
    key = (Charge.subscription_item_id, Charge.period_start, Charge.period_end)
    return (
        select(
            *map(col, key),
            *_sums(Charge),
            func.min(Charge.id).label("first_charge"),
            func.count().label("charges"),
            func.max(Charge.seen_below).label("seen_below"),
        )
        .join(Invoice, col(Invoice.id) == col(Charge.invoice_id))
        .outerjoin(InvoiceLine, col(InvoiceLine.id) == col(Charge.invoice_line_id))
        .where(*conditions)
        .group_by(*map(col, key))
        .having(~func.bool_or(col(Invoice.status) == "draft"))
        .subquery()
    )


def _late(charged: Subquery) -> Select[Any]:
    item = SubscriptionItem
    return (
        select(charged)
        .join(item, col(item.id) == charged.c.subscription_item_id)
        .join(Subscription, col(Subscription.id) == col(item.subscription_id))
        .join(Customer, col(Customer.id) == col(Subscription.customer_id))
        .join(PlanItem, col(PlanItem.id) == col(item.plan_item_id))
        .join(Metric, col(Metric.id) == col(PlanItem.metric_id))
        .where(
            has_events_since(
                charged.c.seen_below,
                [col(Customer.id), col(Customer.external_id)],
                col(Metric.event_name),
                charged.c.period_start,
                charged.c.period_end,
            )
        )
    )


def _period(row: Any) -> LatePeriod:
    return LatePeriod(
        row.first_charge,
        row.subscription_item_id,
        Period(row.period_start, row.period_end),
        row.charges,
        Settled(row.quantity, row.amount),
    )

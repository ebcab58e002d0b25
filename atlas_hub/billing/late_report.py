"""The report of late usage: what arrived after its invoice was final and is not billed, and why."""

from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.billing.answers import PeriodAnswer
from atlas_hub.billing.items import load_items
from atlas_hub.billing.late import page_late
from atlas_hub.billing.rate import Work, rate_all
from atlas_hub.billing.rated import Rated
from atlas_hub.http.bodies import Answer, Computed
from atlas_hub.hub import Hub
from atlas_hub.subscriptions.tables import SubscriptionItem

Outlook = Literal["next_invoice", "ignored", "subscription_ended"]


class LateUsage(Answer):
    """Usage of a charged period that is on no invoice; `amount` is what it would add."""

    customer: str
    subscription: str
    metric: str
    period: PeriodAnswer
    quantity: Computed
    amount: str
    currency: str
    policy: Literal["next_invoice", "ignore"]
    outlook: Outlook


async def report_late(
    session: AsyncSession, hub: Hub, customer_id: str | None, *, limit: int, cursor: str | None
) -> tuple[list[LateUsage], str | None]:
    """Return one page of late usage, newest periods first, and the cursor of the next page.

    A page may hold fewer than `limit`, as periods show only on rating whether anything is owed.
    """
    periods, following = await page_late(session, customer_id, limit=limit, cursor=cursor)
    wanted = {late.item_id for late in periods}
    loaded = await load_items(session, hub, col(SubscriptionItem.id).in_(wanted))
    items = {item.id: item for item in loaded}
    rated = await rate_all(
        session,
        hub,
        [Work(items[late.item_id], late.period, late.reason, late.settled) for late in periods],
    )
    return [_usage(each) for each in rated if each is not None and _differs(each)], following


def _differs(each: Rated) -> bool:
    return bool(each.line.quantity or each.line.amount.amount)


def _usage(each: Rated) -> LateUsage:
    item, metric = each.item, each.item.metric
    assert metric is not None  # noqa: S101 - only usage is late
    outlook: Outlook = "next_invoice"
    if metric.late_events == "ignore":
        outlook = "ignored"
    elif item.ended:
        outlook = "subscription_ended"
    return LateUsage.model_validate(
        {
            "customer": item.customer.id,
            "subscription": item.subscription_id,
            "metric": metric.key,
            "period": {"start": each.period.start, "end": each.period.end},
            "quantity": each.line.quantity,
            "amount": f"{each.line.amount.amount:f}",
            "currency": item.plan.currency,
            "policy": metric.late_events,
            "outlook": outlook,
        }
    )

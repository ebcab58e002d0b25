"""What the billing run works on: subscription items with everything that rating them needs."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.catalog.tables import Entitlement, Metric, Plan, PlanItem, PlanVersion
from atlas_hub.customers.tables import Customer
from atlas_hub.hub import Hub
from atlas_hub.subscriptions.tables import Subscription, SubscriptionItem
from atlas_hub_core import plans
from atlas_hub_core.periods import LAST_YEAR, Cadence, Period, Schedule
from atlas_hub_core.plans import ItemKind, Timing
from atlas_hub_core.subscriptions import Term, due_at

_END_OF_TIME: Final = datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class BillableItem:
    """One subscription item. `item` is None for an entitlement that costs nothing.

    `visit_at` is when the billing run was to come for it next; None while that is not worked out
    and once it has `ended`.
    """

    id: str
    subscription_id: str
    customer: Customer
    plan: Plan
    term: Term
    cadence: Cadence
    timing: Timing
    item: plans.PlanItem | None
    metric: Metric | None
    quantity: int
    billed_until: datetime | None
    visit_at: datetime | None
    ended: bool

    @property
    def customer_refs(self) -> tuple[str, ...]:
        """What events may call the customer."""
        known = (self.customer.id, self.customer.external_id)
        return tuple(reference for reference in known if reference is not None)

    def period_after(self, instant: datetime | None) -> Period | None:
        """Return the first service period that begins at or after `instant`; None: the first."""
        return self.term.period_from(self.cadence, instant)

    @property
    def closes(self) -> bool:
        """Whether all is billed and only what comes late is left to wait for."""
        return self.visit_at is not None and self.period_after(self.billed_until) is None

    def whole(self, period: Period) -> Period:
        """Return the uncut period of the schedule that `period` is, or is a part of."""
        schedule = Schedule(self.term.anchor, self.term.zone, self.cadence)
        return schedule.period_at(period.start) or period

    def due_at(self, period: Period) -> datetime:
        """Return when `period` is to be charged."""
        return due_at(period, self.timing)


async def load_items(
    session: AsyncSession, hub: Hub, *conditions: ColumnElement[bool]
) -> list[BillableItem]:
    """Return the subscription items that meet `conditions`, in one statement."""
    rows = await session.execute(
        select(SubscriptionItem, Subscription, PlanItem, Plan, Customer, Metric, Entitlement)
        .join(Subscription, col(Subscription.id) == col(SubscriptionItem.subscription_id))
        .join(PlanItem, col(PlanItem.id) == col(SubscriptionItem.plan_item_id))
        .join(PlanVersion, col(PlanVersion.id) == col(PlanItem.plan_version_id))
        .join(Plan, col(Plan.id) == col(PlanVersion.plan_id))
        .join(Customer, col(Customer.id) == col(Subscription.customer_id))
        .outerjoin(Metric, col(Metric.id) == col(PlanItem.metric_id))
        .outerjoin(Entitlement, col(Entitlement.id) == col(PlanItem.entitlement_id))
        .where(*conditions)
        .order_by(col(Subscription.id), col(PlanItem.position))
    )
    priced: dict[str, plans.PlanItem | None] = {}
    return [_billable(hub, row, priced) for row in rows]


def _billable(
    hub: Hub, row: Row[*tuple[Any, ...]], priced: dict[str, plans.PlanItem | None]
) -> BillableItem:
    subscription_item, subscription, plan_item, plan, customer, metric, entitlement = row
    if plan_item.id not in priced:  # one plan item stands in many subscriptions
        priced[plan_item.id] = _priced(hub, plan_item, metric, entitlement)
    return BillableItem(
        id=subscription_item.id,
        subscription_id=subscription.id,
        customer=customer,
        plan=plan,
        term=Term(
            subscription.starts_at, subscription.ends_at, subscription.timezone, subscription.anchor
        ),
        cadence=Cadence(plan_item.cadence),
        timing=Timing(plan_item.timing),
        item=priced[plan_item.id],
        metric=metric,
        quantity=subscription.quantity,
        billed_until=subscription_item.billed_until,
        visit_at=subscription_item.due_at,
        ended=subscription_item.ended,
    )


def _priced(
    hub: Hub, row: PlanItem, metric: Metric | None, entitlement: Entitlement | None
) -> plans.PlanItem | None:
    if row.price is None:
        return None
    kind, key, description = _subject(row, metric, entitlement)
    return plans.PlanItem(
        kind=kind,
        key=key,
        description=description,
        cadence=Cadence(row.cadence),
        timing=Timing(row.timing),
        price=hub.prices.parse(row.price),
    )


def _subject(
    row: PlanItem, metric: Metric | None, entitlement: Entitlement | None
) -> tuple[ItemKind, str, str]:
    if metric is not None:
        return ItemKind.METRIC, metric.key, metric.name
    if entitlement is not None:
        return ItemKind.ENTITLEMENT, entitlement.entitlement_key, entitlement.name
    name = row.fee or "fee"
    return ItemKind.FEE, name, name

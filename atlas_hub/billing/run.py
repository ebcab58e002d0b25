"""The billing run: everything that is due becomes draft invoices, batch by batch.

Each batch is one transaction over whole subscriptions, whose rows it locks, so runs at the same
time share the work. The statements of a batch grow with its metrics, not with its customers.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.billing.drafts import write_drafts
from atlas_hub.billing.finalize import finalize_invoices
from atlas_hub.billing.items import BillableItem, load_items
from atlas_hub.billing.late import find_late
from atlas_hub.billing.parts import in_parts
from atlas_hub.billing.rate import Work, rate_all
from atlas_hub.billing.rated import COLLECTION_WINDOW, Rated
from atlas_hub.billing.tables import Invoice
from atlas_hub.failpoints import failpoint
from atlas_hub.http.actor import Actor
from atlas_hub.hub import Hub
from atlas_hub.subscriptions.tables import Subscription, SubscriptionItem
from atlas_hub_core.errors import InvalidInput
from atlas_hub_core.periods import Period

BATCH: Final = 200
MAX_PASSES: Final = 10_000
CLOSING_WINDOW: Final = timedelta(days=35)
"""How long after its last period was billed an ended item is looked at for late usage."""


@dataclass(frozen=True, slots=True)
class Run:
    """What a billing run came to.

    Attributes:
        invoices: Ids of the invoices it wrote, finalized, or left as drafts.
        failed: Why a subscription or an invoice could not be billed, by id; the next run tries
            again.
    """

    invoices: list[str]
    failed: dict[str, str]


async def run_billing(
    hub: Hub, actor: Actor, as_of: datetime | None = None, *, finalize: bool = False
) -> Run:
    """Charge everything due at `as_of` (default: business time now).

    Drafts whose collection window has ended are finalized; with `finalize`, all of them are. What
    fails is left out and named; it keeps nobody else from being billed.

    Raises:
        InvalidInput: with code `as_of_in_future`.
    """
    async with hub.database.session() as session:
        now = await hub.clock.now(session)
    as_of = as_of or now
    if as_of > now:
        message = (
            f"as_of {as_of.isoformat()} is after the present business time {now.isoformat()}; "
            "only what is already due can be billed."
        )
        raise InvalidInput(message, code="as_of_in_future", field="as_of")
    written, failed = await _write_due(hub, actor, as_of)
    drafts = await _drafts(hub, as_of)
    ready = [row_id for row_id, finalize_at in drafts if finalize or finalize_at <= now]
    for start in range(0, len(ready), BATCH):

        async def act(session: AsyncSession, ids: Sequence[str]) -> list[str]:
            await finalize_invoices(session, hub, actor, ids)
            return []

        await in_parts(hub.database, ready[start : start + BATCH], act, failed)
    return Run(sorted({*written, *(row_id for row_id, _ in drafts)}), failed)


async def _write_due(hub: Hub, actor: Actor, as_of: datetime) -> tuple[list[str], dict[str, str]]:
    written: list[str] = []
    failed: dict[str, str] = {}

    async def act(session: AsyncSession, ids: Sequence[str]) -> list[str]:
        await _lock(session, ids)
        invoices = await _bill(session, hub, actor, ids, as_of)
        await failpoint("billing.before_commit")
        return invoices

    for _ in range(MAX_PASSES):
        async with hub.database.session() as session:
            subscriptions = await _due_subscriptions(session, as_of, failed)
        if not subscriptions:
            return written, failed
        written += await in_parts(hub.database, subscriptions, act, failed)
    message = f"the billing run did not end within {MAX_PASSES} batches"
    raise RuntimeError(message)


async def _due_subscriptions(
    session: AsyncSession, as_of: datetime, failed: Collection[str]
) -> list[str]:
    found = await session.execute(
        select(col(SubscriptionItem.subscription_id))
        .where(*_is_due(as_of), col(SubscriptionItem.subscription_id).not_in(failed))
        .distinct()
        .order_by(col(SubscriptionItem.subscription_id))
        .limit(BATCH)
    )
    return list(found.scalars())


async def _lock(session: AsyncSession, subscriptions: Sequence[str]) -> None:
    """Wait for other runs to be done with these; what they billed is then no longer due."""
    await session.execute(
        select(col(Subscription.id))
        .where(col(Subscription.id).in_(subscriptions))
        .order_by(col(Subscription.id))
        .with_for_update()
    )


def _is_due(as_of: datetime) -> tuple[ColumnElement[bool], ...]:
    due_at = col(SubscriptionItem.due_at)
    return ~col(SubscriptionItem.ended), or_(due_at.is_(None), due_at <= as_of)


async def _bill(
    session: AsyncSession, hub: Hub, actor: Actor, subscriptions: Sequence[str], as_of: datetime
) -> list[str]:
    items = await load_items(
        session,
        hub,
        col(SubscriptionItem.subscription_id).in_(subscriptions),
        *_is_due(as_of),
    )
    due = _due_work(items, as_of)
    closing = [item for item in items if item.closes]
    late = await _late_work(session, [*(each.item for each in due), *closing])
    rated = await rate_all(session, hub, [*due, *late])
    await failpoint("billing.mid_lines")
    due_at = {each.item.id: each.item.due_at(each.period) for each in due}
    groups: dict[tuple[str, datetime], list[Rated]] = {}
    for each in rated:
        if each is not None:
            when = due_at.get(each.item.id, as_of)
            groups.setdefault((each.item.subscription_id, when), []).append(each)
    written = await write_drafts(
        session, actor, [(when, group) for (_, when), group in groups.items()]
    )
    await _advance(session, items, {each.item.id: each.period for each in due}, as_of)
    return written


def _due_work(items: Sequence[BillableItem], as_of: datetime) -> list[Work]:
    """Return, of each subscription, what fell due first; later passes find what fell due later.

    So what is due at one instant is on one invoice, however late the run comes.
    """
    due: dict[str, list[tuple[datetime, Work]]] = {}
    for item in items:
        period = item.period_after(item.billed_until)
        if period is not None and item.due_at(period) <= as_of:
            found = due.setdefault(item.subscription_id, [])
            found.append((item.due_at(period), Work(item, period)))
    return [
        work
        for found in due.values()
        for when, work in found
        if when == min(each for each, _ in found)
    ]


async def _late_work(session: AsyncSession, items: Sequence[BillableItem]) -> list[Work]:
    metered = {item.id: item for item in items if item.metric is not None}
    if not metered:
        return []
    return [
        Work(metered[late.item_id], late.period, late.reason, late.settled)
        for late in await find_late(session, metered)
    ]


async def _advance(
    session: AsyncSession,
    items: Sequence[BillableItem],
    billed: dict[str, Period],
    as_of: datetime,
) -> None:
    """Note until when each item is billed, and when it is due next."""
    rows = []
    for item in items:
        period = billed.get(item.id)
        until = period.end if period is not None else item.billed_until
        following = item.period_after(until)
        if following is not None:
            due_at: datetime | None = item.due_at(following)
        elif item.metric is None or until is None or item.closes:
            due_at = None
        else:
            due_at = as_of + CLOSING_WINDOW
        rows.append(
            {"id": item.id, "billed_until": until, "due_at": due_at, "ended": due_at is None}
        )
    if rows:
        await session.execute(update(SubscriptionItem), rows)


async def _drafts(hub: Hub, as_of: datetime) -> list[tuple[str, datetime]]:
    async with hub.database.session() as session:
        found = await session.execute(
            select(col(Invoice.id), col(Invoice.finalize_at))
            .where(
                col(Invoice.status) == "draft",
                col(Invoice.finalize_at) <= as_of + COLLECTION_WINDOW,
            )
            .order_by(col(Invoice.id))
        )
        return [(row_id, finalize_at) for row_id, finalize_at in found]

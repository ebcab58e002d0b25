"""Finalize drafts: rate a last time, freeze, number, and hand over for delivery."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.access import audit
from atlas_hub.billing.drafts import rate_again
from atlas_hub.billing.tables import Invoice, InvoiceCounter
from atlas_hub.failpoints import failpoint
from atlas_hub.http.actor import Actor
from atlas_hub.hub import Hub
from atlas_hub.jobs.queue import enqueue_many

SERIES: Final = "INV"


async def finalize_invoices(
    session: AsyncSession, hub: Hub, actor: Actor, invoice_ids: Sequence[str]
) -> None:
    """Finalize those of `invoice_ids` that are still drafts; the caller commits.

    An invoice over nothing is paid at once; every other is open and goes out for delivery.
    """
    found = await session.execute(
        _by_id(invoice_ids).where(col(Invoice.status) == "draft").with_for_update()
    )
    drafts = list(found.scalars())
    if not drafts:
        return
    ids = [draft.id for draft in drafts]
    await rate_again(session, hub, ids)
    await session.execute(_by_id(ids).execution_options(populate_existing=True))
    now = await hub.clock.now(session)
    first = await _take_numbers(session, len(drafts))
    for number, draft in enumerate(drafts, start=first):
        _finalize(draft, f"{SERIES}-{number:06d}", now)
        audit.record(session, actor, "finalize", "invoice", draft.id, {"number": draft.number})
    await session.flush()
    for draft in drafts:
        if draft.amount_due == 0:
            draft.status, draft.paid_at = "paid", now
    await session.flush()
    to_deliver = [draft.id for draft in drafts if draft.status == "open"]
    await enqueue_many(session, "payments.start", to_deliver)
    await failpoint("billing.before_finalize_commit")


def _by_id(invoice_ids: Sequence[str]) -> Select[Invoice]:
    return select(Invoice).where(col(Invoice.id).in_(invoice_ids)).order_by(col(Invoice.id))


def _finalize(draft: Invoice, number: str, now: datetime) -> None:
    draft.number = number
    draft.finalized_at = now
    draft.due_date = now + timedelta(days=draft.net_days)
    draft.status = "open"


async def _take_numbers(session: AsyncSession, count: int) -> int:
    """Reserve `count` numbers and return the first; a rollback gives them back, without a gap."""
    added = await session.execute(
        insert(InvoiceCounter)
        .values(series=SERIES, last=count)
        .on_conflict_do_update(
            index_elements=["series"], set_={"last": InvoiceCounter.last + count}
        )
        .returning(col(InvoiceCounter.last))
    )
    return int(added.scalar_one()) - count + 1

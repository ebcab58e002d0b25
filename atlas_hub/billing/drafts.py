"""Draft invoices: written once per due work, and rated again for as long as they are drafts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.access import audit
from atlas_hub.billing.items import load_items
from atlas_hub.billing.late import settled_by_others
from atlas_hub.billing.rate import Work, rate_all
from atlas_hub.billing.rated import (
    PERIOD,
    Rated,
    bill_to,
    charge_values,
    fitting,
    invoice_values,
    line_values,
    put_totals,
)
from atlas_hub.billing.tables import Charge, Invoice, InvoiceLine
from atlas_hub.catalog.tables import PlanItem
from atlas_hub.db.ids import new_id
from atlas_hub.http.actor import Actor
from atlas_hub.hub import Hub
from atlas_hub.subscriptions.tables import SubscriptionItem
from atlas_hub_core.periods import Period

Rows = list[dict[str, Any]]

# Without it rows with and without a null go in separate statements, in the order they stand.
_ONE_STATEMENT: Final = {"render_nulls": True}


async def write_drafts(
    session: AsyncSession, actor: Actor, groups: Sequence[tuple[datetime, Sequence[Rated]]]
) -> list[str]:
    """Write one draft per group: one subscription's work that fell due at one instant.

    Late usage that the invoice cannot bear stays out, and so does a draft with nothing but that.

    Returns:
        The ids of the invoices.
    """
    invoices: Rows = []
    lines: Rows = []
    charges: Rows = []
    for due, group in groups:
        rated = _to_charge(group)
        if not rated:
            continue
        invoice = invoice_values(due, rated)
        written = [
            {"id": new_id("ilr"), "invoice_id": invoice["id"], "position": n, **line_values(each)}
            for n, each in enumerate(rated, start=1)
        ]
        put_totals(invoice, written, rated)
        invoices.append(invoice)
        for line, each in zip(written, rated, strict=True):
            if each.shown:
                lines.append(line)
            charges.append(_new_charge(invoice["id"], line["id"] if each.shown else None, each))
    for table, rows in ((Invoice, invoices), (InvoiceLine, lines), (Charge, charges)):
        if rows:
            await session.execute(insert(table), rows, execution_options=_ONE_STATEMENT)
    for invoice in invoices:
        audit.record(session, actor, "create", "invoice", invoice["id"])
    return [invoice["id"] for invoice in invoices]


def _to_charge(group: Sequence[Rated]) -> list[Rated]:
    """Return what a new invoice charges; nothing if it would only say that nothing is owed."""
    rated = [each for each in fitting(group) if not each.waits]
    return rated if any(not each.late or each.line.amount.amount for each in rated) else []


def _new_charge(invoice_id: str, line_id: str | None, each: Rated) -> dict[str, Any]:
    return {
        "id": new_id("chg"),
        "subscription_item_id": each.item.id,
        "period_start": each.period.start,
        "period_end": each.period.end,
        "reason": each.reason,
        "status": "live",
        "invoice_id": invoice_id,
        "invoice_line_id": line_id,
        **charge_values(each),
    }


async def rate_again(session: AsyncSession, hub: Hub, invoice_ids: Sequence[str]) -> None:
    """Bring drafts, which the caller has locked, up to the events and customers of now."""
    charges = await _charges(session, invoice_ids)
    rated = await _rated(session, hub, charges)
    lines: Rows = []
    invoices: Rows = []
    changed: Rows = []
    for invoice_id in invoice_ids:
        mine = [charge for charge in charges if charge.invoice_id == invoice_id]
        if not mine:
            continue
        parts = fitting([rated[charge.id] for charge in mine])
        values = [line_values(each) for each in parts]
        invoice: dict[str, Any] = {"id": invoice_id, "bill_to": bill_to(parts[0].item)}
        put_totals(invoice, values, parts)
        invoices.append(invoice)
        for position, (charge, line) in enumerate(zip(mine, values, strict=True), start=1):
            line["invoice_id"], line["position"] = invoice_id, position
            await _show(session, charge, line, shown=parts[position - 1].shown)
            if charge.invoice_line_id is not None:
                lines.append({"id": charge.invoice_line_id, **line})
        changed += [
            {"id": charge.id, **charge_values(each)}
            for charge, each in zip(mine, parts, strict=True)
        ]
    for table, rows in ((InvoiceLine, lines), (Charge, changed), (Invoice, invoices)):
        if rows:
            await session.execute(update(table), rows)


async def _show(
    session: AsyncSession, charge: Charge, line: dict[str, Any], *, shown: bool
) -> None:
    """Give a charge a line where it had none and now costs something."""
    if shown and charge.invoice_line_id is None:
        line_id = new_id("ilr")
        await session.execute(insert(InvoiceLine).values(id=line_id, **line))
        charge.invoice_line_id = line_id
        await session.flush()


async def _charges(session: AsyncSession, invoice_ids: Sequence[str]) -> list[Charge]:
    found = await session.execute(
        select(Charge)
        .join(SubscriptionItem, col(SubscriptionItem.id) == col(Charge.subscription_item_id))
        .join(PlanItem, col(PlanItem.id) == col(SubscriptionItem.plan_item_id))
        .where(col(Charge.invoice_id).in_(invoice_ids), col(Charge.status) == "live")
        .order_by(col(Charge.reason) != PERIOD, col(PlanItem.position), col(Charge.period_start))
    )
    return list(found.scalars())


async def _rated(session: AsyncSession, hub: Hub, charges: Sequence[Charge]) -> dict[str, Rated]:
    wanted = {charge.subscription_item_id for charge in charges}
    loaded = await load_items(session, hub, col(SubscriptionItem.id).in_(wanted))
    items = {item.id: item for item in loaded}
    late = [charge for charge in charges if charge.reason != PERIOD]
    settled = await settled_by_others(session, late) if late else {}
    work = [
        Work(
            items[charge.subscription_item_id],
            Period(charge.period_start, charge.period_end),
            charge.reason,
            settled.get(charge.id),
        )
        for charge in charges
    ]
    rated = await rate_all(session, hub, work)
    return {
        charge.id: each for charge, each in zip(charges, rated, strict=True) if each is not None
    }

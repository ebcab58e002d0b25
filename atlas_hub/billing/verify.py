"""Check stored invoices with plain, independent arithmetic: no code of the billing core."""

from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.billing.tables import Charge, Invoice, InvoiceLine

BATCH: Final = 500


async def verify_invoices(session: AsyncSession) -> tuple[int, Sequence[str]]:
    """Return how many invoices were checked, and a sentence for every difference found."""
    problems: list[str] = []
    checked, after = 0, ""
    while batch := await _batch(session, after):
        ids = [invoice.id for invoice in batch]
        lines = await session.execute(
            select(InvoiceLine).where(col(InvoiceLine.invoice_id).in_(ids))
        )
        charges = await session.execute(select(Charge).where(col(Charge.invoice_id).in_(ids)))
        all_lines, all_charges = list(lines.scalars()), list(charges.scalars())
        for invoice in batch:
            mine = [line for line in all_lines if line.invoice_id == invoice.id]
            exact = {each.invoice_line_id: each.exact for each in all_charges}
            problems += [
                f"invoice {invoice.number or invoice.id}: {problem}"
                for problem in _differences(invoice, mine, exact)
            ]
        checked, after = checked + len(batch), ids[-1]
    return checked, problems


async def _batch(session: AsyncSession, after: str) -> list[Invoice]:
    found = await session.execute(
        select(Invoice).where(col(Invoice.id) > after).order_by(col(Invoice.id)).limit(BATCH)
    )
    return list(found.scalars())


def _differences(
    invoice: Invoice, lines: Sequence[InvoiceLine], exact: dict[str | None, Decimal]
) -> Iterator[str]:
    for line in lines:
        steps = sum((Decimal(step["amount"]) for step in line.trace["steps"]), Decimal(0))
        if exact.get(line.id) != steps:
            yield f"line {line.id} was charged {exact.get(line.id)}, its steps add up to {steps}"
        if _rounded_like(line.amount, steps) != line.amount:
            yield f"line {line.id} says {line.amount}, its steps round to something else"
    subtotal = sum((line.amount for line in lines), Decimal(0))
    tax = sum((line.tax for line in lines), Decimal(0))
    for name, stored, computed in (
        ("subtotal", invoice.subtotal, subtotal),
        ("tax", invoice.tax, tax),
        ("total", invoice.total, subtotal - invoice.discount + tax),
        ("amount due", invoice.amount_due, invoice.total - invoice.credits_applied),
    ):
        if stored != computed:
            yield f"{name} is {stored}, the lines make it {computed}"
    if invoice.status == "paid" and invoice.amount_paid != invoice.amount_due:
        yield f"it is paid with {invoice.amount_paid} of {invoice.amount_due}"


def _rounded_like(amount: Decimal, exact: Decimal) -> Decimal:
    """Round `exact` half up to as many places as `amount` is written with."""
    return exact.quantize(Decimal(1).scaleb(amount.as_tuple().exponent), ROUND_HALF_UP)  # type: ignore[arg-type]

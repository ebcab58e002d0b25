"""Invoices as the API answers them."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.billing.tables import Delivery, Invoice, InvoiceLine
from atlas_hub.http.bodies import Amount, Answer, Computed, Timestamp
from atlas_hub_core.errors import NotFound
from atlas_hub_core.money import round_half_up


class PeriodAnswer(Answer):
    """A half-open span of time."""

    start: Timestamp
    end: Timestamp


class LineAnswer(Answer):
    """One line; `amount` is net of tax."""

    id: str
    kind: str
    metric: str | None
    description: str
    quantity: Computed
    amount: str


class PaymentAnswer(Answer):
    """Where the invoice was delivered, and what the gateway last said."""

    connection: str
    vendor_id: str | None
    status: str
    url: str | None
    detail: str | None


class InvoiceAnswer(Answer):
    """An invoice. Amounts are in major units with the currency's digits."""

    id: str
    number: str | None
    status: str
    customer: str
    currency: str
    period: PeriodAnswer
    lines: list[LineAnswer]
    subtotal: str
    discount: str
    tax_rate: Amount
    tax: str
    total: str
    credits_applied: str
    amount_due: str
    amount_paid: str
    finalize_at: Timestamp
    finalized_at: Timestamp | None
    due_date: Timestamp | None
    paid_at: Timestamp | None
    created_at: Timestamp
    payments: list[PaymentAnswer]


async def get_invoice(session: AsyncSession, invoice_id: str) -> Invoice:
    """Return an invoice by id or number."""
    found = await session.execute(
        select(Invoice).where((col(Invoice.id) == invoice_id) | (col(Invoice.number) == invoice_id))
    )
    invoice = found.scalar_one_or_none()
    if invoice is None:
        message = f"There is no invoice {invoice_id!r}. GET /v1/invoices lists them."
        raise NotFound(message, code="invoice_not_found")
    return invoice


async def read_lines(session: AsyncSession, invoice_ids: Sequence[str]) -> list[InvoiceLine]:
    """Return the lines of some invoices, each invoice's in order."""
    found = await session.execute(
        select(InvoiceLine)
        .where(col(InvoiceLine.invoice_id).in_(invoice_ids))
        .order_by(col(InvoiceLine.invoice_id), col(InvoiceLine.position))
    )
    return list(found.scalars())


async def answer_invoices(
    session: AsyncSession, invoices: Sequence[Invoice]
) -> list[InvoiceAnswer]:
    """Return the answers for some invoices, in two statements whatever their number."""
    ids = [invoice.id for invoice in invoices]
    lines = await read_lines(session, ids)
    found = await session.execute(
        select(Delivery).where(col(Delivery.invoice_id).in_(ids)).order_by(col(Delivery.id))
    )
    deliveries = list(found.scalars())
    return [
        _answer(
            invoice,
            [line for line in lines if line.invoice_id == invoice.id],
            [each for each in deliveries if each.invoice_id == invoice.id],
        )
        for invoice in invoices
    ]


def _answer(
    invoice: Invoice, lines: Sequence[InvoiceLine], deliveries: Sequence[Delivery]
) -> InvoiceAnswer:
    def money(amount: Decimal) -> str:
        return f"{round_half_up(amount, invoice.currency):f}"

    return InvoiceAnswer(
        id=invoice.id,
        number=invoice.number,
        status=invoice.status,
        customer=invoice.customer_id,
        currency=invoice.currency,
        period=PeriodAnswer(start=invoice.period_start, end=invoice.period_end),
        lines=[_line(line, money(line.amount)) for line in lines],
        subtotal=money(invoice.subtotal),
        discount=money(invoice.discount),
        tax_rate=invoice.tax_rate,
        tax=money(invoice.tax),
        total=money(invoice.total),
        credits_applied=money(invoice.credits_applied),
        amount_due=money(invoice.amount_due),
        amount_paid=money(invoice.amount_paid),
        finalize_at=invoice.finalize_at,
        finalized_at=invoice.finalized_at,
        due_date=invoice.due_date,
        paid_at=invoice.paid_at,
        created_at=invoice.created_at,
        payments=[_payment(each) for each in deliveries],
    )


def _line(line: InvoiceLine, amount: str) -> LineAnswer:
    return LineAnswer(
        id=line.id,
        kind=line.kind,
        metric=line.metric_key,
        description=line.description,
        quantity=line.quantity,
        amount=amount,
    )


def _payment(delivery: Delivery) -> PaymentAnswer:
    return PaymentAnswer(
        connection=delivery.connection_id,
        vendor_id=delivery.vendor_id,
        status=delivery.status,
        url=delivery.url,
        detail=delivery.detail,
    )

"""Bring a payment gateway and the hub to the same word on one invoice.

The job names a delivery, not an event: after a crash, on a webhook, from the poll or by hand, it
looks at both sides and does what is missing.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.billing.tables import Delivery, Invoice, InvoiceLine
from atlas_hub.connections.links import add_link, vendor_id_of
from atlas_hub.connections.service import OpenConnection, open_connection
from atlas_hub.connections.tables import Connection
from atlas_hub.customers.tables import Customer
from atlas_hub.http.actor import SYSTEM
from atlas_hub.hub import Hub
from atlas_hub.jobs.kinds import JobRun
from atlas_hub.payments.gateways import open_gateway
from atlas_hub.payments.settle import settle
from atlas_hub.payments.steps import IntentSteps
from atlas_hub.payments.tables import Intent
from atlas_hub.sdk import (
    INVOICE_STEP,
    GatewayState,
    PaymentCustomer,
    PaymentGateway,
    PaymentInvoice,
    PaymentLine,
    Rejected,
)

SETTLED: Final = frozenset({"paid", "void"})
"""What a gateway never takes back; an uncollectible invoice may still be paid."""


@dataclass(frozen=True, slots=True)
class _Order:
    """What one run of the job works from, read in one transaction."""

    delivery: Delivery
    status: str
    invoice: PaymentInvoice
    connection: OpenConnection


async def deliver(hub: Hub, job: JobRun) -> None:
    """Run the job `payments.deliver`; its key is the delivery's id."""
    order = await _read(hub, job)
    if order is None:
        return
    steps = IntentSteps(job, order.connection.row.id, order.delivery.id)
    try:
        async with open_gateway(order.connection) as gateway:
            state = await _bring_over(job, gateway, order, steps)
    except Rejected as refusal:
        await _note_refusal(job, order.delivery.id, refusal)
        raise
    async with job.transaction() as session:
        await settle(session, hub, order.delivery.id, state)


async def _bring_over(
    job: JobRun, gateway: PaymentGateway, order: _Order, steps: IntentSteps
) -> GatewayState:
    if order.status in ("void", "paid") and order.delivery.vendor_id is not None:
        return await gateway.void(order.delivery.vendor_id, steps)
    invoice = order.invoice
    if invoice.customer.vendor_id is None:
        invoice = await _link_customer(job, gateway, order)
    return await gateway.deliver(invoice, steps)


async def _link_customer(job: JobRun, gateway: PaymentGateway, order: _Order) -> PaymentInvoice:
    connection_id, customer = order.connection.row.id, order.invoice.customer
    steps = IntentSteps(job, connection_id, customer.id)
    vendor_id = await gateway.link_customer(customer, steps)
    async with job.transaction() as session:
        await add_link(
            session,
            SYSTEM,
            connection_id=connection_id,
            resource="customer",
            hub_id=customer.id,
            vendor_id=vendor_id,
        )
    return order.invoice.for_customer(vendor_id)


async def _read(hub: Hub, job: JobRun) -> _Order | None:
    async with hub.database.session() as session:
        delivery = await session.get(Delivery, job.key)
        if delivery is None or delivery.status in SETTLED:
            return None
        delivery.vendor_id = delivery.vendor_id or await _begun(session, delivery)
        invoice = await session.get_one(Invoice, delivery.invoice_id)
        if invoice.status in ("void", "paid") and delivery.vendor_id is None:
            return None
        connection = await session.get_one(Connection, delivery.connection_id)
        if not connection.enabled:
            return None
        return _Order(
            delivery=delivery,
            status=invoice.status,
            invoice=await _payment_invoice(session, invoice, connection.id),
            connection=await open_connection(session, hub, connection),
        )


async def _begun(session: AsyncSession, delivery: Delivery) -> str | None:
    """Return the gateway's id of an invoice whose delivery broke off before it was noted."""
    found = await session.execute(
        select(col(Intent.result)).where(
            col(Intent.connection_id) == delivery.connection_id,
            col(Intent.scope) == delivery.id,
            col(Intent.step) == INVOICE_STEP,
            col(Intent.state) == "done",
        )
    )
    result = found.scalar_one_or_none()
    return str(result["id"]) if result else None


async def _payment_invoice(
    session: AsyncSession, invoice: Invoice, connection_id: str
) -> PaymentInvoice:
    customer = await session.get_one(Customer, invoice.customer_id)
    rows = await session.execute(
        select(InvoiceLine)
        .where(col(InvoiceLine.invoice_id) == invoice.id)
        .order_by(col(InvoiceLine.position))
    )
    lines = [PaymentLine(row.id, row.description, row.amount) for row in rows.scalars()]
    if invoice.tax:
        label = f"Tax {invoice.tax_rate.normalize():f} %"
        lines.append(PaymentLine(f"{invoice.id}-tax", label, invoice.tax))
    if invoice.number is None or invoice.due_date is None:
        message = f"invoice {invoice.id} is delivered before it is finalized"
        raise RuntimeError(message)
    return PaymentInvoice(
        id=invoice.id,
        number=invoice.number,
        currency=invoice.currency,
        customer=PaymentCustomer(
            id=customer.id,
            name=str(invoice.bill_to.get("name", customer.name)),
            email=str(invoice.bill_to.get("email", customer.email)),
            vendor_id=await vendor_id_of(session, connection_id, "customer", customer.id),
        ),
        lines=tuple(lines),
        amount_due=invoice.amount_due,
        due_date=invoice.due_date.date(),
    )


async def _note_refusal(job: JobRun, delivery_id: str, refusal: Rejected) -> None:
    async with job.transaction() as session:
        delivery = await session.get_one(Delivery, delivery_id, with_for_update=True)
        delivery.status, delivery.detail = "failed", refusal.message
        delivery.updated_at = (await session.execute(select(func.now()))).scalar_one()

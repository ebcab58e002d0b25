"""Void an open invoice: it is owed no more, here and at the gateway."""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.access import audit
from atlas_hub.billing.tables import Charge, Delivery, Invoice
from atlas_hub.http.actor import Actor
from atlas_hub.hub import Hub
from atlas_hub.jobs.queue import enqueue_many
from atlas_hub_core.invoices import InvoiceStatus, transition


async def void_invoice(session: AsyncSession, hub: Hub, actor: Actor, invoice: Invoice) -> None:
    """Void `invoice` and its charges, and ask for the same wherever it was delivered.

    Its service periods are not billed again. Usage that comes late for them is: the difference it
    makes to what the voided invoice charged.

    Raises:
        Conflict: it is a draft, paid, or void already.
    """
    await session.refresh(invoice, with_for_update=True)
    invoice.status = transition(InvoiceStatus(invoice.status), InvoiceStatus.VOID)
    invoice.voided_at = await hub.clock.now(session)
    await session.execute(
        update(Charge).where(col(Charge.invoice_id) == invoice.id).values(status="void")
    )
    audit.record(session, actor, "void", "invoice", invoice.id)
    deliveries = await session.execute(
        select(col(Delivery.id)).where(col(Delivery.invoice_id) == invoice.id)
    )
    await enqueue_many(session, "payments.deliver", deliveries.scalars())

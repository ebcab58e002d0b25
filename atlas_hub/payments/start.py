"""Decide where a finalized invoice is delivered, and ask for it."""

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.billing.tables import Delivery, Invoice
from atlas_hub.connections.tables import Connection
from atlas_hub.db.ids import new_id
from atlas_hub.hub import Hub
from atlas_hub.jobs.kinds import JobRun
from atlas_hub.jobs.queue import enqueue
from atlas_hub.payments.gateways import default_connection
from atlas_hub.payments.tables import Intent
from atlas_hub_core.errors import Conflict


async def start(hub: Hub, job: JobRun) -> None:
    """Run the job `payments.start`; its key is the invoice's id.

    Without a payment connection nothing happens: the invoice is open and can be delivered later.
    """
    async with job.transaction() as session:
        invoice = await session.get(Invoice, job.key)
        if invoice is None or invoice.status != "open":
            return
        if await live_delivery(session, invoice.id) is not None:
            return
        connection = await default_connection(session, hub)
        if connection is not None:
            await start_delivery(session, invoice, connection)


async def live_delivery(session: AsyncSession, invoice_id: str) -> Delivery | None:
    """Return where an invoice is, or is on its way to; None if nowhere."""
    found = await session.execute(
        select(Delivery).where(
            col(Delivery.invoice_id) == invoice_id, col(Delivery.status) != "void"
        )
    )
    return found.scalar_one_or_none()


async def reopen(session: AsyncSession, delivery: Delivery, customer_id: str) -> None:
    """Let what the gateway refused be tried again, since a person has seen to the cause.

    The gateway is looked up first, and the next try goes under a new key: it would only repeat
    its refusal for the old one.
    """
    await session.execute(
        update(Intent)
        .where(
            col(Intent.connection_id) == delivery.connection_id,
            col(Intent.scope).in_((delivery.id, customer_id)),
            col(Intent.state) == "refused",
        )
        .values(state="answered")
    )


async def start_delivery(
    session: AsyncSession, invoice: Invoice, connection: Connection
) -> Delivery:
    """Make the delivery of an invoice to a connection if there is none, and ask for its job.

    Raises:
        Conflict: with code `already_delivered`, if it is at another connection.
    """
    await session.execute(
        insert(Delivery)
        .values(
            id=new_id("dlv"),
            invoice_id=invoice.id,
            connection_id=connection.id,
            status="pending",
            amount_paid=0,
        )
        .on_conflict_do_nothing()
    )
    delivery = await live_delivery(session, invoice.id)
    if delivery is None or delivery.connection_id != connection.id:
        message = (
            f"Invoice {invoice.id} is already at another payment connection, which may collect it. "
            "Void it there first, or deliver it to that connection again."
        )
        raise Conflict(message, code="already_delivered", field="connection")
    await enqueue(session, "payments.deliver", delivery.id)
    return delivery

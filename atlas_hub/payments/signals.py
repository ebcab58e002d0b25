"""Hints from gateways: each becomes a request to look at the deliveries it is about."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.billing.tables import Delivery, Invoice
from atlas_hub.connections.tables import Link
from atlas_hub.db.ids import new_id
from atlas_hub.jobs.queue import enqueue_many
from atlas_hub.payments.deliver import SETTLED
from atlas_hub.payments.tables import InboundWebhook
from atlas_hub.sdk import Signal


async def note_webhook(
    session: AsyncSession, connection_id: str, signals: Sequence[Signal]
) -> None:
    """Store each message once, and ask for the deliveries it is about; the caller commits."""
    rows = [
        {
            "id": new_id("whk"),
            "connection_id": connection_id,
            "vendor_event_id": signal.event_id,
            "type": signal.type,
        }
        for signal in signals
    ]
    if rows:
        await session.execute(insert(InboundWebhook).values(rows).on_conflict_do_nothing())
    await look_again(session, connection_id, signals)


async def look_again(session: AsyncSession, connection_id: str, signals: Sequence[Signal]) -> None:
    """Ask for every unsettled delivery that the signals name, or whose customer they name."""
    invoices = {signal.vendor_id for signal in signals if signal.vendor_id}
    customers = {signal.customer_vendor_id for signal in signals if signal.customer_vendor_id}
    of_customers = (
        select(col(Delivery.id))
        .join(Invoice, col(Invoice.id) == col(Delivery.invoice_id))
        .join(
            Link,
            (col(Link.hub_id) == col(Invoice.customer_id))
            & (col(Link.connection_id) == col(Delivery.connection_id)),
        )
        .where(col(Link.resource) == "customer", col(Link.vendor_id).in_(customers))
    )
    found = await session.execute(
        select(col(Delivery.id)).where(
            col(Delivery.connection_id) == connection_id,
            col(Delivery.status).not_in(SETTLED),
            col(Delivery.vendor_id).in_(invoices) | col(Delivery.id).in_(of_customers),
        )
    )
    await enqueue_many(session, "payments.deliver", found.scalars())

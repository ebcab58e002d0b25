"""Take the gateway's word on an invoice into the hub, if it is about the same money."""

import logging

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from atlas_hub.access import audit
from atlas_hub.billing.tables import Delivery, Invoice
from atlas_hub.http.actor import SYSTEM
from atlas_hub.hub import Hub
from atlas_hub.sdk import GatewayState

logger = logging.getLogger(__name__)


async def settle(session: AsyncSession, hub: Hub, delivery_id: str, state: GatewayState) -> None:
    """Write what the gateway says; the caller commits.

    The invoice becomes paid only if currency and amounts are its own.
    """
    delivery = await session.get_one(Delivery, delivery_id, with_for_update=True)
    invoice = await session.get_one(Invoice, delivery.invoice_id, with_for_update=True)
    delivery.vendor_id = state.vendor_id
    delivery.url = state.url
    delivery.updated_at = (await session.execute(select(func.now()))).scalar_one()
    mismatch = _mismatch(invoice, state)
    if mismatch is not None:
        logger.error("invoice %s at %s: %s", invoice.id, delivery.connection_id, mismatch)
        delivery.status, delivery.detail = "failed", mismatch
        return
    delivery.status, delivery.detail = state.status, state.detail
    delivery.amount_paid = state.amount_paid
    if state.status == "paid" and invoice.status == "void":
        delivery.detail = "paid at the gateway although the invoice is void; refund it there"
        logger.error("invoice %s at %s: %s", invoice.id, delivery.connection_id, delivery.detail)
    if state.status == "uncollectible" and invoice.status == "open":
        invoice.status = "uncollectible"
    if state.status == "paid" and invoice.status in ("open", "uncollectible"):
        invoice.status = "paid"
        invoice.amount_paid = state.amount_paid
        invoice.paid_at = await hub.clock.now(session)
        details = {"connection": delivery.connection_id, "vendor_id": state.vendor_id}
        audit.record(session, SYSTEM, "pay", "invoice", invoice.id, details)


def _mismatch(invoice: Invoice, state: GatewayState) -> str | None:
    if state.currency != invoice.currency:
        return f"the gateway bills {state.currency}, the invoice is in {invoice.currency}"
    if state.amount_due != invoice.amount_due:
        return (
            f"the gateway bills {state.amount_due} {state.currency}, "
            f"the invoice says {invoice.amount_due}"
        )
    if state.status == "paid" and state.amount_paid != invoice.amount_due:
        return (
            f"the gateway calls it paid with {state.amount_paid} {state.currency} "
            f"of {invoice.amount_due}"
        )
    return None

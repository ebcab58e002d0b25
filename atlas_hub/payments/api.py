"""Routes: messages from gateways, delivery by hand."""

from datetime import UTC, datetime

from fastapi import Request
from pydantic import Field

from atlas_hub.access import audit
from atlas_hub.billing.tables import Invoice
from atlas_hub.connections.service import get_connection, open_connection
from atlas_hub.http.bodies import Answer, Body, Reference
from atlas_hub.http.routing import PUBLIC, Caller, HubDep, Router, Session, needs
from atlas_hub.payments.gateways import default_connection, open_gateway
from atlas_hub.payments.signals import note_webhook
from atlas_hub.payments.start import reopen, start_delivery
from atlas_hub.sdk import InvalidSignature
from atlas_hub_core.errors import Conflict, Malformed, NotFound, TooLarge

router = Router("payments")

MAX_WEBHOOK_BYTES = 1024 * 1024


class WebhookAnswer(Answer):
    """How many signals the message held."""

    received: int


class DeliverBody(Body):
    """Where to deliver; the default payment connection if left out."""

    connection: Reference | None = Field(default=None, description="Id or name.")


class DeliveryAnswer(Answer):
    """A delivery that is under way."""

    invoice: str
    connection: str
    status: str


@router.post("/v1/connections/{connection}/webhook", openapi_extra=needs(PUBLIC))
async def receive_webhook(
    connection: str, request: Request, session: Session, hub: HubDep
) -> WebhookAnswer:
    """Take a message from the vendor, proven by its signature; effects follow by job."""
    row = await get_connection(session, connection)
    body = await request.body()
    if len(body) > MAX_WEBHOOK_BYTES:
        message = f"The message is over {MAX_WEBHOOK_BYTES} bytes."
        raise TooLarge(message, code="body_too_large")
    opened = await open_connection(session, hub, row)
    async with open_gateway(opened) as gateway:
        try:
            signals = await gateway.verify(request.headers, body, datetime.now(UTC))
        except InvalidSignature as error:
            raise Malformed(error.message, code="invalid_signature") from None
    await note_webhook(session, row.id, signals)
    return WebhookAnswer(received=len(signals))


@router.post(
    "/v1/invoices/{invoice_id}/deliver", status_code=202, openapi_extra=needs("invoices:write")
)
async def deliver_invoice(
    invoice_id: str, body: DeliverBody, session: Session, hub: HubDep, caller: Caller
) -> DeliveryAnswer:
    """Deliver an open invoice to a payment connection, or try again what was refused there."""
    invoice = await session.get(Invoice, invoice_id)
    if invoice is None:
        message = f"There is no invoice {invoice_id}. GET /v1/invoices lists them."
        raise NotFound(message, code="invoice_not_found")
    if invoice.status not in ("open", "uncollectible"):
        message = f"Invoice {invoice_id} is {invoice.status}; only an open one can be delivered."
        raise Conflict(message, code="invoice_not_open")
    if body.connection is not None:
        connection = await get_connection(session, body.connection)
    else:
        found = await default_connection(session, hub)
        if found is None:
            message = "No payment connection is enabled. POST /v1/connections makes one."
            raise Conflict(message, code="no_payment_connection")
        connection = found
    if not connection.enabled:
        message = f"The connection {connection.name!r} is disabled; enable it first."
        raise Conflict(message, code="connection_disabled", field="connection")
    delivery = await start_delivery(session, invoice, connection)
    await reopen(session, delivery, invoice.customer_id)
    audit.record(session, caller, "deliver", "invoice", invoice_id, {"to": connection.id})
    return DeliveryAnswer(invoice=invoice_id, connection=connection.id, status=delivery.status)

"""Invoices at Stripe: reading one, and what its state means to the hub."""

from collections.abc import Container

from atlas_hub.sdk import GatewayState, GatewayStatus, JsonObject, Rejected
from atlas_hub_stripe.client import Call, StripeApi
from atlas_hub_stripe.money import from_stripe
from atlas_hub_stripe.records import Invoice, PaymentIntent, parsed


async def read_invoice(api: StripeApi, vendor_id: str) -> Invoice:
    """Return an invoice with its payments.

    Raises:
        Rejected: With code `invoice_missing`, if a person deleted the draft.
    """
    expand = ["payments.data.payment.payment_intent"]
    try:
        answer = await api.read(api.v1.invoices.retrieve_async, vendor_id, expand=expand)
    except Rejected as refusal:
        message = (
            f"Stripe has no invoice {vendor_id} for this API key: {refusal.message} "
            "Void the hub's invoice and bill again."
        )
        raise Rejected(message, code="invoice_missing") from refusal
    return parsed(Invoice, answer)


async def move(
    api: StripeApi,
    call: Call,
    vendor_id: str,
    parameters: JsonObject,
    key: str,
    *,
    while_in: Container[str],
) -> None:
    """Ask Stripe to move an invoice on; a refusal is fine if it has moved on meanwhile.

    Raises:
        Rejected: Stripe refuses, and the invoice's status is still one of `while_in`.
    """
    try:
        await api.write(call, vendor_id, parameters=parameters, key=key)
    except Rejected:
        if (await read_invoice(api, vendor_id)).status in while_in:
            raise


def state_of(invoice: Invoice) -> GatewayState:
    """Return the hub's view of a finalized invoice."""
    status, detail = _status(invoice)
    currency = invoice.currency.upper()
    return GatewayState(
        vendor_id=invoice.id,
        status=status,
        currency=currency,
        amount_due=from_stripe(invoice.amount_due, currency),
        amount_paid=from_stripe(invoice.amount_paid, currency),
        url=invoice.hosted_invoice_url,
        detail=detail,
    )


def _status(invoice: Invoice) -> tuple[GatewayStatus, str | None]:
    if invoice.status == "draft":
        return "open", "a draft at Stripe, not finalized yet"
    if invoice.status != "open":
        return invoice.status, None
    return _open_status(invoice.intent)


def _open_status(intent: PaymentIntent | None) -> tuple[GatewayStatus, str | None]:
    if intent is not None and intent.status == "processing":
        return "open", "the payment is under way"
    if intent is not None and intent.status == "requires_action":
        return "action_required", "the customer has to confirm the payment on the invoice's page"
    if intent is not None and intent.last_payment_error is not None:
        return "failed", intent.last_payment_error.message or "the payment was refused"
    return "action_required", "add a payment method to the customer, or pay on the invoice's page"

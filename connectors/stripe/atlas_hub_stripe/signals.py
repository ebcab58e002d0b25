"""Events, from webhooks or from the list of events, as hints where to look again."""

from typing import Any, Final

from atlas_hub.sdk import JsonObject, Signal

WATCHED: Final = (
    "customer.updated",
    "invoice.finalized",
    "invoice.marked_uncollectible",
    "invoice.paid",
    "invoice.payment_action_required",
    "invoice.payment_failed",
    "invoice.voided",
    "invoice_payment.paid",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.succeeded",
    "payment_method.attached",
    "payment_method.automatically_updated",
)
"""What may change the state of an invoice, for the poll and for webhook endpoints."""

INVOICE_IN: Final = {"invoice": "id", "invoice_payment": "invoice"}
CUSTOMER_IN: Final = {"customer": "id", "payment_method": "customer", "payment_intent": "customer"}
"""Kind of object -> the field that names the invoice or the customer it is about."""


def signals_of(event: JsonObject) -> tuple[Signal, ...]:
    """Return the hints in an event: one, or none if it says nothing about invoices."""
    data = event.get("data")
    subject = data.get("object") if isinstance(data, dict) else None
    event_id, kind = event.get("id"), event.get("type")
    if not (isinstance(subject, dict) and isinstance(event_id, str) and isinstance(kind, str)):
        return ()
    invoice = _named(subject, INVOICE_IN)
    customer = _named(subject, CUSTOMER_IN)
    if invoice is None and customer is None:
        return ()
    return (Signal(event_id, kind, vendor_id=invoice, customer_vendor_id=customer),)


def _named(subject: dict[str, Any], fields: dict[str, str]) -> str | None:
    value = subject.get(fields.get(str(subject.get("object")), ""))
    return value if isinstance(value, str) and value else None

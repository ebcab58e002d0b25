"""Collect an open invoice: once with each payment method the customer comes up with."""

from atlas_hub.sdk import JsonObject, Steps
from atlas_hub_stripe.client import StripeApi
from atlas_hub_stripe.customers import payment_method
from atlas_hub_stripe.errors import Declined
from atlas_hub_stripe.invoices import move, read_invoice
from atlas_hub_stripe.records import Customer, Invoice


async def collect(api: StripeApi, customer: Customer, invoice: Invoice, steps: Steps) -> None:
    """Charge the customer's payment method; a decline is an outcome, not an error.

    Without a payment method nothing is sent. A method that was tried is not tried again: what
    became of it stands on the invoice.
    """
    method = await payment_method(api, customer)
    if method is None:
        return

    async def find() -> JsonObject | None:
        current = await read_invoice(api, invoice.id)
        if current.status != "open" or _tried(current, method):
            return {"status": current.status}
        return None

    async def call(parameters: JsonObject, key: str) -> JsonObject:
        pay = api.v1.invoices.pay_async
        try:
            await move(api, pay, invoice.id, parameters, key, while_in={"open"})
        except Declined as declined:
            return {"status": "declined", "detail": declined.message}
        return {"status": "paid"}

    await steps.run(f"collect:{method}", {"payment_method": method}, call, find)


def _tried(invoice: Invoice, method: str) -> bool:
    """Say whether Stripe shows a try with this payment method."""
    intent = invoice.intent
    if intent is None:
        return False
    failed = intent.last_payment_error
    if failed is not None and failed.payment_method is not None:
        return failed.payment_method.id == method
    waits = intent.status in ("processing", "requires_action")
    return waits and intent.payment_method == method

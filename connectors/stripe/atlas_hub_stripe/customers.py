"""Customers: linking one to Stripe, and what an invoice needs to know of one."""

from typing import Final

from atlas_hub.sdk import JsonObject, PaymentCustomer, Rejected, Steps
from atlas_hub_stripe.client import StripeApi
from atlas_hub_stripe.records import Customer, parsed

OUR_CUSTOMER: Final = "atlas_customer_id"
LONGEST_NAME: Final = 256


async def link_customer(api: StripeApi, customer: PaymentCustomer, steps: Steps) -> str:
    """Return the Stripe customer that carries our id, made if there is none."""

    async def find() -> JsonObject | None:
        filters = {"email": customer.email} if customer.email else {}
        async for row in api.each(api.v1.customers.list_async, **filters):
            if row["metadata"].get(OUR_CUSTOMER) == customer.id:
                return {"id": row["id"]}
        return None

    async def call(parameters: JsonObject, key: str) -> JsonObject:
        made = await api.write(api.v1.customers.create_async, parameters=parameters, key=key)
        return {"id": made["id"]}

    parameters: JsonObject = {
        "name": customer.name[:LONGEST_NAME],
        "metadata": {OUR_CUSTOMER: customer.id},
    }
    if customer.email:
        parameters["email"] = customer.email
    known = await find() or await steps.run("customer", parameters, call, find)
    return str(known["id"])


async def living_customer(api: StripeApi, vendor_id: str) -> Customer:
    """Return a customer that can be billed.

    Raises:
        Rejected: It is not there (`customer_missing`), deleted (`customer_deleted`), or has a
            balance that would change what its invoices owe (`customer_balance`).
    """
    remedy = "Link the hub's customer to another Stripe customer, then retry."
    try:
        answer = await api.read(api.v1.customers.retrieve_async, vendor_id)
    except Rejected as refusal:
        message = f"Stripe has no customer {vendor_id} for this API key. {remedy}"
        raise Rejected(message, code="customer_missing", field="customer") from refusal
    customer = parsed(Customer, answer)
    if customer.deleted:
        message = f"The customer {vendor_id} is deleted at Stripe. {remedy}"
        raise Rejected(message, code="customer_deleted", field="customer")
    return customer


async def payment_method(api: StripeApi, customer: Customer) -> str | None:
    """Return what to charge: the customer's default, else the payment method added last."""
    default = customer.invoice_settings.default_payment_method
    if default is not None:
        return default
    newest = await api.read(api.v1.customers.payment_methods.list_async, customer.id, limit=1)
    return str(newest["data"][0]["id"]) if newest["data"] else None

"""Void a delivered invoice."""

from typing import Final

from atlas_hub.sdk import GatewayState, JsonObject, Rejected, Steps
from atlas_hub_stripe.client import StripeApi
from atlas_hub_stripe.invoices import move, read_invoice, state_of

VOIDABLE: Final = frozenset({"open", "uncollectible"})


async def void(api: StripeApi, vendor_id: str, steps: Steps) -> GatewayState:
    """Return the state after voiding; an invoice that got paid meanwhile stays paid.

    Raises:
        Rejected: With code `still_a_draft`; Stripe deletes drafts, it does not void them.
    """

    async def find() -> JsonObject | None:
        status = (await read_invoice(api, vendor_id)).status
        return None if status in VOIDABLE else {"id": vendor_id}

    async def call(parameters: JsonObject, key: str) -> JsonObject:
        send = api.v1.invoices.void_invoice_async
        await move(api, send, vendor_id, parameters, key, while_in=VOIDABLE)
        return {"id": vendor_id}

    current = await read_invoice(api, vendor_id)
    if current.status == "draft":
        message = f"The invoice {vendor_id} is a draft at Stripe. Delete it there."
        raise Rejected(message, code="still_a_draft")
    if current.status in VOIDABLE:
        await steps.run("void", {}, call, find)
        current = await read_invoice(api, vendor_id)
    return state_of(current)

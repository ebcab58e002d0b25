"""Deliver an invoice: draft, lines, check of the total, finalize, collect.

Every step carries the hub's ids in metadata, by which it is found again when its answer was lost.
Lists find it, not search, which lags behind writes.
"""

from datetime import UTC, datetime
from functools import partial
from typing import Final

from atlas_hub.sdk import (
    INVOICE_STEP,
    GatewayState,
    JsonObject,
    PaymentInvoice,
    PaymentLine,
    Rejected,
    Steps,
)
from atlas_hub_stripe.client import StripeApi
from atlas_hub_stripe.collect import collect
from atlas_hub_stripe.customers import living_customer
from atlas_hub_stripe.invoices import move, read_invoice, state_of
from atlas_hub_stripe.money import check_chargeable, from_stripe, to_stripe
from atlas_hub_stripe.records import Customer, Invoice
from atlas_hub_stripe.settings import StripeConfig

OUR_INVOICE: Final = "atlas_invoice_id"
OUR_NUMBER: Final = "atlas_invoice_number"
OUR_LINE: Final = "atlas_line_id"
MOST_LINES: Final = 250
LONGEST_TEXT: Final = 500


class Delivery:
    """One run that brings Stripe to where it holds an invoice."""

    def __init__(
        self, api: StripeApi, config: StripeConfig, invoice: PaymentInvoice, steps: Steps
    ) -> None:
        self._api = api
        self._config = config
        self._invoice = invoice
        self._steps = steps
        self._currency = invoice.currency.lower()

    async def run(self) -> GatewayState:
        """Return Stripe's state after doing what is missing."""
        if self._invoice.customer.vendor_id is None:
            message = f"The customer {self._invoice.customer.id} is not linked to Stripe."
            raise Rejected(message, code="customer_not_linked", field="customer")
        self._check_billable()
        customer = await living_customer(self._api, self._invoice.customer.vendor_id)
        vendor_id = await self._draft(customer)
        current = await read_invoice(self._api, vendor_id)
        if current.status == "draft":
            for line in self._invoice.lines:
                await self._add(line, customer.id, vendor_id)
            await self._finalize(customer, vendor_id)
            current = await read_invoice(self._api, vendor_id)
        if current.status == "open" and self._config.collect and self._owes_ours(current):
            await collect(self._api, customer, current, self._steps)
            current = await read_invoice(self._api, vendor_id)
        return state_of(current)

    def _check_billable(self) -> None:
        """Refuse, before anything is written, what Stripe could not take as it is."""
        check_chargeable(self._invoice.amount_due, self._invoice.currency)
        for line in self._invoice.lines:
            to_stripe(line.amount, self._invoice.currency)
        if len(self._invoice.lines) > MOST_LINES:
            message = (
                f"Stripe takes {MOST_LINES} lines on an invoice, {self._invoice.number} has "
                f"{len(self._invoice.lines)}. Hide metrics from invoices or split the plan."
            )
            raise Rejected(message, code="too_many_lines", field="lines")

    async def _draft(self, customer: Customer) -> str:
        async def find() -> JsonObject | None:
            listing = self._api.each(self._api.v1.invoices.list_async, customer=customer.id)
            async for row in listing:
                if row["metadata"].get(OUR_INVOICE) == self._invoice.id:
                    return {"id": row["id"]}
            return None

        async def call(parameters: JsonObject, key: str) -> JsonObject:
            create = self._api.v1.invoices.create_async
            made = await self._api.write(create, parameters=parameters, key=key)
            return {"id": made["id"]}

        made = await self._steps.run(INVOICE_STEP, self._draft_parameters(customer), call, find)
        return str(made["id"])

    def _draft_parameters(self, customer: Customer) -> JsonObject:
        parameters: JsonObject = {
            "customer": customer.id,
            "currency": self._currency,
            "auto_advance": False,
            "pending_invoice_items_behavior": "exclude",
            "description": f"Invoice {self._invoice.number}",
            "metadata": {OUR_INVOICE: self._invoice.id, OUR_NUMBER: self._invoice.number},
        }
        if self._config.statement_descriptor is not None:
            parameters["statement_descriptor"] = self._config.statement_descriptor
        if self._config.collect:
            return parameters | {"collection_method": "charge_automatically"}
        days = max((self._invoice.due_date - datetime.now(UTC).date()).days, 0)
        return parameters | {"collection_method": "send_invoice", "days_until_due": days}

    async def _add(self, line: PaymentLine, customer_id: str, vendor_id: str) -> None:
        async def find() -> JsonObject | None:
            listing = self._api.each(self._api.v1.invoice_items.list_async, invoice=vendor_id)
            async for row in listing:
                if row["metadata"].get(OUR_LINE) == line.id:
                    return {"id": row["id"]}
            return None

        async def call(parameters: JsonObject, key: str) -> JsonObject:
            create = self._api.v1.invoice_items.create_async
            made = await self._api.write(create, parameters=parameters, key=key)
            return {"id": made["id"]}

        parameters = {
            "customer": customer_id,
            "invoice": vendor_id,
            "currency": self._currency,
            "amount": to_stripe(line.amount, self._invoice.currency),
            "description": line.description[:LONGEST_TEXT],
            "metadata": {OUR_LINE: line.id},
        }
        await self._steps.run(f"line:{line.id}", parameters, call, find)

    async def _finalize(self, customer: Customer, vendor_id: str) -> None:
        self._check(customer, await read_invoice(self._api, vendor_id))

        async def find() -> JsonObject | None:
            status = (await read_invoice(self._api, vendor_id)).status
            return None if status == "draft" else {"id": vendor_id}

        async def call(parameters: JsonObject, key: str) -> JsonObject:
            finalize = self._api.v1.invoices.finalize_invoice_async
            await move(self._api, finalize, vendor_id, parameters, key, while_in={"draft"})
            return {"id": vendor_id}

        await self._steps.run("finalize", {"auto_advance": False}, call, find)

    def _check(self, customer: Customer, draft: Invoice) -> None:
        """Refuse to finalize anything but the hub's own amount."""
        money = partial(from_stripe, currency=self._invoice.currency)
        if draft.status == "draft" and not self._owes_ours(draft, draft.total):
            message = (
                f"The draft {draft.id} at Stripe sums to {money(draft.total)} "
                f"{draft.currency.upper()}, the invoice {self._invoice.number} to "
                f"{self._invoice.amount_due} {self._invoice.currency}. Remove what was added or "
                "changed at Stripe, then retry."
            )
            raise Rejected(message, code="total_mismatch", field="amount_due")
        if draft.status == "draft" and customer.balance:
            message = (
                f"The customer {customer.id} has a balance of {customer.balance} at Stripe, which "
                "would change what the invoice owes. Set it to zero there; the hub keeps credits."
            )
            raise Rejected(message, code="customer_balance", field="customer")

    def _owes_ours(self, invoice: Invoice, units: int | None = None) -> bool:
        """Say whether an amount, what is due unless given, is the hub's."""
        ours = to_stripe(self._invoice.amount_due, self._invoice.currency)
        owed = invoice.amount_due if units is None else units
        return invoice.currency == self._currency and owed == ours

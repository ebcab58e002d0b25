"""Invoice items: amounts waiting for an invoice, or on a draft."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from atlas_hub_stripe.sandbox.account import Account
from atlas_hub_stripe.sandbox.errors import Refusal
from atlas_hub_stripe.sandbox.invoices.totals import recompute
from atlas_hub_stripe.sandbox.objects import Object, deleted, merged_metadata
from atlas_hub_stripe.sandbox.paging import matching, page, within
from atlas_hub_stripe.sandbox.params import (
    CURRENCY,
    EXPAND,
    PAGE,
    Boolean,
    Field,
    Hash,
    Integer,
    Metadata,
    Number,
    Range,
    Text,
)
from atlas_hub_stripe.sandbox.routes import Call, Route

UPDATE: dict[str, Field] = EXPAND | {
    "amount": Integer(),
    "description": Text(),
    "discountable": Boolean(),
    "metadata": Metadata(),
    "period": Hash({"start": Integer(required=True), "end": Integer(required=True)}),
    "quantity": Integer(least=0),
    "quantity_decimal": Number(),
    "unit_amount_decimal": Number(),
}
CREATE: dict[str, Field] = UPDATE | {
    "customer": Text(required=True),
    "currency": CURRENCY,
    "invoice": Text(),
}
LIST: dict[str, Field] = PAGE | {
    "created": Range(),
    "customer": Text(),
    "invoice": Text(),
    "pending": Boolean(),
}


def create(call: Call) -> Object:
    """POST /v1/invoiceitems: on the draft named by `invoice`, or pending for the next one."""
    account, params = call.account, call.params
    customer = account.customers.in_param(params["customer"], "customer")
    if not params.get("currency"):
        raise Refusal(
            "Missing required param: currency.", code="parameter_missing", param="currency"
        )
    currency = params["currency"].lower()
    invoice = _draft(account, params.get("invoice"), customer["id"], currency)
    item = account.invoice_items.add(_item(params, customer["id"], currency, account.now()))
    customer["currency"] = customer["currency"] or currency
    account.emit("invoiceitem.created", item)
    if invoice is not None:
        _changed(account, invoice)
    return item


def retrieve(call: Call) -> Object:
    """GET /v1/invoiceitems/{invoiceitem}."""
    return call.account.invoice_items.in_path(call.target)


def update(call: Call) -> Object:
    """POST /v1/invoiceitems/{invoiceitem}, while its invoice is a draft."""
    account, params = call.account, call.params
    item = account.invoice_items.in_path(call.target)
    invoice = _editable(account, item)
    plain = ("description", "discountable", "period")
    changes: Object = {name: params[name] for name in plain if name in params}
    if "metadata" in params:
        changes["metadata"] = merged_metadata(item["metadata"], params["metadata"])
    if params.keys() & {"amount", "quantity", "quantity_decimal", "unit_amount_decimal"}:
        changes |= _money(params)
    account.update(item, changes)
    account.touch()
    if invoice is not None:
        _changed(account, invoice)
    return item


def delete(call: Call) -> Object:
    """DELETE /v1/invoiceitems/{invoiceitem}, while its invoice is a draft."""
    account, item = call.account, call.account.invoice_items.in_path(call.target)
    invoice = _editable(account, item)
    account.invoice_items.remove(item)
    account.emit("invoiceitem.deleted", item)
    if invoice is not None:
        _changed(account, invoice)
    return deleted(item)


def listed(call: Call) -> Object:
    """GET /v1/invoiceitems."""
    pending = call.params.get("pending")
    rows = (
        row
        for row in call.account.invoice_items.newest_first()
        if matching(row, call.params, "customer", "invoice")
        and within(row["date"], call.params.get("created"))
        and pending in (None, row["invoice"] is None)
    )
    return page(rows, call.params, call.path)


def _draft(
    account: Account, invoice_id: str | None, customer_id: str, currency: str
) -> Object | None:
    """The draft an item goes on; refused when it is no draft or of another customer or currency."""
    if invoice_id is None:
        return None
    invoice = account.invoices.in_param(invoice_id, "invoice")
    if invoice["status"] != "draft":
        message = "This invoice is no longer editable"
        raise Refusal(message, code="invoice_not_editable", param="invoice")
    if invoice["customer"] != customer_id:
        message = f"The invoice {invoice_id} does not belong to customer {customer_id}."
        raise Refusal(message, param="invoice")
    if invoice["currency"] != currency:
        message = f"The currency of the invoice item ({currency}) must match the invoice's."
        raise Refusal(message, param="currency")
    return invoice


def _editable(account: Account, item: Object) -> Object | None:
    invoice = account.invoices.get(item["invoice"] or "")
    if invoice is not None and invoice["status"] != "draft":
        message = "You can't change an invoice item once its invoice is finalized."
        raise Refusal(message, code="invoice_not_editable")
    return invoice


def _changed(account: Account, invoice: Object) -> None:
    account.emit("invoice.updated", invoice, recompute(account, invoice))


def _item(params: Mapping[str, Any], customer_id: str, currency: str, now: int) -> Object:
    return {
        "object": "invoiceitem",
        "currency": currency,
        "customer": customer_id,
        "customer_account": None,
        "date": now,
        "description": params.get("description"),
        "discountable": params.get("discountable", True),
        "discounts": [],
        "invoice": params.get("invoice"),
        "livemode": False,
        "metadata": merged_metadata({}, params.get("metadata") or {}),
        "parent": None,
        "period": params.get("period") or {"start": now, "end": now},
        "proration": False,
        "tax_rates": [],
        "test_clock": None,
    } | _money(params)


def _money(params: Mapping[str, Any]) -> Object:
    """Amount and pricing: from `amount`, or from a unit amount and a quantity, rounded half up."""
    amount, unit = params.get("amount"), params.get("unit_amount_decimal")
    quantities = [name for name in ("quantity", "quantity_decimal") if name in params]
    if amount is not None:
        both = [*quantities, *(["unit_amount_decimal"] if unit is not None else [])]
        if both:
            message = f"You may only specify one of these parameters: amount, {both[0]}."
            raise Refusal(message, param="amount")
        unit = Decimal(amount)
    if unit is None:
        message = "Missing required param: amount."
        raise Refusal(message, code="parameter_missing", param="amount")
    quantity = Decimal(params[quantities[0]]) if quantities else Decimal(1)
    total = int((unit * quantity).quantize(Decimal(1), ROUND_HALF_UP))
    return {
        "amount": total,
        "net_amount": total,
        "pricing": {"type": "price_details", "unit_amount_decimal": f"{unit:f}"},
        "quantity": int(quantity),
        "quantity_decimal": f"{quantity:f}",
    }


ROUTES = [
    Route("POST", "/v1/invoiceitems", CREATE, create),
    Route("GET", "/v1/invoiceitems", LIST, listed),
    Route("GET", "/v1/invoiceitems/{invoiceitem}", EXPAND, retrieve),
    Route("POST", "/v1/invoiceitems/{invoiceitem}", UPDATE, update),
    Route("DELETE", "/v1/invoiceitems/{invoiceitem}", {}, delete),
]

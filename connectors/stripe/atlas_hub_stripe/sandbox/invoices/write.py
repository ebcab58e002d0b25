"""Creating, changing and deleting invoices."""

from typing import Any

from atlas_hub_stripe.sandbox.account import Account
from atlas_hub_stripe.sandbox.errors import Refusal
from atlas_hub_stripe.sandbox.invoices.blank import blank
from atlas_hub_stripe.sandbox.invoices.totals import recompute
from atlas_hub_stripe.sandbox.objects import Object, deleted, merged_metadata
from atlas_hub_stripe.sandbox.params import (
    CURRENCY,
    EXPAND,
    Boolean,
    Choice,
    Field,
    Hash,
    Integer,
    ListOf,
    Metadata,
    Text,
)
from atlas_hub_stripe.sandbox.routes import Call

DAY = 86_400
HOUR = 3_600
CUSTOM_FIELD = Hash(
    {"name": Text(longest=40, required=True), "value": Text(longest=140, required=True)}
)
UPDATE: dict[str, Field] = EXPAND | {
    "auto_advance": Boolean(),
    "automatically_finalizes_at": Integer(least=0),
    "collection_method": Choice(("charge_automatically", "send_invoice")),
    "custom_fields": ListOf(CUSTOM_FIELD, most=4),
    "days_until_due": Integer(least=0, most=3650),
    "default_payment_method": Text(),
    "description": Text(longest=1500),
    "due_date": Integer(least=0),
    "footer": Text(),
    "metadata": Metadata(),
    "statement_descriptor": Text(longest=22),
}
CREATE: dict[str, Field] = UPDATE | {
    "customer": Text(required=True),
    "currency": CURRENCY,
    "pending_invoice_items_behavior": Choice(("exclude", "include")),
}
EDITABLE_AFTER_DRAFT = {"auto_advance", "default_payment_method", "expand", "metadata"}


def create(call: Call) -> Object:
    """POST /v1/invoices: a draft, with the customer's pending items when asked to include them."""
    account, params = call.account, call.params
    customer = account.customers.in_param(params["customer"], "customer")
    currency = (params.get("currency") or customer["currency"] or "usd").lower()
    pending = _pending(account, customer["id"], currency)
    include = params.get("pending_invoice_items_behavior") == "include"
    if include and not pending:
        message = "Nothing to invoice for customer"
        raise Refusal(message, code="invoice_no_customer_line_items", param="customer")
    invoice = blank(customer, currency, account.now())
    invoice |= _changes(account, invoice, params)
    account.invoices.add(invoice)
    customer["currency"] = customer["currency"] or currency
    for item in pending if include else []:
        item["invoice"] = invoice["id"]
        account.pulled_items.add(item["id"])
    recompute(account, invoice)
    account.emit("invoice.created", invoice)
    return invoice


def update(call: Call) -> Object:
    """POST /v1/invoices/{invoice}: a draft takes everything, a finalized one very little."""
    account, invoice = call.account, call.account.invoices.in_path(call.target)
    frozen = sorted(call.params.keys() - EDITABLE_AFTER_DRAFT)
    if invoice["status"] != "draft" and frozen:
        message = f"Finalized invoices can't be updated in this way ({', '.join(frozen)})."
        raise Refusal(message, code="invoice_not_editable", param=frozen[0])
    changes = _changes(account, invoice, call.params)
    if previous := account.update(invoice, changes):
        account.emit("invoice.updated", invoice, previous)
    return invoice


def delete(call: Call) -> Object:
    """DELETE /v1/invoices/{invoice}: only a draft; its items become pending again."""
    account, invoice = call.account, call.account.invoices.in_path(call.target)
    if invoice["status"] != "draft":
        message = "You can only delete draft invoices. Void a finalized one instead."
        raise Refusal(message, code="invoice_not_editable")
    for item in account.invoice_items:
        if item["invoice"] == invoice["id"]:
            item["invoice"] = None
    account.invoices.remove(invoice)
    account.emit("invoice.deleted", invoice)
    return deleted(invoice)


def _pending(account: Account, customer_id: str, currency: str) -> list[Object]:
    return [
        item
        for item in account.invoice_items
        if item["invoice"] is None
        and item["customer"] == customer_id
        and item["currency"] == currency
    ]


def _changes(account: Account, invoice: Object, params: dict[str, Any]) -> Object:
    """The new values of the fields that were sent, with the dates that follow from them."""
    apart = {"expand", "metadata", "days_until_due"}
    changes = {name: params[name] for name in UPDATE if name in params and name not in apart}
    if "metadata" in params:
        changes["metadata"] = merged_metadata(invoice["metadata"], params["metadata"])
    if method_id := changes.get("default_payment_method"):
        _check_owner(account, method_id, invoice["customer"])
    if changes.get("auto_advance") and invoice["status"] == "draft":
        changes.setdefault("automatically_finalizes_at", account.now() + HOUR)
    if "auto_advance" in changes and invoice["status"] == "open":
        changes["next_payment_attempt"] = next_attempt(invoice | changes, account.now())
    return changes | _due(invoice, params, account.now())


def next_attempt(invoice: Object, now: int) -> int | None:
    """When Stripe charges an open invoice by itself: at once, or never."""
    collects = invoice["auto_advance"] and invoice["collection_method"] == "charge_automatically"
    return now if collects else None


def _due(invoice: Object, params: dict[str, Any], now: int) -> Object:
    """The due date: only invoices that are sent have one, and they must have one."""
    method = params.get("collection_method", invoice["collection_method"])
    due = params.get("due_date", invoice["due_date"])
    if "days_until_due" in params:
        due = now + params["days_until_due"] * DAY
    dated = [name for name in ("days_until_due", "due_date") if name in params]
    if method == "charge_automatically":
        if dated:
            message = f"You can only specify {dated[0]} if collection_method is send_invoice."
            raise Refusal(message, param=dated[0])
        return {"due_date": None}
    if due is None:
        message = (
            "You must specify due_date or days_until_due if collection_method is send_invoice."
        )
        raise Refusal(message, param="days_until_due")
    return {"due_date": due}


def _check_owner(account: Account, method_id: str, customer_id: str) -> None:
    method = account.payment_methods.in_param(method_id, "default_payment_method")
    if method["customer"] != customer_id:
        message = f"The payment method {method_id} is not attached to customer {customer_id}."
        raise Refusal(message, code="resource_missing", param="default_payment_method")

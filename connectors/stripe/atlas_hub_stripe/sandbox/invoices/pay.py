"""Paying an invoice: by its card, or outside of Stripe."""

from atlas_hub_stripe.sandbox.account import Account
from atlas_hub_stripe.sandbox.errors import Refusal, missing_object
from atlas_hub_stripe.sandbox.invoices.finalize import open_draft
from atlas_hub_stripe.sandbox.invoices.settle import settle
from atlas_hub_stripe.sandbox.objects import Object
from atlas_hub_stripe.sandbox.params import EXPAND, Boolean, Field, Text
from atlas_hub_stripe.sandbox.payments import abandon, charge, payment_of
from atlas_hub_stripe.sandbox.routes import Call

PAY: dict[str, Field] = EXPAND | {
    "off_session": Boolean(),
    "paid_out_of_band": Boolean(),
    "payment_method": Text(),
}


def pay(call: Call) -> Object:
    """POST /v1/invoices/{invoice}/pay: finalizes a draft first."""
    account, invoice = call.account, call.account.invoices.in_path(call.target)
    if invoice["status"] == "draft":
        open_draft(account, invoice)
        if invoice["status"] == "paid":
            return invoice
    if invoice["status"] == "paid":
        raise Refusal("Invoice is already paid")
    if invoice["status"] == "void":
        raise Refusal("Invoice is void and cannot be paid")
    if call.params.get("paid_out_of_band"):
        abandon(account, payment_of(account, invoice))
        settle(account, invoice)
        return invoice
    collect(account, invoice, _chosen(account, invoice, call.params.get("payment_method")))
    return invoice


def collect(account: Account, invoice: Object, method: Object) -> None:
    """Charge the card once. A decline leaves the invoice as it was and raises Stripe's 402."""
    attempts = {"attempted": True, "attempt_count": invoice["attempt_count"] + 1}
    previous = account.update(invoice, attempts)
    try:
        charge(account, invoice, method)
    except Refusal as refusal:
        account.emit("invoice.updated", invoice, previous)
        account.emit("invoice.payment_failed", invoice)
        if refusal.error["code"] == "invoice_payment_intent_requires_action":
            account.emit("invoice.payment_action_required", invoice)
        raise
    settle(account, invoice)


def default_method(account: Account, invoice: Object) -> Object | None:
    """The card an invoice is charged to by itself: its own, or its customer's default."""
    customer = account.customers.in_path(invoice["customer"])
    settings = customer.get("invoice_settings") or {}
    method_id = invoice["default_payment_method"] or settings.get("default_payment_method")
    return account.payment_methods.get(method_id or "")


def _chosen(account: Account, invoice: Object, method_id: str | None) -> Object:
    if method_id is None:
        method = default_method(account, invoice)
        if method is None:
            message = (
                "There is no `default_payment_method` set on this Customer or Invoice. Please set "
                "either the `default_payment_method` or pass the `payment_method` to be used."
            )
            raise Refusal(message)
        return method
    method = account.payment_methods.in_param(method_id, "payment_method")
    if method["customer"] != invoice["customer"]:
        raise missing_object("PaymentMethod", method_id, "payment_method")
    return method

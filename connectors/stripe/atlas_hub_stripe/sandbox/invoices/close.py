"""Giving up on an invoice, and sending one."""

from atlas_hub_stripe.sandbox.account import Account
from atlas_hub_stripe.sandbox.errors import Refusal
from atlas_hub_stripe.sandbox.invoices.finalize import open_draft
from atlas_hub_stripe.sandbox.objects import Object
from atlas_hub_stripe.sandbox.payments import abandon, payment_of
from atlas_hub_stripe.sandbox.routes import Call


def void(call: Call) -> Object:
    """POST /v1/invoices/{invoice}/void."""
    account, invoice = call.account, call.account.invoices.in_path(call.target)
    if invoice["status"] not in ("open", "uncollectible"):
        message = (
            "You can only pass in open or uncollectible invoices. "
            f"This invoice isn't open or uncollectible (it is {invoice['status']})."
        )
        raise Refusal(message)
    abandon(account, payment_of(account, invoice))
    _move(account, invoice, "void", "voided_at", "invoice.voided")
    return invoice


def mark_uncollectible(call: Call) -> Object:
    """POST /v1/invoices/{invoice}/mark_uncollectible."""
    account, invoice = call.account, call.account.invoices.in_path(call.target)
    if invoice["status"] != "open":
        message = (
            "You can only mark open invoices as uncollectible. "
            f"This invoice is {invoice['status']}."
        )
        raise Refusal(message)
    kind = "invoice.marked_uncollectible"
    _move(account, invoice, "uncollectible", "marked_uncollectible_at", kind)
    return invoice


def send(call: Call) -> Object:
    """POST /v1/invoices/{invoice}/send: finalizes a draft, then mails it (here: says so)."""
    account, invoice = call.account, call.account.invoices.in_path(call.target)
    if invoice["collection_method"] != "send_invoice":
        message = (
            "You can only manually send an invoice if its collection method is 'send_invoice'."
        )
        raise Refusal(message)
    if invoice["status"] == "draft":
        open_draft(account, invoice)
    account.emit("invoice.sent", invoice)
    return invoice


def _move(account: Account, invoice: Object, status: str, stamp: str, kind: str) -> None:
    transitions = invoice["status_transitions"] | {stamp: account.now()}
    changes = {"status": status, "status_transitions": transitions, "next_payment_attempt": None}
    previous = account.update(invoice, changes)
    account.emit("invoice.updated", invoice, previous)
    account.emit(kind, invoice)

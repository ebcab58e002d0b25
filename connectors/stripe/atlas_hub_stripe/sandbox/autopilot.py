"""What Stripe does by itself as time passes: finalize due drafts, collect, try again."""

from atlas_hub_stripe.sandbox.account import Account
from atlas_hub_stripe.sandbox.errors import Refusal
from atlas_hub_stripe.sandbox.invoices.finalize import open_draft
from atlas_hub_stripe.sandbox.invoices.pay import collect, default_method
from atlas_hub_stripe.sandbox.objects import Object

RETRY_AFTER = 3 * 86_400
MOST_ATTEMPTS = 4


def catch_up(account: Account) -> None:
    """Do everything that is due now. Changes made here belong to no request."""
    account.request = {"id": None, "idempotency_key": None}
    now = account.now()
    for invoice in account.invoices:
        finalizes = invoice["automatically_finalizes_at"]
        if invoice["status"] == "draft" and finalizes is not None and finalizes <= now:
            _finalize(account, invoice)
        attempt = invoice["next_payment_attempt"]
        if invoice["status"] == "open" and attempt is not None and attempt <= now:
            _attempt(account, invoice)


def _finalize(account: Account, invoice: Object) -> None:
    try:
        open_draft(account, invoice)
    except Refusal as refusal:
        invoice["automatically_finalizes_at"] = None
        invoice["last_finalization_error"] = refusal.error
        account.emit("invoice.finalization_failed", invoice)


def _attempt(account: Account, invoice: Object) -> None:
    if not invoice["auto_advance"]:
        invoice["next_payment_attempt"] = None
        return
    last = invoice["attempt_count"] + 1 >= MOST_ATTEMPTS
    invoice["next_payment_attempt"] = None if last else account.now() + RETRY_AFTER
    method = default_method(account, invoice)
    if method is None:
        attempts = {"attempted": True, "attempt_count": invoice["attempt_count"] + 1}
        account.emit("invoice.updated", invoice, account.update(invoice, attempts))
        account.emit("invoice.payment_failed", invoice)
        return
    try:
        collect(account, invoice, method)
    except Refusal:
        return

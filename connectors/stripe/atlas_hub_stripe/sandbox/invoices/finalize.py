"""Finalizing: the number is given, the content freezes, and a payment is prepared."""

from atlas_hub_stripe.sandbox.account import Account
from atlas_hub_stripe.sandbox.errors import Refusal
from atlas_hub_stripe.sandbox.invoices.blank import addressee
from atlas_hub_stripe.sandbox.invoices.settle import settle
from atlas_hub_stripe.sandbox.invoices.write import next_attempt
from atlas_hub_stripe.sandbox.objects import Object, new_id
from atlas_hub_stripe.sandbox.params import EXPAND, Boolean, Field
from atlas_hub_stripe.sandbox.payments import prepare
from atlas_hub_stripe.sandbox.routes import Call

FINALIZE: dict[str, Field] = EXPAND | {"auto_advance": Boolean()}
SMALLEST_CHARGE = {
    "usd": 50,
    "eur": 50,
    "gbp": 30,
    "chf": 50,
    "cad": 50,
    "aud": 50,
    "jpy": 50,
    "dkk": 250,
    "nok": 300,
    "sek": 300,
}


def finalize(call: Call) -> Object:
    """POST /v1/invoices/{invoice}/finalize."""
    account, invoice = call.account, call.account.invoices.in_path(call.target)
    if "auto_advance" in call.params:
        invoice["auto_advance"] = call.params["auto_advance"]
    open_draft(account, invoice)
    return invoice


def open_draft(account: Account, invoice: Object) -> None:
    """Turn a draft into an open invoice, or straight into a paid one when nothing is due."""
    if invoice["status"] != "draft":
        message = "This invoice is already finalized, you can't re-finalize a non-draft invoice."
        raise Refusal(message)
    if not invoice["lines"]["data"]:
        message = "You can't finalize an invoice with no line items."
        raise Refusal(message, code="invoice_no_customer_line_items")
    customer = account.customers.in_param(invoice["customer"], "customer")
    invoice |= addressee(customer) | _identity(customer) | _opened(account, invoice)
    customer["next_invoice_sequence"] += 1
    _apply_balance(invoice, customer)
    if invoice["amount_due"]:
        prepare(account, invoice)
    account.emit("invoice.finalized", invoice)
    account.emit("invoice.updated", invoice, {"status": "draft", "number": None})
    if not invoice["amount_due"]:
        settle(account, invoice)


def _identity(customer: Object) -> Object:
    token = new_id("test", 32)
    return {
        "number": f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04d}",
        "hosted_invoice_url": f"https://invoice.stripe.com/i/acct_sandbox/{token}",
        "invoice_pdf": f"https://pay.stripe.com/invoice/acct_sandbox/{token}/pdf",
    }


def _opened(account: Account, invoice: Object) -> Object:
    now = account.now()
    due_date = invoice["due_date"]
    return {
        "status": "open",
        "automatically_finalizes_at": None,
        "effective_at": now,
        "due_date": due_date if due_date is None else now + due_date - invoice["created"],
        "next_payment_attempt": next_attempt(invoice, now),
        "status_transitions": invoice["status_transitions"] | {"finalized_at": now},
        "webhooks_delivered_at": now,
    }


def _apply_balance(invoice: Object, customer: Object) -> None:
    """Settle with the customer's balance (positive: owed to us).

    What is too small to charge, or below zero, moves to the balance and the invoice owes nothing.
    """
    before = customer["balance"]
    due = invoice["total"] + before
    too_small = due < SMALLEST_CHARGE.get(invoice["currency"], 50)
    customer["balance"] = due if too_small else 0
    owed = 0 if too_small else due
    invoice |= {
        "starting_balance": before,
        "ending_balance": customer["balance"],
        "amount_due": owed,
        "amount_remaining": owed,
    }

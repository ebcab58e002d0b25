"""The moment an invoice becomes paid."""

from atlas_hub_stripe.sandbox.account import Account
from atlas_hub_stripe.sandbox.objects import Object


def settle(account: Account, invoice: Object) -> None:
    """Mark an open invoice paid and tell everyone. The money moved before, if any did."""
    now = account.now()
    changes = {
        "status": "paid",
        "amount_paid": invoice["amount_due"],
        "amount_remaining": 0,
        "attempted": True,
        "next_payment_attempt": None,
        "status_transitions": invoice["status_transitions"] | {"paid_at": now},
    }
    previous = account.update(invoice, changes)
    account.emit("invoice.updated", invoice, previous)
    account.emit("invoice.paid", invoice)
    account.emit("invoice.payment_succeeded", invoice)

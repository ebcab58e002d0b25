"""Charges: every try at a card, and the ledger of the money that really moved."""

from dataclasses import asdict, dataclass
from typing import Any

from atlas_hub_stripe.sandbox.account import Account
from atlas_hub_stripe.sandbox.cards import TestCard, decline_message
from atlas_hub_stripe.sandbox.objects import Object


@dataclass(frozen=True, slots=True)
class Collected:
    """Money that really moved, once per entry. `amount` in minor units, `at` in seconds."""

    charge: str
    invoice: str
    customer: str
    amount: int
    currency: str
    metadata: dict[str, str]
    at: int

    def document(self) -> dict[str, Any]:
        """The entry as JSON."""
        return asdict(self)


def collected(account: Account) -> list[Collected]:
    """All money that moved, oldest first, with the metadata its invoice has now."""
    return [_collected(account, row) for row in account.charges if row["paid"]]


def _collected(account: Account, row: Object) -> Collected:
    intent = {"type": "payment_intent", "payment_intent": row["payment_intent"]}
    payment = next(p for p in account.invoice_payments if p["payment"] == intent)
    invoice = account.invoices.in_path(payment["invoice"])
    return Collected(
        row["id"],
        invoice["id"],
        row["customer"],
        row["amount"],
        row["currency"],
        dict(invoice["metadata"]),
        row["created"],
    )


def record_charge(account: Account, intent: Object, method: Object, card: TestCard) -> Object:
    """Write down a try at a card and tell it."""
    row = _charge(intent, method, card, account.now())
    account.charges.add(row)
    account.emit("charge.succeeded" if row["paid"] else "charge.failed", row)
    return row


def _charge(intent: Object, method: Object, card: TestCard, now: int) -> Object:
    nothing = (
        "application",
        "application_fee",
        "application_fee_amount",
        "balance_transaction",
        "calculated_statement_descriptor",
        "failure_balance_transaction",
        "on_behalf_of",
        "receipt_email",
        "receipt_number",
        "receipt_url",
        "review",
        "shipping",
        "source",
        "source_transfer",
        "statement_descriptor",
        "statement_descriptor_suffix",
        "transfer_data",
        "transfer_group",
    )
    pays = card.code is None
    return dict.fromkeys(nothing) | {
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if pays else 0,
        "amount_refunded": 0,
        "billing_details": method["billing_details"],
        "captured": pays,
        "created": now,
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_code": card.code,
        "failure_message": None if pays else decline_message(card),
        "fraud_details": {},
        "livemode": False,
        "metadata": {},
        "outcome": _outcome(card),
        "paid": pays,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": {"card": _card(method["card"]), "type": "card"},
        "refunded": False,
        "status": "succeeded" if pays else "failed",
    }


def _card(card: Object) -> Object:
    copied = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding")
    kept = {name: card[name] for name in (*copied, "last4", "wallet")}
    return kept | {"network": card["brand"], "mandate": None, "installments": None}


def _outcome(card: TestCard) -> Object:
    pays = card.code is None
    return {
        "advice_code": None if pays else "try_again_later",
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "approved_by_network" if pays else "declined_by_network",
        "reason": card.decline_code,
        "seller_message": "Payment complete." if pays else "The bank declined the payment.",
        "type": "authorized" if pays else "issuer_declined",
    }

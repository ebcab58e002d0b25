"""The payment behind an invoice: an intent, its link to the invoice, and what charging it does."""

from typing import NoReturn

from atlas_hub_stripe.sandbox.account import Account
from atlas_hub_stripe.sandbox.cards import CARDS, TestCard, decline_message
from atlas_hub_stripe.sandbox.charges import record_charge
from atlas_hub_stripe.sandbox.errors import Refusal
from atlas_hub_stripe.sandbox.objects import Object, new_id


def prepare(account: Account, invoice: Object) -> None:
    """Make the intent that will collect an invoice just finalized."""
    intent = account.payment_intents.add(_intent(invoice, account.now()))
    intent["client_secret"] = f"{intent['id']}_secret_{new_id('x')[2:]}"
    account.invoice_payments.add(_invoice_payment(invoice, intent, account.now()))
    account.emit("payment_intent.created", intent)


def payment_of(account: Account, invoice: Object) -> Object | None:
    """The link between an invoice and its intent; None when nothing was ever due."""
    return next((p for p in account.invoice_payments if p["invoice"] == invoice["id"]), None)


def abandon(account: Account, payment: Object | None) -> None:
    """Cancel an intent that will not be needed."""
    if payment is None:
        return
    now = account.now()
    intent = account.payment_intents.in_path(payment["payment"]["payment_intent"])
    intent |= {"status": "canceled", "canceled_at": now, "cancellation_reason": "void_invoice"}
    stamps = payment["status_transitions"] | {"canceled_at": now}
    payment |= {"status": "canceled", "status_transitions": stamps}
    account.emit("payment_intent.canceled", intent)


def charge(account: Account, invoice: Object, method: Object) -> None:
    """Try the card for what the invoice still owes. Raises Stripe's 402 when it does not pay."""
    payment = payment_of(account, invoice)
    if payment is None:
        raise AssertionError(f"Invoice {invoice['id']} owes money but has no payment.")
    intent = account.payment_intents.in_path(payment["payment"]["payment_intent"])
    card = CARDS[account.test_cards[method["id"]]]
    intent["payment_method"] = method["id"]
    if card.needs_action:
        _ask_for_consent(account, intent)
    row = record_charge(account, intent, method, card)
    intent["latest_charge"] = row["id"]
    if card.code is not None:
        _decline(account, intent, method, card)
    intent |= {
        "status": "succeeded",
        "amount_received": intent["amount"],
        "last_payment_error": None,
        "next_action": None,
    }
    stamps = payment["status_transitions"] | {"paid_at": account.now()}
    paid = {"status": "paid", "amount_paid": intent["amount"], "status_transitions": stamps}
    payment |= paid
    account.emit("payment_intent.succeeded", intent)
    account.emit("invoice_payment.paid", payment)


def _ask_for_consent(account: Account, intent: Object) -> NoReturn:
    action = {"type": "use_stripe_sdk", "use_stripe_sdk": {}}
    intent |= {"status": "requires_action", "next_action": action}
    account.emit("payment_intent.requires_action", intent)
    message = (
        "This payment requires additional user action before it can be completed successfully. "
        "Payment can be completed using the PaymentIntent associated with the invoice."
    )
    code = "invoice_payment_intent_requires_action"
    raise Refusal(message, status=402, kind="card_error", code=code)


def _decline(account: Account, intent: Object, method: Object, card: TestCard) -> NoReturn:
    refusal = Refusal(
        decline_message(card),
        status=402,
        kind="card_error",
        code=card.code,
        decline_code=card.decline_code,
        charge=intent["latest_charge"],
    )
    problem = refusal.error | {"payment_method": dict(method)}
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "last_payment_error": problem,
        "next_action": None,
    }
    account.emit("payment_intent.payment_failed", intent)
    raise refusal


def _invoice_payment(invoice: Object, intent: Object, now: int) -> Object:
    return {
        "object": "invoice_payment",
        "amount_paid": None,
        "amount_requested": invoice["amount_due"],
        "created": now,
        "currency": invoice["currency"],
        "invoice": invoice["id"],
        "is_default": True,
        "livemode": False,
        "payment": {"type": "payment_intent", "payment_intent": intent["id"]},
        "status": "open",
        "status_transitions": {"canceled_at": None, "paid_at": None},
    }


def _intent(invoice: Object, now: int) -> Object:
    nothing = (
        "application",
        "application_fee_amount",
        "automatic_payment_methods",
        "canceled_at",
        "cancellation_reason",
        "customer_account",
        "excluded_payment_method_types",
        "last_payment_error",
        "latest_charge",
        "next_action",
        "on_behalf_of",
        "payment_method",
        "payment_method_configuration_details",
        "processing",
        "receipt_email",
        "review",
        "setup_future_usage",
        "shipping",
        "source",
        "statement_descriptor",
        "statement_descriptor_suffix",
        "transfer_data",
        "transfer_group",
    )
    return dict.fromkeys(nothing) | {
        "object": "payment_intent",
        "amount": invoice["amount_due"],
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "capture_method": "automatic",
        "client_secret": None,
        "confirmation_method": "automatic",
        "created": now,
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "description": f"Invoice {invoice['number']}",
        "livemode": False,
        "metadata": {},
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "status": "requires_payment_method",
    }

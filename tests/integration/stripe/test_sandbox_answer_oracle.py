"""Every answer of the sandbox has the shape of Stripe's answers.

Held against the client's classes, and against Stripe's own sample objects of 2026 where they are
at hand.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, get_args

import pytest
import stripe

CLASSES = {
    "charge": stripe.Charge,
    "customer": stripe.Customer,
    "event": stripe.Event,
    "invoice": stripe.Invoice,
    "invoice_payment": stripe.InvoicePayment,
    "invoiceitem": stripe.InvoiceItem,
    "line_item": stripe.InvoiceLineItem,
    "payment_intent": stripe.PaymentIntent,
    "payment_method": stripe.PaymentMethod,
    "webhook_endpoint": stripe.WebhookEndpoint,
}
PLAIN = {int: int, str: str, bool: bool, Decimal: str}
NOT_IN_SAMPLES = {
    # The samples show one variant of these; the client's classes have the fields.
    "payment_intent.last_payment_error",
    "payment_intent.next_action",
    "invoice_payment.payment",
    "event.data",
}


@pytest.fixture
def answers(api, sandbox, customer, give_card, bill) -> dict[str, list[dict[str, Any]]]:
    """Objects of every kind, in many states, as they went over the wire."""
    api.webhook_endpoints.create(
        {"url": "http://127.0.0.1:9/", "enabled_events": ["charge.expired"]}
    )
    api.customers.update(customer.id, {"address": {"city": "Ulm"}, "phone": "1"})
    give_card(customer.id, "pm_card_authenticationRequired")
    asked = bill(customer.id, 1000, description="asked")
    give_card(customer.id, "pm_card_chargeCustomerFail")
    declined = bill(customer.id, 1000, collection_method="send_invoice", days_until_due=5)
    for invoice in (asked, declined):
        with pytest.raises(stripe.CardError):
            api.invoices.pay(invoice.id)
    give_card(customer.id)
    paid = bill(customer.id, 1000, custom_fields=[{"name": "PO", "value": "7"}])
    api.invoices.pay(paid.id)
    api.invoices.void_invoice(declined.id)
    api.invoices.create({"customer": customer.id, "auto_advance": True})
    account = sandbox.state
    tables = (
        account.customers,
        account.payment_methods,
        account.invoice_items,
        account.invoices,
        account.invoice_payments,
        account.payment_intents,
        account.charges,
        account.events,
        account.webhook_endpoints,
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for row in (row for table in tables for row in table):
        found.setdefault(row["object"], []).append(row)
    found["line_item"] = [line for row in account.invoices for line in row["lines"]["data"]]
    return found


def mismatches(ours: Any, theirs: Any, where: str) -> Iterator[str]:
    """Fields of ours that the sample lacks or has with another type. Null fits everything."""
    if ours is None or theirs is None or where in NOT_IN_SAMPLES:
        return
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name in ours if theirs else ():
            if name not in theirs:
                yield f"{where}.{name} is not in the sample"
            else:
                yield from mismatches(ours[name], theirs[name], f"{where}.{name}")
    elif isinstance(ours, list) and isinstance(theirs, list):
        for value in ours if theirs else ():
            yield from mismatches(value, theirs[0], f"{where}[]")
    elif type(ours) is not type(theirs):
        yield f"{where} is {type(ours).__name__}, in the sample {type(theirs).__name__}"


def untyped(ours: dict[str, Any], resource: type) -> Iterator[str]:
    """Where an answer breaks the client's class: unknown, missing, null or mistyped fields."""
    declared = {n: kind for n, kind in resource.__annotations__.items() if n != "OBJECT_NAME"}
    for name, kind in declared.items():
        value = ours.get(name)
        optional = type(None) in get_args(kind)
        bare = next((k for k in (get_args(kind) if optional else (kind,)) if k in PLAIN), None)
        if value is None and not optional:
            yield f"{name} is missing, the client declares {kind}"
        elif value is not None and bare is not None and type(value) is not PLAIN[bare]:
            yield f"{name} is {type(value).__name__}, the client declares {kind}"
    yield from (f"{name} is unknown to the client" for name in ours.keys() - declared.keys())


@pytest.mark.parametrize("kind", CLASSES)
def test_answers_fit_the_classes_of_the_client(answers, kind):
    assert answers[kind]
    assert {wrong for row in answers[kind] for wrong in untyped(row, CLASSES[kind])} == set()


@pytest.mark.parametrize("kind", CLASSES)
def test_answers_look_like_the_published_samples(answers, published, kind):
    samples = published("fixtures3.json")
    assert answers[kind]
    if samples is None:
        return  # the test above is the oracle then, and the summary of the run says so
    sample = samples["resources"][kind]
    assert {wrong for row in answers[kind] for wrong in mismatches(row, sample, kind)} == set()


@pytest.mark.parametrize("kind", ["customer", "invoice", "invoiceitem", "webhook_endpoint"])
def test_what_is_gone_answers_as_published(api, customer, published, kind):
    item = {"customer": customer.id, "currency": "usd", "amount": 1}
    url = {"url": "http://127.0.0.1:9/", "enabled_events": ["charge.expired"]}
    gone = {
        "customer": lambda: api.customers.delete(customer.id),
        "invoice": lambda: api.invoices.delete(api.invoices.create({"customer": customer.id}).id),
        "invoiceitem": lambda: api.invoice_items.delete(api.invoice_items.create(item).id),
        "webhook_endpoint": lambda: api.webhook_endpoints.delete(
            api.webhook_endpoints.create(url).id
        ),
    }[kind]()
    assert gone.to_dict().keys() == {"id", "object", "deleted"}
    samples = published("fixtures3.json")
    if samples is not None:
        assert gone.to_dict().keys() == samples["resources"][f"deleted_{kind}"].keys()


def test_the_oracles_see_a_wrong_answer(answers):
    [customer] = answers["customer"]
    wrong = customer | {"balance": "0", "surname": "A"}
    assert len(list(untyped(wrong, stripe.Customer))) == 2
    assert len(list(mismatches(wrong, customer, "customer"))) == 2
    del wrong["created"]
    assert len(list(untyped(wrong, stripe.Customer))) == 3

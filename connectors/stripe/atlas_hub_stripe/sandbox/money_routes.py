"""Reading payment intents, charges and the payments of invoices."""

from atlas_hub_stripe.sandbox.objects import Object
from atlas_hub_stripe.sandbox.paging import matching, page, within
from atlas_hub_stripe.sandbox.params import EXPAND, PAGE, Choice, Field, Range, Text
from atlas_hub_stripe.sandbox.routes import Call, Route

INTENTS: dict[str, Field] = PAGE | {"created": Range(), "customer": Text()}
CHARGES: dict[str, Field] = INTENTS | {"payment_intent": Text()}
PAYMENTS: dict[str, Field] = PAGE | {
    "created": Range(),
    "invoice": Text(),
    "status": Choice(("open", "paid", "canceled")),
}


def intents(call: Call) -> Object:
    """GET /v1/payment_intents."""
    return _listed(call, call.account.payment_intents.newest_first(), "customer")


def intent(call: Call) -> Object:
    """GET /v1/payment_intents/{intent}."""
    return call.account.payment_intents.in_path(call.target)


def charges(call: Call) -> Object:
    """GET /v1/charges."""
    return _listed(call, call.account.charges.newest_first(), "customer", "payment_intent")


def charge(call: Call) -> Object:
    """GET /v1/charges/{charge}."""
    return call.account.charges.in_path(call.target)


def payments(call: Call) -> Object:
    """GET /v1/invoice_payments."""
    return _listed(call, call.account.invoice_payments.newest_first(), "invoice", "status")


def payment(call: Call) -> Object:
    """GET /v1/invoice_payments/{invoice_payment}."""
    return call.account.invoice_payments.in_path(call.target)


def _listed(call: Call, rows: list[Object], *names: str) -> Object:
    bounds = call.params.get("created")
    kept = (r for r in rows if matching(r, call.params, *names) and within(r["created"], bounds))
    return page(kept, call.params, call.path)


ROUTES = [
    Route("GET", "/v1/payment_intents", INTENTS, intents),
    Route("GET", "/v1/payment_intents/{intent}", EXPAND, intent),
    Route("GET", "/v1/charges", CHARGES, charges),
    Route("GET", "/v1/charges/{charge}", EXPAND, charge),
    Route("GET", "/v1/invoice_payments", PAYMENTS, payments),
    Route("GET", "/v1/invoice_payments/{invoice_payment}", EXPAND, payment),
]

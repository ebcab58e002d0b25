"""Payment methods: cards, made from Stripe's test cards."""

from typing import Any

from atlas_hub_stripe.sandbox.account import Account
from atlas_hub_stripe.sandbox.cards import CARDS, card_named, card_numbered
from atlas_hub_stripe.sandbox.errors import Refusal
from atlas_hub_stripe.sandbox.objects import Object, merged_metadata
from atlas_hub_stripe.sandbox.paging import matching, page
from atlas_hub_stripe.sandbox.params import (
    ADDRESS,
    EMAIL,
    EXPAND,
    PAGE,
    Choice,
    Field,
    Hash,
    Integer,
    Metadata,
    Text,
)
from atlas_hub_stripe.sandbox.routes import Call, Route

BILLING = Hash({"address": ADDRESS, "email": EMAIL, "name": Text(), "phone": Text()})
CARD = Hash(
    {
        "token": Text(),
        "number": Text(),
        "cvc": Text(),
        "exp_month": Integer(least=1, most=12),
        "exp_year": Integer(least=2000, most=2100),
    }
)
CREATE: dict[str, Field] = EXPAND | {
    "type": Choice(("card",), required=True),
    "card": CARD,
    "billing_details": BILLING,
    "metadata": Metadata(),
}
UPDATE: dict[str, Field] = EXPAND | {"billing_details": BILLING, "metadata": Metadata()}
ATTACH: dict[str, Field] = EXPAND | {"customer": Text(required=True)}
LIST: dict[str, Field] = PAGE | {"customer": Text(), "type": Choice(("card",))}
OF_CUSTOMER: dict[str, Field] = PAGE | {"type": Choice(("card",))}


def create(call: Call) -> Object:
    """POST /v1/payment_methods."""
    card = call.params.get("card") or {}
    token, number = card.get("token"), card.get("number")
    name = card_named(token) if token else card_numbered(number or "")
    if name is None:
        refusal = "Your card number is incorrect." if number else f"No such token: '{token}'"
        code = "incorrect_number" if number else "resource_missing"
        raise Refusal(refusal, status=402 if number else 400, code=code, param="card[number]")
    return _make(call.account, name, card, call.params)


def retrieve(call: Call) -> Object:
    """GET /v1/payment_methods/{payment_method}."""
    return call.account.payment_methods.in_path(call.target)


def update(call: Call) -> Object:
    """POST /v1/payment_methods/{payment_method}."""
    account, method = call.account, call.account.payment_methods.in_path(call.target)
    changes: Object = {}
    if "metadata" in call.params:
        changes["metadata"] = merged_metadata(method["metadata"], call.params["metadata"])
    if "billing_details" in call.params:
        changes["billing_details"] = _billing(call.params)
    if previous := account.update(method, changes):
        account.emit("payment_method.updated", method, previous)
    return method


def attach(call: Call) -> Object:
    """POST /v1/payment_methods/{payment_method}/attach."""
    customer = call.account.customers.in_param(call.params["customer"], "customer")
    method = method_named(call.account, call.target, "payment_method")
    attach_to(call.account, method, customer)
    return method


def detach(call: Call) -> Object:
    """POST /v1/payment_methods/{payment_method}/detach: it is no longer anyone's default."""
    account, method = call.account, call.account.payment_methods.in_path(call.target)
    if method["customer"] is None:
        message = "The payment method you provided is not attached to a customer."
        raise Refusal(message, code="payment_method_unexpected_state")
    owner = account.customers.in_path(method["customer"])
    method["customer"] = None
    account.emit("payment_method.detached", method, {"customer": owner["id"]})
    settings = owner["invoice_settings"]
    if settings["default_payment_method"] == method["id"]:
        changes = {"invoice_settings": settings | {"default_payment_method": None}}
        account.emit("customer.updated", owner, account.update(owner, changes))
    return method


def listed(call: Call) -> Object:
    """GET /v1/payment_methods: those of one customer; without one, none (Stripe lists own ones)."""
    rows = (
        row
        for row in call.account.payment_methods.newest_first()
        if row["customer"] and matching(row, call.params, "customer", "type")
    )
    return page(rows, call.params, call.path)


def of_customer(call: Call) -> Object:
    """GET /v1/customers/{customer}/payment_methods."""
    call.account.customers.in_path(call.target)
    params = call.params | {"customer": call.target}
    return listed(Call(call.account, params, call.path, call.target))


def method_named(account: Account, reference: str, param: str) -> Object:
    """The stored payment method; a name such as `pm_card_visa` makes a fresh one."""
    if reference.startswith("pm_card_") and (name := card_named(reference)):
        return _make(account, name, {}, {})
    return account.payment_methods.in_param(reference, param)


def attach_to(account: Account, method: Object, customer: Object) -> None:
    """Give a payment method to a customer.

    At Stripe some declining cards are refused here already. In the sandbox every card attaches
    and declines when charged, as a card does that went bad later.
    """
    if method["customer"] not in (None, customer["id"]):
        message = "The payment method you provided has already been attached to a customer."
        raise Refusal(message, code="payment_method_unexpected_state")
    method["customer"] = customer["id"]
    account.emit("payment_method.attached", method)


def _make(account: Account, name: str, card: dict[str, Any], params: dict[str, Any]) -> Object:
    method = account.payment_methods.add(
        {
            "object": "payment_method",
            "allow_redisplay": "unspecified",
            "billing_details": _billing(params),
            "card": _card(name, card, account.now()),
            "created": account.now(),
            "customer": None,
            "customer_account": None,
            "livemode": False,
            "metadata": merged_metadata({}, params.get("metadata") or {}),
            "type": "card",
        }
    )
    account.test_cards[method["id"]] = name
    account.touch()
    return method


def _billing(params: dict[str, Any]) -> Object:
    sent = params.get("billing_details") or {}
    address = sent.get("address") or {}
    full: Object = {name: sent.get(name) for name in ("email", "name", "phone", "tax_id")}
    return full | {"address": {name: address.get(name) for name in ADDRESS.fields}}


def _card(name: str, sent: dict[str, Any], now: int) -> Object:
    card = CARDS[name]
    return {
        "brand": card.brand,
        "checks": {
            "address_line1_check": None,
            "address_postal_code_check": None,
            "cvc_check": "pass" if sent.get("cvc") else "unchecked",
        },
        "country": "US",
        "display_brand": card.brand,
        "exp_month": sent.get("exp_month", 12),
        "exp_year": sent.get("exp_year", 1970 + now // 31_556_952 + 3),
        "fingerprint": f"sandbox{card.number[-9:]}",
        "funding": "debit" if name.endswith("debit") else "credit",
        "generated_from": None,
        "last4": card.number[-4:],
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


ROUTES = [
    Route("POST", "/v1/payment_methods", CREATE, create),
    Route("GET", "/v1/payment_methods", LIST, listed),
    Route("GET", "/v1/payment_methods/{payment_method}", EXPAND, retrieve),
    Route("POST", "/v1/payment_methods/{payment_method}", UPDATE, update),
    Route("POST", "/v1/payment_methods/{payment_method}/attach", ATTACH, attach),
    Route("POST", "/v1/payment_methods/{payment_method}/detach", EXPAND, detach),
    Route("GET", "/v1/customers/{customer}/payment_methods", OF_CUSTOMER, of_customer),
]

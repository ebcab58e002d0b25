"""Customers."""

from typing import Any

from atlas_hub_stripe.sandbox.account import Account
from atlas_hub_stripe.sandbox.errors import Refusal
from atlas_hub_stripe.sandbox.objects import Object, deleted, merged_metadata, new_id
from atlas_hub_stripe.sandbox.paging import matching, page, within
from atlas_hub_stripe.sandbox.params import (
    ADDRESS,
    EMAIL,
    EXPAND,
    PAGE,
    Choice,
    Field,
    Hash,
    Integer,
    ListOf,
    Metadata,
    Range,
    Text,
)
from atlas_hub_stripe.sandbox.payment_methods import attach_to, method_named
from atlas_hub_stripe.sandbox.routes import Call, Route

WRITE: dict[str, Field] = EXPAND | {
    "address": ADDRESS,
    "balance": Integer(),
    "description": Text(),
    "email": EMAIL,
    "invoice_prefix": Text(pattern="[A-Z0-9]{3,12}"),
    "invoice_settings": Hash({"default_payment_method": Text(), "footer": Text()}),
    "metadata": Metadata(),
    "name": Text(),
    "next_invoice_sequence": Integer(least=1),
    "phone": Text(),
    "preferred_locales": ListOf(Text()),
    "shipping": Hash({"address": ADDRESS, "name": Text(), "phone": Text()}),
    "tax_exempt": Choice(("exempt", "none", "reverse")),
}
CREATE: dict[str, Field] = WRITE | {"payment_method": Text()}
LIST: dict[str, Field] = PAGE | {"created": Range(), "email": Text()}


def create(call: Call) -> Object:
    """POST /v1/customers: with a payment method, which may become the default at once."""
    account, params = call.account, call.params
    name = params.get("payment_method")
    method = method_named(account, name, "payment_method") if name else None
    settings = params.get("invoice_settings") or {}
    if method is not None and settings.get("default_payment_method") == name:
        settings["default_payment_method"] = method["id"]
    customer = account.customers.add(_blank(account.now()))
    try:
        customer |= _changes(account, customer, params, method)
        if method is not None:
            attach_to(account, method, customer)
    except Refusal:
        account.customers.remove(customer)
        raise
    account.emit("customer.created", customer)
    return customer


def retrieve(call: Call) -> Object:
    """GET /v1/customers/{customer}: a deleted one is answered as such, not with 404."""
    return call.account.customers.in_path(call.target)


def update(call: Call) -> Object:
    """POST /v1/customers/{customer}."""
    customer = _living(call)
    changes = _changes(call.account, customer, call.params, None)
    if previous := call.account.update(customer, changes):
        call.account.emit("customer.updated", customer, previous)
    return customer


def delete(call: Call) -> Object:
    """DELETE /v1/customers/{customer}: final; its cards are detached."""
    account, customer = call.account, _living(call)
    for method in account.payment_methods:
        if method["customer"] == customer["id"]:
            method["customer"] = None
    last = dict(customer)
    customer.clear()
    customer |= deleted(last)
    account.emit("customer.deleted", last)
    return customer


def listed(call: Call) -> Object:
    """GET /v1/customers."""
    rows = (
        row
        for row in call.account.customers.newest_first()
        if not row.get("deleted")
        and matching(row, call.params, "email")
        and within(row["created"], call.params.get("created"))
    )
    return page(rows, call.params, call.path)


def _living(call: Call) -> Object:
    call.account.customers.in_path(call.target)
    return call.account.customers.in_param(call.target, "id")


def _blank(now: int) -> Object:
    return {
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": now,
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": new_id("x", 8)[2:].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": {},
        "name": None,
        "next_invoice_sequence": 1,
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }


def _changes(
    account: Account, customer: Object, params: dict[str, Any], arriving: Object | None
) -> Object:
    """The new values of the fields that were sent; `arriving` is a card about to be attached."""
    plain = set(WRITE) - {"expand", "metadata", "invoice_settings", "address", "shipping"}
    changes = {name: params[name] for name in plain if name in params}
    if "metadata" in params:
        changes["metadata"] = merged_metadata(customer["metadata"], params["metadata"])
    if "invoice_settings" in params:
        sent = params["invoice_settings"] or {}
        changes["invoice_settings"] = _settings(account, customer, sent, arriving)
    for name in ("address", "shipping"):
        if name in params:
            changes[name] = _filled(params[name], WRITE[name])
    return changes


def _filled(sent: dict[str, Any] | None, shape: Field) -> Object | None:
    """The hash with None for every name that was not sent."""
    if sent is None or not isinstance(shape, Hash):
        return None
    full = {name: sent.get(name) for name in shape.fields}
    if "address" in full:
        full["address"] = _filled(full["address"], ADDRESS)
    return full


def _settings(
    account: Account, customer: Object, sent: dict[str, Any], arriving: Object | None
) -> Object:
    param = "invoice_settings[default_payment_method]"
    if method_id := sent.get("default_payment_method"):
        method = account.payment_methods.in_param(method_id, param)
        if method is not arriving and method["customer"] != customer["id"]:
            message = (
                f"The customer does not have a payment method with the ID {method_id}. "
                "The payment method must be attached to the customer."
            )
            raise Refusal(message, code="resource_missing", param=param)
    settings: Object = customer["invoice_settings"]
    return settings | sent


ROUTES = [
    Route("POST", "/v1/customers", CREATE, create),
    Route("GET", "/v1/customers", LIST, listed),
    Route("GET", "/v1/customers/{customer}", EXPAND, retrieve),
    Route("POST", "/v1/customers/{customer}", WRITE, update),
    Route("DELETE", "/v1/customers/{customer}", {}, delete),
]

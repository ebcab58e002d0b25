"""`expand[]`: ids in an answer replaced by the objects they stand for."""

from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from atlas_hub_stripe.sandbox.account import Account, Table
from atlas_hub_stripe.sandbox.errors import Refusal
from atlas_hub_stripe.sandbox.objects import Object
from atlas_hub_stripe.sandbox.payments import payment_of

DEEPEST = 4


EXPANDABLE = {
    "confirmation_secret",
    "customer",
    "data",
    "default_payment_method",
    "invoice",
    "invoice_settings",
    "latest_charge",
    "payment",
    "payment_intent",
    "payment_method",
    "payments",
}


def check_expand(paths: Sequence[str]) -> None:
    """Refuse paths that nothing has, before anything is done."""
    for path in paths:
        names = path.split(".")
        if len(names) > DEEPEST + 1:
            raise Refusal(f"You cannot expand more than {DEEPEST} levels ({path}).", param="expand")
        if not EXPANDABLE.issuperset(names):
            raise Refusal(f"This property cannot be expanded ({path}).", param="expand")


def expanded(account: Account, answer: Object, paths: Sequence[str]) -> Object:
    """A copy of `answer` with every path expanded. Refuses what cannot be."""
    copy = deepcopy(answer)
    for path in paths:
        _expand(account, copy, path.split("."), path)
    return copy


def _expand(account: Account, node: Any, names: list[str], path: str) -> None:
    if isinstance(node, list):
        for entry in node:
            _expand(account, entry, names, path)
        return
    if node is None or not names:
        return
    name, rest = names[0], names[1:]
    if isinstance(node, dict):
        _include(account, node, name)
    if not isinstance(node, dict) or name not in node:
        raise Refusal(f"This property cannot be expanded ({path}).", param="expand")
    if isinstance(node[name], str):
        node[name] = deepcopy(_object(account, name, node[name], path))
    _expand(account, node[name], rest, path)


def _object(account: Account, name: str, object_id: str, path: str) -> Object:
    tables: dict[str, Table] = {
        "customer": account.customers,
        "default_payment_method": account.payment_methods,
        "payment_method": account.payment_methods,
        "invoice": account.invoices,
        "payment_intent": account.payment_intents,
        "latest_charge": account.charges,
    }
    row = tables[name].get(object_id) if name in tables else None
    if row is None:
        raise Refusal(f"This property cannot be expanded ({path}).", param="expand")
    return row


def _include(account: Account, node: Object, name: str) -> None:
    """Fields an invoice only has when asked for."""
    if node.get("object") != "invoice" or name in node:
        return
    payment = payment_of(account, node)
    if name == "payments":
        rows = [deepcopy(payment)] if payment else []
        url = f"/v1/invoice_payments?invoice={node['id']}"
        node[name] = {"object": "list", "data": rows, "has_more": False, "url": url}
    elif name == "confirmation_secret":
        node[name] = None
        if payment is not None:
            intent = account.payment_intents.in_path(payment["payment"]["payment_intent"])
            node[name] = {"client_secret": intent["client_secret"], "type": "payment_intent"}

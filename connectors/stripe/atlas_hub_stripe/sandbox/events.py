"""Events: the feed of everything that happened, kept for thirty days."""

from typing import Any

from atlas_hub_stripe.sandbox.account import Account
from atlas_hub_stripe.sandbox.errors import Refusal, missing_object
from atlas_hub_stripe.sandbox.objects import Object
from atlas_hub_stripe.sandbox.paging import page, within
from atlas_hub_stripe.sandbox.params import EXPAND, PAGE, Field, ListOf, Range, Text
from atlas_hub_stripe.sandbox.routes import Call, Route

KEPT = 30 * 86_400
LIST: dict[str, Field] = PAGE | {
    "created": Range(),
    "type": Text(),
    "types": ListOf(Text(), most=20),
}


def listed(call: Call) -> Object:
    """GET /v1/events."""
    if "type" in call.params and "types" in call.params:
        raise Refusal("You may only specify one of these parameters: type, types.", param="types")
    rows = (
        row
        for row in call.account.events.newest_first()
        if _kept(call.account, row)
        and _wanted(row["type"], call.params)
        and within(row["created"], call.params.get("created"))
    )
    return page(rows, call.params, call.path)


def retrieve(call: Call) -> Object:
    """GET /v1/events/{id}."""
    event = call.account.events.in_path(call.target)
    if not _kept(call.account, event):
        raise missing_object("event", call.target, "id", status=404)
    return event


def _kept(account: Account, event: Object) -> bool:
    return bool(event["created"] > account.now() - KEPT)


def _wanted(kind: str, params: dict[str, Any]) -> bool:
    if "types" in params:
        return kind in params["types"]
    wanted = params.get("type")
    if wanted is None or wanted == "*":
        return True
    if wanted.endswith(".*"):
        return kind.startswith(wanted[:-1])
    return bool(kind == wanted)


ROUTES = [
    Route("GET", "/v1/events", LIST, listed),
    Route("GET", "/v1/events/{id}", EXPAND, retrieve),
]

"""Reading invoices and their lines."""

from atlas_hub_stripe.sandbox.invoices.totals import lines
from atlas_hub_stripe.sandbox.objects import Object
from atlas_hub_stripe.sandbox.paging import matching, page, within
from atlas_hub_stripe.sandbox.params import PAGE, Choice, Field, Range, Text
from atlas_hub_stripe.sandbox.routes import Call

LIST: dict[str, Field] = PAGE | {
    "collection_method": Choice(("charge_automatically", "send_invoice")),
    "created": Range(),
    "customer": Text(),
    "due_date": Range(),
    "status": Choice(("draft", "open", "paid", "uncollectible", "void")),
}


def retrieve(call: Call) -> Object:
    """GET /v1/invoices/{invoice}."""
    return call.account.invoices.in_path(call.target)


def listed(call: Call) -> Object:
    """GET /v1/invoices."""
    rows = (
        row
        for row in call.account.invoices.newest_first()
        if matching(row, call.params, "collection_method", "customer", "status")
        and within(row["created"], call.params.get("created"))
        and within(row["due_date"], call.params.get("due_date"))
    )
    return page(rows, call.params, call.path)


def lines_of(call: Call) -> Object:
    """GET /v1/invoices/{invoice}/lines."""
    invoice = call.account.invoices.in_path(call.target)
    return page(lines(call.account, invoice["id"]), call.params, call.path)

"""An invoice's lines and totals, made from the items on it."""

from atlas_hub_stripe.sandbox.account import Account
from atlas_hub_stripe.sandbox.objects import Object
from atlas_hub_stripe.sandbox.paging import page


def lines(account: Account, invoice_id: str) -> list[Object]:
    """The lines: items that were pending when the invoice was made, newest first, then the rest."""
    items = [item for item in account.invoice_items if item["invoice"] == invoice_id]
    pulled = [item for item in items if item["id"] in account.pulled_items]
    added = [item for item in items if item["id"] not in account.pulled_items]
    return [_line(item) for item in (*reversed(pulled), *added)]


def recompute(account: Account, invoice: Object) -> Object:
    """Bring a draft's lines and totals up to date; returns the old values of what changed."""
    rows = lines(account, invoice["id"])
    total = sum(row["amount"] for row in rows)
    due = max(total, 0)
    sums = dict.fromkeys(
        ("subtotal", "subtotal_excluding_tax", "total", "total_excluding_tax"), total
    )
    first_page = page(rows, {}, f"/v1/invoices/{invoice['id']}/lines")
    changes = {"lines": first_page, "amount_due": due, "amount_remaining": due} | sums
    return account.update(invoice, changes)


def _line(item: Object) -> Object:
    details = {
        "invoice_item": item["id"],
        "proration": False,
        "proration_details": {"credited_items": None},
        "subscription": None,
    }
    copied = (
        "amount",
        "currency",
        "description",
        "discountable",
        "invoice",
        "livemode",
        "metadata",
        "period",
        "pricing",
        "quantity",
        "quantity_decimal",
    )
    return {name: item[name] for name in copied} | {
        "id": f"il_{item['id'].removeprefix('ii_')}",
        "object": "line_item",
        "discount_amounts": [],
        "discounts": [],
        "parent": {
            "invoice_item_details": details,
            "subscription_item_details": None,
            "type": "invoice_item_details",
        },
        "pretax_credit_amounts": [],
        "subscription": None,
        "subtotal": item["amount"],
        "taxes": [],
    }

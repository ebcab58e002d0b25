"""A rated service period, and what rows it makes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from atlas_hub.billing.items import BillableItem
from atlas_hub.db.ids import new_id
from atlas_hub_core.invoices import NetLine, TaxRate, add_up
from atlas_hub_core.late import postponed, that_fit
from atlas_hub_core.periods import Period
from atlas_hub_core.plans import ItemKind
from atlas_hub_core.prices import trace_to_json
from atlas_hub_core.rating import Line

COLLECTION_WINDOW: Final = timedelta(hours=1)
NOTHING: Final = 0
"""The transaction id below which there is none: no event was seen."""
PERIOD: Final = "period"
"""The reason of a charge for a period as such; all other reasons are for what came late."""

_KINDS: Final = {
    ItemKind.METRIC: "usage",
    ItemKind.FEE: "fee",
    ItemKind.ENTITLEMENT: "entitlement",
}


@dataclass(frozen=True, slots=True)
class Rated:
    """A service period of an item, its line, and what it is charged for.

    Events below the transaction id `seen_below` were counted.
    """

    item: BillableItem
    period: Period
    line: Line
    seen_below: int
    reason: str = PERIOD

    @property
    def late(self) -> bool:
        """Whether it is for usage that arrived when its period was charged already."""
        return self.reason != PERIOD

    @property
    def waits(self) -> bool:
        """Whether its amount waits for a later invoice."""
        return self.seen_below == NOTHING

    @property
    def shown(self) -> bool:
        """Whether the invoice shows it: all but what costs nothing and is unshown or late."""
        metric = self.item.metric
        always = not self.late and (metric is None or metric.show_on_invoice)
        return always or self.line.amount.amount != 0


def invoice_values(due: datetime, rated: Sequence[Rated]) -> dict[str, Any]:
    """Return the columns of a new draft for one subscription's work, due at one instant."""
    first = rated[0].item
    ends = max(each.period.end for each in rated)
    return {
        "id": new_id("inv"),
        "status": "draft",
        "customer_id": first.customer.id,
        "currency": first.plan.currency,
        "period_start": min(each.period.start for each in rated),
        "period_end": ends,
        "net_days": first.plan.net_days,
        "finalize_at": due + COLLECTION_WINDOW,
        "tax_rate": first.customer.tax_rate,
        "bill_to": bill_to(first),
        "discount": 0,
        "credits_applied": 0,
        "amount_paid": 0,
    }


def fitting(rated: Sequence[Rated]) -> list[Rated]:
    """Return what one invoice can bear.

    Amounts below zero, which only late usage has, may have to wait for a later invoice. They stay
    with nothing on them, and since they saw nothing they are found again.
    """
    stay = that_fit([each.line.amount.amount for each in rated])
    return [
        each if stays else replace(each, line=postponed(each.line), seen_below=NOTHING)
        for each, stays in zip(rated, stay, strict=True)
    ]


def bill_to(item: BillableItem) -> dict[str, str]:
    """Return the customer's name and e-mail as an invoice keeps them."""
    return {"name": item.customer.name, "email": item.customer.email}


def line_values(each: Rated) -> dict[str, Any]:
    """Return what a line says, the same for a new one and one that is rated again."""
    return {
        "kind": _KINDS[each.line.kind],
        "metric_key": each.line.key if each.item.metric is not None else None,
        "description": each.line.description,
        "quantity": each.line.quantity,
        "amount": each.line.amount.amount,
        "trace": {
            "period": {
                "start": each.period.start.isoformat(),
                "end": each.period.end.isoformat(),
            },
            "steps": trace_to_json(each.line.trace),
        },
    }


def charge_values(each: Rated) -> dict[str, Any]:
    """Return what a charge says, the same for a new one and one that is rated again."""
    return {
        "quantity": each.line.quantity,
        "exact": each.line.exact,
        "seen_below": each.seen_below,
    }


def put_totals(
    invoice: dict[str, Any], lines: Sequence[dict[str, Any]], rated: Sequence[Rated]
) -> None:
    """Put the sums into an invoice's columns and each line's tax into its own."""
    percent = rated[0].item.customer.tax_rate
    rate = TaxRate("Tax", percent) if percent else None
    totals = add_up(
        [NetLine(each.line.amount, rate) for each in rated], rated[0].item.plan.currency
    )
    for line, tax in zip(lines, totals.line_taxes, strict=True):
        line["tax"] = tax.amount
    invoice.update(
        subtotal=totals.subtotal.amount,
        tax_rate=percent,
        tax=totals.tax.amount,
        total=totals.total.amount,
        amount_due=totals.amount_due.amount,
    )

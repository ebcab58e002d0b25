"""Late usage: what a service period still owes once it has been charged.

The whole period is rated again, so tiers never restart, and what was charged for it is taken off.
Amounts are compared as they were rounded, so all lines of a period together are always the one
line that a single rating of all its events would have made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from atlas_hub_core.decimals import ZERO, exact
from atlas_hub_core.money import Money
from atlas_hub_core.periods import local_date
from atlas_hub_core.prices import Step
from atlas_hub_core.rating import Line


@dataclass(frozen=True, slots=True)
class Settled:
    """What was charged for a service period so far: the sums of its quantities and line amounts."""

    quantity: Decimal
    amount: Decimal


@exact
def late_line(whole: Line, settled: Settled, zone: str) -> Line:
    """Return the line that makes up the difference between `whole` and what is settled.

    Args:
        whole: The line of the period with all its events.
        settled: What was charged for the period already.
        zone: Time zone of the customer, for the dates in the description.
    """
    currency = whole.amount.currency
    due = whole.amount.amount - settled.amount
    steps = list(whole.trace)
    if whole.amount.amount != whole.exact:
        steps.append(Step("rounded", whole.amount.amount - whole.exact))
    steps.append(Step("charged before", -settled.amount, settled.quantity))
    first, last = local_date(whole.period.start, zone), local_date(whole.period.end, zone)
    return replace(
        whole,
        description=f"{whole.description}, late usage of {first} to {last}",
        quantity=whole.quantity - settled.quantity,
        exact=due,
        amount=Money(due, currency),
        trace=tuple(steps),
    )


def postponed(line: Line) -> Line:
    """Return the line with nothing on it: its amount below zero waits for a later invoice."""
    label = f"{line.amount} would leave the invoice below zero and waits for the next"
    nothing = Money(ZERO, line.amount.currency)
    return replace(line, quantity=ZERO, exact=ZERO, amount=nothing, trace=(Step(label, ZERO),))


def that_fit(amounts: Sequence[Decimal]) -> list[bool]:
    """Say of each amount of an invoice whether it can stay without the sum falling below zero.

    Only amounts below zero have to go, and of those the first ones stay.
    """
    left = sum((amount for amount in amounts if amount > 0), ZERO)
    kept = []
    for amount in amounts:
        fits = amount >= 0 or left + amount >= 0
        if fits and amount < 0:
            left += amount
        kept.append(fits)
    return kept

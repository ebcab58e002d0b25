"""Proration by day: a part of a service period costs its share of the days.

Days are those of the customer's calendar, and both the first and the last day count, so a month
that is left on its second day costs two days of it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from atlas_hub_core.decimals import divide, exact
from atlas_hub_core.money import Money
from atlas_hub_core.periods import Period, local_date
from atlas_hub_core.prices import Step
from atlas_hub_core.rating import Line


def days_in(period: Period, zone: str) -> int:
    """Return how many calendar days of `zone` a period touches."""
    last = local_date(period.end - datetime.resolution, zone)
    return (last - local_date(period.start, zone)).days + 1


@exact
def prorate(line: Line, whole: Period, zone: str) -> Line:
    """Return the line for the part of `whole` that is its period; all of it changes nothing."""
    days, of = days_in(line.period, zone), days_in(whole, zone)
    if days >= of:
        return line
    part = divide(line.exact * days, Decimal(of))
    note = Step(f"for {days} of {of} days", part - line.exact)
    amount = Money(part, line.amount.currency).rounded()
    return replace(line, exact=part, amount=amount, trace=(*line.trace, note))

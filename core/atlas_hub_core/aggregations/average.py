"""The mean of a property."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from atlas_hub_core.aggregations.base import NumberAggregation, Unrated
from atlas_hub_core.decimals import EXACT, ZERO, divide
from atlas_hub_core.events import Event

Totals = tuple[Decimal, int]
"""The sum of the values and how many there are."""


class Average(NumberAggregation[Totals, Decimal]):
    """The mean of a numeric property, rounded half up to 20 decimal places."""

    type: Literal["average"] = "average"

    def read(self, event: Event) -> Decimal | Unrated:
        """Return the number in the property."""
        return self.number(event)

    def start(self) -> Totals:
        """Return an empty sum."""
        return ZERO, 0

    def step(self, state: Totals, value: Decimal) -> Totals:
        """Add one value."""
        total, count = state
        return EXACT.add(total, value), count + 1

    def finish(self, state: Totals) -> Decimal:
        """Return the mean, or zero if there was no event."""
        total, count = state
        return divide(total, Decimal(count)) if count else ZERO

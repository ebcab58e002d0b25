"""The total of a property."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from atlas_hub_core.aggregations.base import NumberAggregation, Unrated
from atlas_hub_core.decimals import EXACT, ZERO
from atlas_hub_core.events import Event


class Sum(NumberAggregation[Decimal, Decimal]):
    """The sum of a numeric property."""

    type: Literal["sum"] = "sum"

    def read(self, event: Event) -> Decimal | Unrated:
        """Return the number in the property."""
        return self.number(event)

    def start(self) -> Decimal:
        """Return zero."""
        return ZERO

    def step(self, state: Decimal, value: Decimal) -> Decimal:
        """Add one value."""
        return EXACT.add(state, value)

    def finish(self, state: Decimal) -> Decimal:
        """Return the sum."""
        return state

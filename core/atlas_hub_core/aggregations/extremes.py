"""The smallest and the greatest value of a property."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from atlas_hub_core.aggregations.base import NumberAggregation, Unrated
from atlas_hub_core.decimals import ZERO
from atlas_hub_core.events import Event


class _Extreme(NumberAggregation[Decimal | None, Decimal]):
    def read(self, event: Event) -> Decimal | Unrated:
        """Return the number in the property."""
        return self.number(event)

    def start(self) -> Decimal | None:
        """Return nothing yet."""
        return None

    def finish(self, state: Decimal | None) -> Decimal:
        """Return the extreme, or zero if there was no event."""
        return ZERO if state is None else state


class Min(_Extreme):
    """The smallest value of a numeric property."""

    type: Literal["min"] = "min"

    def step(self, state: Decimal | None, value: Decimal) -> Decimal:
        """Keep the smaller value."""
        return value if state is None else min(state, value)


class Max(_Extreme):
    """The greatest value of a numeric property."""

    type: Literal["max"] = "max"

    def step(self, state: Decimal | None, value: Decimal) -> Decimal:
        """Keep the greater value."""
        return value if state is None else max(state, value)

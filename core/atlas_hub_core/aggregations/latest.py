"""The last value of a property."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

from atlas_hub_core.aggregations.base import NumberAggregation, Unrated
from atlas_hub_core.decimals import ZERO
from atlas_hub_core.events import Event

Dated = tuple[tuple[datetime, str, str], Decimal]
"""The place of an event among others, and its value."""


class Latest(NumberAggregation[Dated | None, Dated]):
    """The value of the latest event; of equally late ones, the one with the greatest id.

    Ids compare by code points, and equal ids of two sources by source, so the order in which events
    arrive never matters.
    """

    type: Literal["latest"] = "latest"

    def read(self, event: Event) -> Dated | Unrated:
        """Return the number in the property and when it held."""
        number = self.number(event)
        return number if isinstance(number, Unrated) else (event.order, number)

    def start(self) -> Dated | None:
        """Return nothing yet."""
        return None

    def step(self, state: Dated | None, value: Dated) -> Dated:
        """Keep the later value."""
        return value if state is None else max(state, value)

    def finish(self, state: Dated | None) -> Decimal:
        """Return the latest value, or zero if there was no event."""
        return ZERO if state is None else state[1]

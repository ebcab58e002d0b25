"""How many different values a property takes."""

from __future__ import annotations

from collections.abc import Hashable
from decimal import Decimal
from typing import Literal

from atlas_hub_core.aggregations.base import Aggregation, Unrated
from atlas_hub_core.events import Event, identity
from atlas_hub_core.params import PropertyName


class Unique(Aggregation[set[Hashable], Hashable]):
    """The number of distinct JSON values of a property; 1 and 1.0 are one, 1 and "1" are two."""

    type: Literal["unique"] = "unique"
    property: PropertyName

    def read(self, event: Event) -> Hashable | Unrated:
        """Return what tells the value from others."""
        value = event.properties.get(self.property)
        return Unrated.MISSING_PROPERTY if value is None else identity(value)

    def start(self) -> set[Hashable]:
        """Return an empty set."""
        return set()

    def step(self, state: set[Hashable], value: Hashable) -> set[Hashable]:
        """Remember one value."""
        state.add(value)
        return state

    def finish(self, state: set[Hashable]) -> Decimal:
        """Return how many values there are."""
        return Decimal(len(state))

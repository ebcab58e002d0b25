"""How many events."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from atlas_hub_core.aggregations.base import Aggregation
from atlas_hub_core.events import Event


class Count(Aggregation[int, int]):
    """The number of events."""

    type: Literal["count"] = "count"

    def read(self, event: Event) -> int:  # noqa: ARG002  every event counts one
        """Return one."""
        return 1

    def start(self) -> int:
        """Return zero."""
        return 0

    def step(self, state: int, value: int) -> int:
        """Count one more."""
        return state + value

    def finish(self, state: int) -> Decimal:
        """Return the count."""
        return Decimal(state)

"""Events carry their own price."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Literal

from atlas_hub_core.decimals import ZERO
from atlas_hub_core.prices.base import EventsPrice
from atlas_hub_core.prices.evaluation import Step


class Dynamic(EventsPrice):
    """The sum of the amounts that the events carry."""

    type: Literal["dynamic"] = "dynamic"

    def steps(self, events: Sequence[Decimal]) -> list[Step]:
        """Add up the amounts."""
        return [Step(f"prices of {len(events)} events", sum(events, ZERO))]

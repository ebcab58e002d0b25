"""All of the quantity costs the rate of the one tier that holds it."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field

from atlas_hub_core.prices.base import QuantityPrice
from atlas_hub_core.prices.evaluation import Step
from atlas_hub_core.prices.tiers import FLAT_AT_ZERO, UnitTiers, first_flat, flat_steps, holding


class Volume(QuantityPrice):
    """All units x the `unit` of the tier that holds the quantity, + its `flat`."""

    type: Literal["volume"] = "volume"
    tiers: UnitTiers
    flat_at_zero: bool = Field(default=False, description=FLAT_AT_ZERO)

    def steps(self, quantity: Decimal) -> list[Step]:
        """Price the quantity in its tier."""
        if not quantity:
            return first_flat(self.tiers) if self.flat_at_zero else []
        tier, label = holding(self.tiers, quantity)
        return [Step.times(f"all units ({label})", quantity, tier.unit), *flat_steps(tier, label)]

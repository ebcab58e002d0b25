"""Each part of the quantity costs the rate of the tier it falls into."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field

from atlas_hub_core.prices.base import QuantityPrice
from atlas_hub_core.prices.evaluation import Step
from atlas_hub_core.prices.tiers import FLAT_AT_ZERO, UnitTiers, entered, first_flat, flat_steps


class Graduated(QuantityPrice):
    """The sum over all tiers reached: units inside the tier x `unit` + `flat`."""

    type: Literal["graduated"] = "graduated"
    tiers: UnitTiers
    flat_at_zero: bool = Field(default=False, description=FLAT_AT_ZERO)

    def steps(self, quantity: Decimal) -> list[Step]:
        """Price each tier that the quantity reaches."""
        if not quantity:
            return first_flat(self.tiers) if self.flat_at_zero else []
        steps: list[Step] = []
        for tier, label, inside in entered(self.tiers, quantity):
            steps += [Step.times(label, inside, tier.unit), *flat_steps(tier, label)]
        return steps

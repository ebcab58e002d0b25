"""A share of a total amount, by tiers."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field

from atlas_hub_core.prices.base import QuantityPrice
from atlas_hub_core.prices.evaluation import Step
from atlas_hub_core.prices.percentage import PERCENT
from atlas_hub_core.prices.tiers import FLAT_AT_ZERO, RateTiers, entered, first_flat, flat_steps


class GraduatedPercentage(QuantityPrice):
    """The sum over all tiers reached: amount inside the tier x `rate` percent + `flat`.

    The quantity is a sum of amounts in the plan's currency.
    """

    type: Literal["graduated_percentage"] = "graduated_percentage"
    tiers: RateTiers
    flat_at_zero: bool = Field(default=False, description=FLAT_AT_ZERO)

    def steps(self, quantity: Decimal) -> list[Step]:
        """Price each tier that the amount reaches."""
        if not quantity:
            return first_flat(self.tiers) if self.flat_at_zero else []
        steps: list[Step] = []
        for tier, label, inside in entered(self.tiers, quantity):
            share = Step.times(f"{label}, {tier.rate} %", inside, tier.rate * PERCENT)
            steps += [share, *flat_steps(tier, label)]
        return steps

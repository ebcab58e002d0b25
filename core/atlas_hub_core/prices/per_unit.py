"""An amount for each unit."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from atlas_hub_core.decimals import ZERO, format_decimal
from atlas_hub_core.params import Amount
from atlas_hub_core.prices.base import QuantityPrice
from atlas_hub_core.prices.evaluation import Step


class PerUnit(QuantityPrice):
    """Each unit beyond the included ones costs `unit`."""

    type: Literal["per_unit"] = "per_unit"
    unit: Amount
    included: Amount = ZERO

    def steps(self, quantity: Decimal) -> list[Step]:
        """Price the units beyond the included ones."""
        label = (
            f"units above {format_decimal(self.included)} included" if self.included else "units"
        )
        return [Step.times(label, max(ZERO, quantity - self.included), self.unit)]

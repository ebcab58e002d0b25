"""Units are sold in packages."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from atlas_hub_core.decimals import ZERO, format_grouped
from atlas_hub_core.params import Amount, PositiveDecimal
from atlas_hub_core.prices.base import QuantityPrice
from atlas_hub_core.prices.evaluation import Step


class Package(QuantityPrice):
    """Each package of `size` units beyond the `free` ones costs `amount`.

    A package that is not full counts (`round` up) or does not (`round` down).
    """

    type: Literal["package"] = "package"
    size: PositiveDecimal
    amount: Amount
    free: Amount = ZERO
    round: Literal["up", "down"] = "up"

    def steps(self, quantity: Decimal) -> list[Step]:
        """Price the packages."""
        billed = max(ZERO, quantity - self.free)
        packages = billed // self.size
        if self.round == "up" and packages * self.size < billed:
            packages += 1
        free = f" above {format_grouped(self.free)} free" if self.free else ""
        label = f"packages of {format_grouped(self.size)}{free}, rounded {self.round}"
        return [Step.times(label, packages, self.amount)]

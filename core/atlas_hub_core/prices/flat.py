"""One amount per period."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from atlas_hub_core.params import Amount
from atlas_hub_core.prices.base import QuantityPrice
from atlas_hub_core.prices.evaluation import Step


class Flat(QuantityPrice):
    """The same amount whatever the quantity."""

    type: Literal["flat"] = "flat"
    amount: Amount

    def steps(self, quantity: Decimal) -> list[Step]:  # noqa: ARG002  the point of a flat price
        """Return the amount."""
        return [Step("flat amount", self.amount)]

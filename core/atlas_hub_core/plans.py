"""Plan items: what a plan bills or gives, how often, when, and at which price."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from atlas_hub_core.errors import InvalidInput
from atlas_hub_core.periods import Cadence
from atlas_hub_core.prices import Price


class ItemKind(StrEnum):
    """What a plan item is about."""

    METRIC = "metric"
    ENTITLEMENT = "entitlement"
    FEE = "fee"


class Timing(StrEnum):
    """Whether an item is due when its period begins or when it ends."""

    ADVANCE = "advance"
    ARREARS = "arrears"


@dataclass(frozen=True, slots=True)
class PlanItem:
    """One item of a plan version.

    Attributes:
        kind: Metric, entitlement or fee.
        key: Key of the metric or entitlement, or the name of the fee.
        description: What the invoice line says.
        cadence: How long a service period lasts.
        timing: When it is due.
        price: None only for an entitlement that costs nothing.
    """

    kind: ItemKind
    key: str
    description: str
    cadence: Cadence
    timing: Timing
    price: Price | None

    def __post_init__(self) -> None:
        if self.kind is ItemKind.METRIC:
            self._check_metric()
        elif self.price is not None and self.price.needs == "events":
            raise _invalid(
                "price.type",
                f"A {self.price.type} price needs events, which {self.kind} {self.key!r} does not "
                "have. Attach it to a metric, or choose another price type.",
            )
        if self.price is None and self.kind is not ItemKind.ENTITLEMENT:
            raise _invalid("price", f"The {self.kind} {self.key!r} needs a price. Add one.")

    def _check_metric(self) -> None:
        if self.timing is Timing.ADVANCE:
            raise _invalid(
                "timing",
                f"Usage of metric {self.key!r} is known only when its period ends. Bill it in "
                "arrears.",
            )
        if self.cadence is Cadence.ONCE:
            raise _invalid(
                "cadence",
                f"Usage of metric {self.key!r} goes on, so it cannot be billed once. Choose a "
                "cadence from day to year.",
            )


def _invalid(field: str, message: str) -> InvalidInput:
    return InvalidInput(message, code="invalid_plan_item", field=field)

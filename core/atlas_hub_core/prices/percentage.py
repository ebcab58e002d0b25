"""A share of the amounts that events carry, and a fixed fee for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Literal, Self

from pydantic import Field, NonNegativeInt, model_validator

from atlas_hub_core.decimals import ZERO
from atlas_hub_core.params import Amount
from atlas_hub_core.prices.base import EventsPrice
from atlas_hub_core.prices.evaluation import Step

PERCENT = Decimal("0.01")


class Percentage(EventsPrice):
    """`rate` percent of each event's amount, and `fixed` for each event that pays.

    The first events are free, until there were `free_events` of them or their amounts have used up
    `free_amount`, whichever comes first; a limit of zero is no limit, and two of zero make nothing
    free. The event that passes `free_amount` pays for the part beyond it. What one event pays lies
    within `event_min` and `event_max`.
    """

    type: Literal["percentage"] = "percentage"
    rate: Amount = Field(description="Percent: 1.3 is 1.3 %.")
    fixed: Amount = ZERO
    free_events: NonNegativeInt = 0
    free_amount: Amount = ZERO
    event_min: Amount | None = None
    event_max: Amount | None = None

    @model_validator(mode="after")
    def _event_min_below_event_max(self) -> Self:
        if (
            self.event_min is not None
            and self.event_max is not None
            and self.event_min > self.event_max
        ):
            raise ValueError("has an event_min above its event_max; lower event_min")
        return self

    def steps(self, events: Sequence[Decimal]) -> list[Step]:
        """Price the events that pay."""
        paid = list(self._paid(events))
        steps = [
            Step.times(f"{self.rate} % of amounts", sum(paid, ZERO), self.rate * PERCENT),
            Step.times("events", Decimal(len(paid)), self.fixed),
        ]
        adjusted = sum((self._clamped(self._fee(amount)) for amount in paid), ZERO)
        difference = adjusted - sum((step.amount for step in steps), ZERO)
        if difference:
            steps.append(Step("minimum and maximum of single events", difference))
        return steps

    def _paid(self, events: Sequence[Decimal]) -> Iterator[Decimal]:
        """Yield the part of each event's amount that is not free."""
        free, used = bool(self.free_events or self.free_amount), ZERO
        for index, amount in enumerate(events):
            free = free and not (self.free_events and index >= self.free_events)
            if not free:
                yield amount
            elif self.free_amount and used + amount > self.free_amount:
                free = False
                yield used + amount - self.free_amount
            used += amount

    def _fee(self, amount: Decimal) -> Decimal:
        return amount * self.rate * PERCENT + self.fixed

    def _clamped(self, fee: Decimal) -> Decimal:
        if self.event_min is not None:
            fee = max(fee, self.event_min)
        return fee if self.event_max is None else min(fee, self.event_max)

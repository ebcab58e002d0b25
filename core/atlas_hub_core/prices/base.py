"""What a price is: parameters that turn a quantity, or the amounts of events, into money."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from decimal import Decimal
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from atlas_hub_core.decimals import ZERO, exact, format_decimal
from atlas_hub_core.errors import InvalidInput
from atlas_hub_core.params import Amount, Params
from atlas_hub_core.prices.evaluation import Evaluation, Step

Needs = Literal["quantity", "events"]


class Price(Params, ABC):
    """A price model with its parameters, in major units of the plan's currency.

    A subclass derives from `QuantityPrice` or `EventsPrice` and has a `type` of its own.

    Attributes:
        minimum: Least that is due for a period, also without usage.
        maximum: Most that is due for a period.
        needs: Whether it prices one quantity, or each event's amount in order of time.
    """

    needs: ClassVar[Needs]

    type: str
    minimum: Amount | None = Field(default=None, description="Least that is due for a period.")
    maximum: Amount | None = Field(default=None, description="Most that is due for a period.")

    @model_validator(mode="after")
    def _minimum_below_maximum(self) -> Self:
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(
                f"has a minimum of {format_decimal(self.minimum)} above its maximum of "
                f"{format_decimal(self.maximum)}; lower the minimum"
            )
        return self


class QuantityPrice(Price):
    """A price for one quantity."""

    needs: ClassVar[Needs] = "quantity"

    @abstractmethod
    def steps(self, quantity: Decimal) -> list[Step]:
        """Return the parts of the amount for a quantity of zero or more."""


class EventsPrice(Price):
    """A price for the amounts that events carry."""

    needs: ClassVar[Needs] = "events"

    @abstractmethod
    def steps(self, events: Sequence[Decimal]) -> list[Step]:
        """Return the parts of the amount for event amounts of zero or more, in order of time."""


@exact
def evaluate(
    price: Price, *, quantity: Decimal | None = None, events: Sequence[Decimal] | None = None
) -> Evaluation:
    """Price a quantity, or the amounts of events in order of time.

    Returns:
        The exact amount and the steps it is the sum of.

    Raises:
        InvalidInput: With code `quantity_required` or `events_required`, if the price needs the
            other input, or `negative_quantity`.
    """
    if isinstance(price, EventsPrice):
        steps = price.steps(_amounts(price, events))
    elif isinstance(price, QuantityPrice):
        steps = price.steps(_quantity(price, quantity))
    else:
        raise TypeError(f"{type(price).__name__} is neither a QuantityPrice nor an EventsPrice.")
    return Evaluation((*steps, *_limits(price, sum((step.amount for step in steps), ZERO))))


def _quantity(price: Price, quantity: Decimal | None) -> Decimal:
    if quantity is None:
        raise InvalidInput(
            f"A {price.type} price needs a quantity. Send `quantity`.",
            code="quantity_required",
            field="quantity",
        )
    return _not_negative(quantity, "quantity")


def _amounts(price: Price, events: Sequence[Decimal] | None) -> Sequence[Decimal]:
    if events is None:
        raise InvalidInput(
            f"A {price.type} price needs the amount of each event. Send `events`.",
            code="events_required",
            field="events",
        )
    return [_not_negative(amount, f"events.{index}") for index, amount in enumerate(events)]


def _not_negative(value: Decimal, field: str) -> Decimal:
    if value < 0:
        raise InvalidInput(
            f"{field} is {format_decimal(value)}; only zero or more can be priced.",
            code="negative_quantity",
            field=field,
        )
    return value


def _limits(price: Price, amount: Decimal) -> list[Step]:
    if price.minimum is not None and amount < price.minimum:
        label = f"raised to the minimum of {format_decimal(price.minimum)}"
        return [Step(label, price.minimum - amount)]
    if price.maximum is not None and amount > price.maximum:
        label = f"lowered to the maximum of {format_decimal(price.maximum)}"
        return [Step(label, price.maximum - amount)]
    return []

"""How an amount came to be: the steps that it is the sum of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from atlas_hub_core.decimals import EXACT, ZERO, exact, format_decimal


@dataclass(frozen=True, slots=True)
class Step:
    """One part of an amount.

    Attributes:
        label: What it is for, in words.
        amount: The part, exact, in major units.
        quantity: How many were priced, or None for a part that has no rate.
        unit: Price of each, or None.
    """

    label: str
    amount: Decimal
    quantity: Decimal | None = None
    unit: Decimal | None = None

    @classmethod
    def times(cls, label: str, quantity: Decimal, unit: Decimal) -> Step:
        """Return the step of a quantity at a unit price."""
        return cls(label, EXACT.multiply(quantity, unit), quantity, unit)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """An exact amount, as the sum of its steps.

    Attributes:
        trace: The steps, in the order in which a person would work them out.
    """

    trace: tuple[Step, ...]

    @property
    @exact
    def exact(self) -> Decimal:
        """The unrounded amount."""
        return sum((step.amount for step in self.trace), ZERO)


def trace_to_json(trace: Sequence[Step]) -> list[dict[str, str | None]]:
    """Return the steps as JSON values, decimals as canonical strings."""
    return [
        {
            "label": step.label,
            "quantity": _text(step.quantity),
            "unit": _text(step.unit),
            "amount": format_decimal(step.amount),
        }
        for step in trace
    ]


def trace_from_json(data: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    """Return the steps that `trace_to_json` wrote."""
    return tuple(
        Step(
            step["label"], Decimal(step["amount"]), _number(step["quantity"]), _number(step["unit"])
        )
        for step in data
    )


def _text(value: Decimal | None) -> str | None:
    return None if value is None else format_decimal(value)


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)

"""Rating: a plan item and a quantity become a line, exact first and rounded once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from atlas_hub_core.decimals import ZERO, format_decimal, format_grouped
from atlas_hub_core.money import Money, format_amount
from atlas_hub_core.periods import Period
from atlas_hub_core.plans import ItemKind, PlanItem
from atlas_hub_core.prices import Evaluation, Step, evaluate


@dataclass(frozen=True, slots=True)
class Line:
    """What one plan item costs for one service period.

    Attributes:
        kind: What it is for.
        key: Key of the metric or entitlement, or name of the fee.
        description: What the invoice says.
        period: The service period.
        quantity: What was priced: usage, or the subscription's quantity.
        exact: The unrounded amount, the sum of the trace.
        amount: The same, rounded half up to the currency's digits.
        trace: How it came to be.
    """

    kind: ItemKind
    key: str
    description: str
    period: Period
    quantity: Decimal
    exact: Decimal
    amount: Money
    trace: tuple[Step, ...]


def rate(
    item: PlanItem,
    period: Period,
    currency: str,
    quantity: Decimal,
    events: Sequence[Decimal] | None = None,
) -> Line:
    """Price what a service period holds.

    Args:
        item: A plan item with a price.
        period: The service period.
        currency: Currency of the plan.
        quantity: Usage of the metric in the period; for a fee or an entitlement, the quantity of
            the subscription. Usage below zero, which corrections can lead to, is priced as zero.
        events: The amounts of the events in order of time, for a price that needs them.

    Raises:
        InvalidInput: With code `events_required`, if the price needs events.
        ValueError: If the item has no price.
    """
    if item.price is None:
        raise ValueError(f"The {item.kind} {item.key!r} has no price, so there is nothing to rate.")
    if item.price.needs == "events":
        result = evaluate(item.price, events=None if events is None else _raised(events))
    else:
        result = evaluate(item.price, quantity=max(ZERO, quantity))
    exact = result.exact
    return Line(
        kind=item.kind,
        key=item.key,
        description=item.description,
        period=period,
        quantity=quantity,
        exact=exact,
        amount=Money(exact, currency).rounded(),
        trace=_with_note(result, quantity),
    )


def explain(trace: Sequence[Step], currency: str) -> tuple[str, ...]:
    """Say how an amount came to be, one sentence per step and one for the sum."""
    exact = Evaluation(tuple(trace)).exact
    rounded = Money(exact, currency).rounded()
    total = format_amount(exact, currency)
    end = f"rounded to {rounded}" if exact != rounded.amount else currency
    return (*(_sentence(step, currency) for step in trace), f"sum: {total} {end}")


def _sentence(step: Step, currency: str) -> str:
    amount = format_amount(step.amount, currency)
    if step.quantity is None or step.unit is None:
        return f"{step.label}: {amount}"
    quantity, unit = format_grouped(step.quantity), format_decimal(step.unit)
    return f"{step.label}: {quantity} x {unit} = {amount}"


def _raised(events: Sequence[Decimal]) -> list[Decimal]:
    return [max(ZERO, amount) for amount in events]


def _with_note(result: Evaluation, quantity: Decimal) -> tuple[Step, ...]:
    if quantity >= 0:
        return result.trace
    note = Step(f"usage of {format_grouped(quantity)} is below zero and priced as zero", ZERO)
    return (note, *result.trace)

"""Tiers: ranges of quantity, each with its own rate.

Only upper bounds are stored. Tier i covers (bound i-1, bound i], the last is open, so no quantity,
whole or not, falls between two tiers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field

from atlas_hub_core.decimals import ZERO, format_decimal, format_grouped
from atlas_hub_core.params import Amount, Params, PositiveDecimal
from atlas_hub_core.prices.evaluation import Step

MAX_TIERS = 100
FLAT_AT_ZERO = "Whether the flat amount of the first tier is due without usage."


class Tier(Params):
    """A range of quantity up to and including `up_to`; null means without end."""

    up_to: PositiveDecimal | None = None
    flat: Amount = ZERO


class UnitTier(Tier):
    """A tier whose units cost `unit` each; entering it costs `flat`."""

    unit: Amount = ZERO


class RateTier(Tier):
    """A tier whose amounts cost `rate` percent; entering it costs `flat`."""

    rate: Amount = ZERO


AnyTier = TypeVar("AnyTier", bound=Tier)


def _ascending(tiers: tuple[AnyTier, ...]) -> tuple[AnyTier, ...]:
    for number, (tier, following) in enumerate(pairwise(tiers), start=1):
        if tier.up_to is None:
            raise ValueError(
                f"tier {number} has no `up_to`, but tier {number + 1} follows; only the last tier "
                "is open"
            )
        if following.up_to is not None and following.up_to <= tier.up_to:
            raise ValueError(
                f"tier {number + 1} ends at {format_decimal(following.up_to)}, not above tier "
                f"{number}, which ends at {format_decimal(tier.up_to)}; sort the tiers"
            )
    last = tiers[-1].up_to
    if last is not None:
        raise ValueError(
            f"tier {len(tiers)}, the last, ends at {format_decimal(last)}; set its `up_to` to null"
        )
    return tiers


UnitTiers = Annotated[
    tuple[UnitTier, ...],
    Field(min_length=1, max_length=MAX_TIERS),
    AfterValidator(_ascending),
]
RateTiers = Annotated[
    tuple[RateTier, ...],
    Field(min_length=1, max_length=MAX_TIERS),
    AfterValidator(_ascending),
]


def entered(tiers: Sequence[AnyTier], quantity: Decimal) -> Iterator[tuple[AnyTier, str, Decimal]]:
    """Yield the tiers that a quantity reaches: each, its range in words, and the part inside.

    The parts sum to the quantity; a quantity of zero reaches no tier.
    """
    below = ZERO
    for tier in tiers:
        if quantity <= below:
            return
        top = quantity if tier.up_to is None else min(quantity, tier.up_to)
        yield tier, _range(below, tier.up_to), top - below
        below = top


def holding(tiers: Sequence[AnyTier], quantity: Decimal) -> tuple[AnyTier, str]:
    """Return the tier that holds a quantity, and its range in words; the first holds zero."""
    below = ZERO
    for tier in tiers:
        if tier.up_to is None or quantity <= tier.up_to:
            return tier, _range(below, tier.up_to)
        below = tier.up_to
    raise ValueError("The last tier is open, so one tier holds every quantity.")


def first_flat(tiers: Sequence[Tier]) -> list[Step]:
    """Return the step of the first tier's flat amount, due without usage."""
    return flat_steps(tiers[0], _range(ZERO, tiers[0].up_to))


def flat_steps(tier: Tier, label: str) -> list[Step]:
    """Return the step of a tier's flat amount, if it has one."""
    return [Step(f"{label}, flat amount", tier.flat)] if tier.flat else []


def _range(below: Decimal, up_to: Decimal | None) -> str:
    lower = f"above {format_grouped(below)}" if below else ""
    upper = f"up to {format_grouped(up_to)}" if up_to is not None else ""
    return f"{lower} {upper}".strip() or "any quantity"

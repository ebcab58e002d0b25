"""Plan items: combinations that cannot be billed are refused when they are made."""

from __future__ import annotations

from decimal import Decimal

import pytest

from atlas_hub_core.errors import InvalidInput
from atlas_hub_core.periods import Cadence
from atlas_hub_core.plans import ItemKind, PlanItem, Timing
from atlas_hub_core.prices import Dynamic, Flat, Price

FLAT = Flat(amount=Decimal("49"))


def item(
    kind: ItemKind,
    price: Price | None = FLAT,
    cadence: Cadence = Cadence.MONTH,
    timing: Timing = Timing.ARREARS,
) -> PlanItem:
    return PlanItem(kind, "seats", "Seats", cadence, timing, price)


def test_what_can_be_billed_is_taken() -> None:
    assert item(ItemKind.METRIC).price is FLAT
    assert item(ItemKind.METRIC, Dynamic()).price == Dynamic()
    assert item(ItemKind.FEE, cadence=Cadence.ONCE, timing=Timing.ADVANCE).price is FLAT
    assert item(ItemKind.ENTITLEMENT).price is FLAT
    assert item(ItemKind.ENTITLEMENT, None).price is None


@pytest.mark.parametrize(
    ("make", "field", "message"),
    [
        (lambda: item(ItemKind.METRIC, None), "price", "Add one"),
        (lambda: item(ItemKind.FEE, None), "price", "Add one"),
        (lambda: item(ItemKind.METRIC, timing=Timing.ADVANCE), "timing", "Bill it in arrears"),
        (lambda: item(ItemKind.METRIC, cadence=Cadence.ONCE), "cadence", "Choose a cadence"),
        (lambda: item(ItemKind.FEE, Dynamic()), "price.type", "Attach it to a metric"),
        (lambda: item(ItemKind.ENTITLEMENT, Dynamic()), "price.type", "Attach it to a metric"),
    ],
)
def test_what_cannot_be_billed_is_refused(make: object, field: str, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        make()  # type: ignore[operator]
    assert (caught.value.code, caught.value.field) == ("invalid_plan_item", field)
    assert message in caught.value.message
    assert "'seats'" in caught.value.message

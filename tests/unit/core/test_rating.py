"""Rating: a real bill of language-model traffic, and what happens at the edges."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_hub_core.errors import InvalidInput
from atlas_hub_core.money import Money
from atlas_hub_core.params import Registry
from atlas_hub_core.periods import Cadence, Period
from atlas_hub_core.plans import ItemKind, PlanItem, Timing
from atlas_hub_core.prices import BUILT_IN_PRICES, Price
from atlas_hub_core.rating import explain, rate

PRICES: Registry[Price] = Registry("price", BUILT_IN_PRICES)
NOVEMBER = Period(datetime(2023, 11, 1, tzinfo=UTC), datetime(2023, 12, 1, tzinfo=UTC))
CONTEXT = {
    "type": "graduated",
    "tiers": [
        {"up_to": "10000000", "unit": "0.0000005"},
        {"up_to": None, "unit": "0.0000003"},
    ],
}


def metered(price: dict[str, Any]) -> PlanItem:
    return PlanItem(
        ItemKind.METRIC,
        "tokens",
        "Tokens",
        Cadence.MONTH,
        Timing.ARREARS,
        PRICES.parse(price),
    )


def test_azure_bill_is_exact_to_the_cent_and_explains_itself() -> None:
    bill: list[tuple[dict[str, Any], int]] = [
        (CONTEXT, 22_361_870),
        ({"type": "per_unit", "unit": "0.0000015"}, 4_088_665),
        ({"type": "package", "size": "1000", "amount": "0.25"}, 19_366),
        ({"type": "flat", "amount": "49.00"}, 1),
    ]
    lines = [rate(metered(price), NOVEMBER, "USD", Decimal(quantity)) for price, quantity in bill]
    assert [str(line.amount) for line in lines] == ["8.71 USD", "6.13 USD", "5.00 USD", "49.00 USD"]
    assert [sentence for line in lines for sentence in explain(line.trace, "USD")] == [
        "up to 10,000,000: 10,000,000 x 0.0000005 = 5.00",
        "above 10,000,000: 12,361,870 x 0.0000003 = 3.708561",
        "sum: 8.708561 rounded to 8.71 USD",
        "units: 4,088,665 x 0.0000015 = 6.1329975",
        "sum: 6.1329975 rounded to 6.13 USD",
        "packages of 1,000, rounded up: 20 x 0.25 = 5.00",
        "sum: 5.00 USD",
        "flat amount: 49.00",
        "sum: 49.00 USD",
    ]


def test_a_line_carries_what_it_was_made_from() -> None:
    line = rate(metered(CONTEXT), NOVEMBER, "USD", Decimal(3))
    assert (line.kind, line.key, line.description) == (ItemKind.METRIC, "tokens", "Tokens")
    assert (line.period, line.quantity) == (NOVEMBER, Decimal(3))
    assert (line.exact, line.amount) == (Decimal("0.0000015"), Money(Decimal("0.00"), "USD"))


def test_usage_below_zero_is_priced_as_zero_and_says_so() -> None:
    price = {"type": "per_unit", "unit": "2", "minimum": "5"}
    line = rate(metered(price), NOVEMBER, "USD", Decimal("-1500"))
    assert (line.quantity, str(line.amount)) == (Decimal(-1500), "5.00 USD")
    assert explain(line.trace, "USD") == (
        "usage of -1,500 is below zero and priced as zero: 0.00",
        "units: 0 x 2 = 0.00",
        "raised to the minimum of 5: 5.00",
        "sum: 5.00 USD",
    )


@pytest.mark.parametrize("quantity", ["0", "0.5"])
def test_usage_of_zero_or_more_needs_no_note(quantity: str) -> None:
    line = rate(metered({"type": "per_unit", "unit": "2"}), NOVEMBER, "USD", Decimal(quantity))
    assert [step.label for step in line.trace] == ["units"]


def test_price_of_events_takes_their_amounts() -> None:
    item = metered({"type": "percentage", "rate": "1.3", "fixed": "2"})
    line = rate(item, NOVEMBER, "USD", Decimal(390), [Decimal(400), Decimal(-10)])
    assert explain(line.trace, "USD") == (
        "1.3 % of amounts: 400 x 0.013 = 5.20",
        "events: 2 x 2 = 4.00",
        "sum: 9.20 USD",
    )
    with pytest.raises(InvalidInput) as caught:
        rate(item, NOVEMBER, "USD", Decimal(390))
    assert caught.value.code == "events_required"


def test_an_item_without_price_cannot_be_rated() -> None:
    item = PlanItem(ItemKind.ENTITLEMENT, "sso", "SSO", Cadence.MONTH, Timing.ADVANCE, None)
    with pytest.raises(ValueError, match="'sso' has no price"):
        rate(item, NOVEMBER, "USD", Decimal(1))


@given(
    st.decimals(min_value=0, max_value=10**15, places=6),
    st.sampled_from(["USD", "JPY", "KWD"]),
)
def test_the_amount_is_within_half_a_unit_of_the_exact_one(
    quantity: Decimal, currency: str
) -> None:
    line = rate(metered(CONTEXT), NOVEMBER, currency, quantity)
    digits = {"USD": 2, "JPY": 0, "KWD": 3}[currency]
    assert abs(line.exact - line.amount.amount) * 10**digits <= Decimal("0.5")
    assert sum(step.amount for step in line.trace) == line.exact

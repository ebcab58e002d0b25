"""Late usage: the difference between a period rated again and what was charged for it."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_hub_core.late import Settled, late_line, postponed, that_fit
from atlas_hub_core.periods import Cadence, Period
from atlas_hub_core.plans import ItemKind, PlanItem, Timing
from atlas_hub_core.prices import Evaluation, Graduated, PerUnit, Price, Volume
from atlas_hub_core.rating import Line, explain, rate

JANUARY = Period(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
TIERS = [
    {"up_to": "10", "unit": "1.004"},
    {"up_to": "20", "unit": "0.333"},
    {"up_to": None, "unit": "0.05"},
]
PRICES = [
    PerUnit.model_validate({"type": "per_unit", "unit": "0.0037"}),
    Graduated.model_validate({"type": "graduated", "tiers": TIERS}),
    Volume.model_validate({"type": "volume", "tiers": TIERS}),
]


def whole(price: Price, quantity: Decimal) -> Line:
    item = PlanItem(ItemKind.METRIC, "requests", "Requests", Cadence.MONTH, Timing.ARREARS, price)
    return rate(item, JANUARY, "EUR", quantity)


@pytest.mark.parametrize("price", PRICES, ids=lambda price: price.type)
@given(parts=st.lists(st.decimals("-5", "50", places=3), min_size=1, max_size=6))
def test_however_usage_comes_in_the_lines_add_up_to_one_rating(price, parts):
    quantity, amount = Decimal(0), Decimal(0)
    for upto in range(1, len(parts) + 1):
        line = late_line(whole(price, sum(parts[:upto])), Settled(quantity, amount), "UTC")
        assert line.amount == line.amount.rounded()
        assert Evaluation(line.trace).exact == line.exact == line.amount.amount
        quantity, amount = quantity + line.quantity, amount + line.amount.amount
    assert quantity == sum(parts)
    assert amount == whole(price, sum(parts)).amount.amount


def test_tiers_do_not_restart_and_the_trace_says_what_was_charged_before():
    line = late_line(whole(PRICES[1], Decimal(12)), Settled(Decimal(9), Decimal("9.04")), "UTC")
    assert line.description == "Requests, late usage of 2026-01-01 to 2026-02-01"
    assert (line.quantity, line.amount.amount) == (Decimal(3), Decimal("1.67"))
    *_, rounding, before, total = explain(line.trace, "EUR")
    assert (rounding, before) == ("rounded: 0.004", "charged before: -9.04")
    assert total == "sum: 1.67 EUR"


def test_dates_are_those_of_the_customer():
    evening = Period(datetime(2026, 1, 1, 5, tzinfo=UTC), datetime(2026, 2, 1, 5, tzinfo=UTC))
    item = PlanItem(
        ItemKind.METRIC, "requests", "Requests", Cadence.MONTH, Timing.ARREARS, PRICES[0]
    )
    line = rate(item, evening, "EUR", Decimal(1))
    nothing = Settled(Decimal(0), Decimal(0))
    assert "2026-01-01 to 2026-02-01" in late_line(line, nothing, "America/New_York").description


def test_a_postponed_line_has_nothing_on_it_and_says_why():
    line = postponed(
        late_line(whole(PRICES[0], Decimal(0)), Settled(Decimal(9), Decimal(3)), "UTC")
    )
    assert (line.quantity, line.exact, line.amount.amount) == (0, 0, 0)
    assert (
        line.trace[0].label == "-3.00 EUR would leave the invoice below zero and waits for the next"
    )


@given(st.lists(st.decimals("-9", "9", places=2)))
def test_only_amounts_below_zero_go_and_only_if_they_have_to(amounts):
    stay = that_fit(amounts)
    kept = [amount for amount, stays in zip(amounts, stay, strict=True) if stays]
    gone = [amount for amount, stays in zip(amounts, stay, strict=True) if not stays]
    assert sum(kept) >= 0
    assert all(amount < 0 for amount in gone)
    assert all(sum(kept) + amount < 0 for amount in gone)

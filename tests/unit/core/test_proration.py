"""Proration: a part of a period costs its share of the days of the calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_hub_core.periods import Cadence, Period, midnight
from atlas_hub_core.plans import ItemKind, PlanItem, Timing
from atlas_hub_core.prices import Evaluation, Flat
from atlas_hub_core.proration import days_in, prorate
from atlas_hub_core.rating import Line, explain, rate


def span(first: str, last: str, zone: str = "UTC") -> Period:
    """Build the period from the start of one local date to the end of another."""
    after = date.fromisoformat(last) + timedelta(1)
    return Period(midnight(date.fromisoformat(first), zone), midnight(after, zone))


def flat(amount: str, period: Period) -> Line:
    item = PlanItem(
        ItemKind.FEE, "seat", "Seat", Cadence.MONTH, Timing.ADVANCE, Flat(amount=Decimal(amount))
    )
    return rate(item, period, "USD", Decimal(1))


@pytest.mark.parametrize(
    ("amount", "part", "whole", "charged"),
    [
        pytest.param(
            "1", ("2024-01-04", "2024-01-31"), ("2024-01-01", "2024-01-31"), "0.90", id="P1"
        ),
        pytest.param(
            "1", ("2024-01-04", "2024-01-07"), ("2024-01-01", "2024-01-07"), "0.57", id="P2"
        ),
        pytest.param(
            "1", ("2024-03-15", "2024-03-31"), ("2024-03-01", "2024-03-31"), "0.55", id="P4"
        ),
        pytest.param(
            "30", ("2024-09-15", "2024-09-30"), ("2024-09-01", "2024-09-30"), "16.00", id="P5"
        ),
        pytest.param(
            "10", ("2024-03-15", "2024-03-31"), ("2024-03-01", "2024-03-31"), "5.48", id="P10 old"
        ),
        pytest.param(
            "20", ("2024-03-15", "2024-03-31"), ("2024-03-01", "2024-03-31"), "10.97", id="P10 new"
        ),
        pytest.param(
            "10", ("2024-03-01", "2024-03-31"), ("2024-03-01", "2024-03-31"), "10.00", id="all"
        ),
    ],
)
def test_a_part_costs_its_share_of_the_days(
    amount: str, part: tuple[str, str], whole: tuple[str, str], charged: str
) -> None:
    line = prorate(flat(amount, span(*part)), span(*whole), "UTC")
    assert str(line.amount.amount) == charged


def test_a_prorated_line_says_for_how_many_days() -> None:
    whole = span("2026-11-01", "2026-11-30")
    line = prorate(flat("49", span("2026-11-16", "2026-11-30")), whole, "UTC")
    assert explain(line.trace, "USD") == (
        "flat amount: 49.00",
        "for 15 of 30 days: -24.50",
        "sum: 24.50 USD",
    )
    unchanged = flat("49", whole)
    assert prorate(unchanged, whole, "UTC") is unchanged


@pytest.mark.parametrize("month", ["2026-03", "2026-10"])
def test_a_night_on_which_clocks_change_changes_no_day_count(month: str) -> None:
    assert days_in(span(f"{month}-01", f"{month}-31", "Europe/Berlin"), "Europe/Berlin") == 31


def test_a_day_that_is_only_touched_counts() -> None:
    start = datetime(2026, 11, 1, 23, 59, tzinfo=UTC)
    assert days_in(Period(start, start + timedelta(minutes=1)), "UTC") == 1
    assert days_in(Period(start, start + timedelta(minutes=2)), "UTC") == 2


@given(
    st.decimals(min_value=0, max_value=10**15, places=12), st.integers(1, 31), st.integers(2, 30)
)
def test_a_part_is_the_sum_of_its_trace_and_never_more_than_the_whole(
    amount: Decimal, days: int, precision: int
) -> None:
    line = flat(format(amount, "f"), span("2026-01-01", f"2026-01-{days:02}"))
    with localcontext(prec=precision):
        part = prorate(line, span("2026-01-01", "2026-01-31"), "UTC")
    assert Evaluation(part.trace).exact == part.exact
    assert 0 <= part.exact <= line.exact

"""Prices: rules that hold for every quantity, bad parameters, and traces as JSON."""

from __future__ import annotations

import json
from decimal import Decimal, localcontext
from itertools import pairwise
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_hub_core.decimals import format_decimal
from atlas_hub_core.errors import Conflict, InvalidInput
from atlas_hub_core.params import Amount, Registry
from atlas_hub_core.prices import (
    BUILT_IN_PRICES,
    Evaluation,
    Flat,
    Price,
    QuantityPrice,
    Step,
    evaluate,
    trace_from_json,
    trace_to_json,
)
from atlas_hub_core.rating import explain

PRICES: Registry[Price] = Registry("price", BUILT_IN_PRICES)
EXAMPLES: list[dict[str, Any]] = [
    {"type": "flat", "amount": "49.00", "minimum": "1", "maximum": "50"},
    {"type": "per_unit", "unit": "0.0000015", "included": "10"},
    {"type": "graduated", "tiers": [{"up_to": "10", "unit": "0.1", "flat": "3"}, {"unit": "0.05"}]},
    {"type": "volume", "tiers": [{"up_to": "10.5", "unit": "2"}, {"flat": "4"}]},
    {"type": "package", "size": "1000", "amount": "0.25", "free": "5", "round": "down"},
    {"type": "percentage", "rate": "1.3", "fixed": "2", "free_events": 3, "event_max": "9"},
    {"type": "graduated_percentage", "tiers": [{"up_to": "10", "rate": "1"}, {"rate": "2"}]},
    {"type": "dynamic"},
]

QUANTITIES = st.decimals(min_value=0, max_value=10**12, places=9)
RATES = st.decimals(min_value=0, max_value=1000, places=12)
BOUNDS = st.lists(
    st.decimals(min_value="0.001", max_value=10**6, places=3), max_size=5, unique=True
)


@st.composite
def tier_prices(draw: st.DrawFn, kind: str) -> Price:
    bounds = [format_decimal(bound) for bound in sorted(draw(BOUNDS))]
    tiers = [
        {
            "up_to": bound,
            "unit": format_decimal(draw(RATES)),
            "flat": format_decimal(draw(RATES)),
        }
        for bound in [*bounds, None]
    ]
    return PRICES.parse({"type": kind, "tiers": tiers})


@given(tier_prices("graduated"), QUANTITIES, QUANTITIES)
def test_a_graduated_price_never_falls_with_more_usage(
    price: Price, one: Decimal, other: Decimal
) -> None:
    less, more = sorted([one, other])
    assert evaluate(price, quantity=less).exact <= evaluate(price, quantity=more).exact


@pytest.mark.parametrize("kind", ["graduated", "volume"])
@given(data=st.data(), quantity=QUANTITIES)
def test_every_unit_is_priced_once_also_between_whole_bounds(
    kind: str, data: st.DataObject, quantity: Decimal
) -> None:
    trace = evaluate(data.draw(tier_prices(kind)), quantity=quantity).trace
    assert sum(step.quantity for step in trace if step.quantity is not None) == quantity


@given(tier_prices("graduated"), st.integers(0, 4))
def test_the_bound_of_a_tier_belongs_to_it(price: Any, index: int) -> None:
    tier = price.tiers[min(index, len(price.tiers) - 1)]
    if tier.up_to is None:
        return
    at, above = (evaluate(price, quantity=tier.up_to + more) for more in (0, Decimal("0.000001")))
    reached = [step for step in at.trace if step.quantity is not None]
    assert len([step for step in above.trace if step.quantity is not None]) == len(reached) + 1


@given(st.sampled_from(["up", "down"]), QUANTITIES, st.decimals("0.001", 10**6, places=3))
def test_packages_hold_the_quantity(rounding: str, quantity: Decimal, size: Decimal) -> None:
    price = {"type": "package", "size": str(size), "amount": "1", "round": rounding}
    packages = evaluate(PRICES.parse(price), quantity=quantity).exact
    if rounding == "up":
        assert (packages - 1) * size < quantity <= packages * size or quantity == packages == 0
    else:
        assert packages * size <= quantity < (packages + 1) * size


@given(QUANTITIES, st.decimals(0, 100, places=2), st.decimals(0, 100, places=2))
def test_amounts_stay_within_minimum_and_maximum(
    quantity: Decimal, one: Decimal, other: Decimal
) -> None:
    low, high = sorted([one, other])
    params = {"type": "per_unit", "unit": "0.3", "minimum": str(low), "maximum": str(high)}
    amount = evaluate(PRICES.parse(params), quantity=quantity).exact
    assert amount == min(max(quantity * Decimal("0.3"), low), high)


def test_a_split_of_usage_never_changes_a_graduated_total() -> None:
    """Cumulative minus already billed: the tiers never restart inside a period."""
    price = PRICES.parse(EXAMPLES[2])
    amounts = [evaluate(price, quantity=Decimal(quantity)).exact for quantity in (0, 7, 12, 40)]
    steps = [after - before for before, after in pairwise(amounts)]
    assert sum(steps) == evaluate(price, quantity=Decimal(40)).exact


def test_amounts_are_exact_whatever_context_the_caller_has() -> None:
    price = PRICES.parse({"type": "per_unit", "unit": "0.000000000000000000000000000001"})
    with localcontext(prec=2):
        amount = evaluate(price, quantity=Decimal("99999999999999999999.5")).exact
    assert amount == Decimal("99999999999999999999.5").scaleb(-30)


@pytest.mark.parametrize("params", EXAMPLES, ids=lambda params: str(params["type"]))
def test_parameters_come_back_from_json(params: dict[str, Any]) -> None:
    price = PRICES.parse(params)
    written = json.loads(json.dumps(price.to_json()))
    assert PRICES.parse(written) == price
    assert PRICES.parse(written).to_json() == written


def test_parameters_are_written_canonically() -> None:
    price = PRICES.parse({"type": "per_unit", "unit": "0.00000050", "included": 1000})
    assert price.to_json() == {
        "type": "per_unit",
        "unit": "0.0000005",
        "included": "1000",
        "minimum": None,
        "maximum": None,
    }


@pytest.mark.parametrize("params", EXAMPLES, ids=lambda params: str(params["type"]))
def test_traces_come_back_from_json_and_sum_to_the_amount(params: dict[str, Any]) -> None:
    price = PRICES.parse(params)
    amounts = [Decimal("12.345"), Decimal(800)]
    result = (
        evaluate(price, events=amounts)
        if price.needs == "events"
        else evaluate(price, quantity=sum(amounts, Decimal(0)))
    )
    trace = trace_from_json(json.loads(json.dumps(trace_to_json(result.trace))))
    assert trace == result.trace
    assert Evaluation(trace).exact == result.exact


TIERS = [{"up_to": "1000", "flat": "3"}, {"up_to": "2000", "flat": "4"}, {"flat": "5"}]


@pytest.mark.parametrize(
    ("params", "usage", "sentences"),
    [
        (EXAMPLES[1], "1010", ["units above 10 included: 1,000 x 0.0000015 = 0.0015"]),
        (
            {"type": "graduated", "tiers": TIERS},
            "2500",
            [
                "up to 1,000: 1,000 x 0 = 0.00",
                "up to 1,000, flat amount: 3.00",
                "above 1,000 up to 2,000: 1,000 x 0 = 0.00",
                "above 1,000 up to 2,000, flat amount: 4.00",
                "above 2,000: 500 x 0 = 0.00",
                "above 2,000, flat amount: 5.00",
            ],
        ),
        (
            {"type": "volume", "tiers": TIERS},
            "2000",
            [
                "all units (above 1,000 up to 2,000): 2,000 x 0 = 0.00",
                "above 1,000 up to 2,000, flat amount: 4.00",
            ],
        ),
        (
            {"type": "volume", "tiers": [{"unit": "2"}]},
            "3",
            ["all units (any quantity): 3 x 2 = 6.00"],
        ),
        (
            {"type": "graduated", "tiers": TIERS, "flat_at_zero": True},
            "0",
            ["up to 1,000, flat amount: 3.00"],
        ),
        (
            {"type": "flat", "amount": "9", "minimum": "9", "maximum": "9"},
            "0",
            ["flat amount: 9.00"],
        ),
        (
            EXAMPLES[4],
            "3105",
            ["packages of 1,000 above 5 free, rounded down: 3 x 0.25 = 0.75"],
        ),
        (EXAMPLES[6], "12", ["up to 10, 1 %: 10 x 0.01 = 0.10", "above 10, 2 %: 2 x 0.02 = 0.04"]),
        (
            {"type": "flat", "amount": "9", "minimum": "10"},
            "0",
            [
                "flat amount: 9.00",
                "raised to the minimum of 10: 1.00",
            ],
        ),
        (
            {"type": "flat", "amount": "9", "maximum": "8.5"},
            "0",
            [
                "flat amount: 9.00",
                "lowered to the maximum of 8.5: -0.50",
            ],
        ),
    ],
)
def test_the_steps_of_a_quantity_read_as_sentences(
    params: dict[str, Any], usage: str, sentences: list[str]
) -> None:
    trace = evaluate(PRICES.parse(params), quantity=Decimal(usage)).trace
    assert list(explain(trace, "USD")[:-1]) == sentences


def test_the_steps_of_events_read_as_sentences() -> None:
    events = [Decimal(100), Decimal(900)]
    percentage = {"type": "percentage", "rate": "1.5", "fixed": "2", "event_max": "10"}
    assert explain(evaluate(PRICES.parse(percentage), events=events).trace, "USD") == (
        "1.5 % of amounts: 1,000 x 0.015 = 15.00",
        "events: 2 x 2 = 4.00",
        "minimum and maximum of single events: -5.50",
        "sum: 13.50 USD",
    )
    assert explain(evaluate(PRICES.parse({"type": "dynamic"}), events=events).trace, "USD") == (
        "prices of 2 events: 1000.00",
        "sum: 1000.00 USD",
    )


BAD_PARAMETERS: list[tuple[Any, str, str]] = [
    ([], "price", "is wrong"),
    ({}, "price", "needs a `type`"),
    ({"type": "gratis"}, "price", "unknown type 'gratis'; use one of flat, per_unit"),
    ({"type": "flat"}, "price.amount", "is required"),
    ({"type": "flat", "amount": "1", "amuont": "1"}, "price.amuont", "remove it"),
    ({"type": "flat", "amount": 0.5}, "price.amount", "binary number"),
    ({"type": "flat", "amount": "-1"}, "price.amount", "not be below zero"),
    ({"type": "flat", "amount": "1e400"}, "price.amount", "without exponent"),
    ({"type": "flat", "amount": "9" * 10**6}, "price.amount", "20 digits before"),
    ({"type": "flat", "amount": "NaN"}, "price.amount", "plain decimal"),
    ({"type": "flat", "amount": None}, "price.amount", "null"),
    ({"type": "flat", "amount": "1", "minimum": "5", "maximum": "3"}, "price", "lower the minimum"),
    ({"type": "package", "size": "0", "amount": "1"}, "price.size", "above zero"),
    ({"type": "package", "size": "1", "amount": "1", "round": "off"}, "price.round", "up"),
    ({"type": "volume", "tiers": []}, "price.tiers", "at least 1"),
    ({"type": "volume", "tiers": [{}] * 101}, "price.tiers", "at most 100"),
    ({"type": "volume", "tiers": [{"up_to": "5"}]}, "price.tiers", "tier 1, the last, ends at 5"),
    ({"type": "volume", "tiers": [{}, {}]}, "price.tiers", "tier 1 has no `up_to`"),
    (
        {"type": "graduated", "tiers": [{"up_to": "9"}, {"up_to": "9.0"}, {}]},
        "price.tiers",
        "tier 2 ends at 9, not above tier 1",
    ),
    ({"type": "volume", "tiers": [{"up_to": "0"}, {}]}, "price.tiers.0.up_to", "above zero"),
    ({"type": "volume", "tiers": [{"unit": 1.5}]}, "price.tiers.0.unit", "binary number"),
    ({"type": "volume", "tiers": [{"rate": "1"}]}, "price.tiers.0.rate", "remove it"),
    ({"type": "percentage", "rate": "1", "free_events": -1}, "price.free_events", "greater"),
    (
        {"type": "percentage", "rate": "1", "event_min": "2", "event_max": "1"},
        "price",
        "lower event_min",
    ),
]


@pytest.mark.parametrize(("params", "field", "message"), BAD_PARAMETERS, ids=lambda v: None)
def test_bad_parameters_name_the_field_and_the_remedy(
    params: Any, field: str, message: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        PRICES.parse(params)
    assert (caught.value.code, caught.value.field) == ("invalid_price", field)
    assert caught.value.message.startswith(f"{field} ")
    assert message in caught.value.message
    assert len(caught.value.message) < 400


def test_a_price_is_immutable() -> None:
    price = PRICES.parse({"type": "flat", "amount": "1"})
    with pytest.raises(ValueError, match="frozen"):
        price.minimum = Decimal(1)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("params", "inputs", "code", "field"),
    [
        (EXAMPLES[1], {"events": [Decimal(1)]}, "quantity_required", "quantity"),
        (EXAMPLES[1], {"quantity": Decimal(-1)}, "negative_quantity", "quantity"),
        (EXAMPLES[7], {"quantity": Decimal(1)}, "events_required", "events"),
        (EXAMPLES[7], {"events": [Decimal(1), Decimal(-1)]}, "negative_quantity", "events.1"),
    ],
)
def test_a_price_says_which_input_it_needs(
    params: dict[str, Any], inputs: dict[str, Any], code: str, field: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        evaluate(PRICES.parse(params), **inputs)
    assert (caught.value.code, caught.value.field) == (code, field)


class Squared(QuantityPrice):
    """A price as a plugin would bring it."""

    type: Literal["squared"] = "squared"
    unit: Amount

    def steps(self, quantity: Decimal) -> list[Step]:
        return [Step.times("squared units", quantity * quantity, self.unit)]


class OtherFlat(Flat):
    """A price that takes the name of another."""


def test_a_plugin_brings_a_price_of_its_own() -> None:
    prices: Registry[Price] = Registry("price", [*BUILT_IN_PRICES, Squared])
    price = prices.parse({"type": "squared", "unit": "0.5", "maximum": "10"})
    assert evaluate(price, quantity=Decimal(3)).exact == Decimal("4.5")
    assert "Squared" in prices.json_schema()["$defs"]


def test_two_prices_of_one_name_are_refused_by_their_names() -> None:
    with pytest.raises(Conflict, match=r"flat\.Flat and .*OtherFlat") as caught:
        Registry[Price]("price", [*BUILT_IN_PRICES, OtherFlat])
    assert caught.value.code == "duplicate_type"

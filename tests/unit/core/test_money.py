"""Money: exact, one currency at a time, and nothing lost in a split."""

from __future__ import annotations

from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_hub_core.currencies import CURRENCY_DIGITS
from atlas_hub_core.errors import CurrencyMismatch, InvalidInput
from atlas_hub_core.money import (
    Money,
    allocate,
    format_amount,
    from_minor_units,
    round_half_up,
    to_minor_units,
    total,
)

CURRENCIES = st.sampled_from(sorted(CURRENCY_DIGITS))
WEIGHTS = [Decimal("1234567.1"), Decimal("7654321.23")]
UNITS = st.integers(-(10**15), 10**15)


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [
        ("8.708561", "USD", "8.71"),
        ("6.1329975", "USD", "6.13"),
        ("0.005", "USD", "0.01"),
        ("-0.005", "USD", "-0.01"),
        ("0.00499999999999999999999999999999", "USD", "0.00"),
        ("2.675", "EUR", "2.68"),
        ("0.5", "JPY", "1"),
        ("1.0005", "KWD", "1.001"),
        ("12345678901234567890123456789.125", "USD", "12345678901234567890123456789.13"),
    ],
)
def test_rounding_is_half_up_to_the_digits_of_the_currency(
    amount: str, currency: str, rounded: str
) -> None:
    assert str(round_half_up(Decimal(amount), currency)) == rounded
    assert Money(Decimal(amount), currency).rounded() == Money(Decimal(rounded), currency)


def test_arithmetic_is_exact_whatever_context_the_caller_has() -> None:
    with localcontext(prec=2):
        assert usd("1000000.01") + usd("0.001") == usd("1000000.011")
        assert usd("1000000.01") - usd("0.001") == usd("1000000.009")
        assert -usd("123.45") == usd("-123.45")
        assert total([usd("0.1")] * 3, "USD") == usd("0.3")
        assert to_minor_units(Decimal("1234567.89"), "USD") == 123456789
        assert from_minor_units(123456789, "USD") == Decimal("1234567.89")
        assert sum(to_minor_units(p, "JPY") for p in allocate(Decimal(9), WEIGHTS, "JPY")) == 9
    assert total([], "JPY") == Money(Decimal(0), "JPY")


def test_comparison_is_by_amount() -> None:
    assert usd("1") < usd("2") <= usd("2.00") == usd("2")
    assert not usd("2") < usd("2.00")
    assert not usd("2.01") <= usd("2")


@pytest.mark.parametrize("operator", ["__add__", "__sub__", "__lt__", "__le__"])
def test_two_currencies_never_mix(operator: str) -> None:
    with pytest.raises(CurrencyMismatch, match=r"1\.00 USD and 1\.00 EUR") as caught:
        getattr(usd("1"), operator)(Money(Decimal(1), "EUR"))
    assert caught.value.code == "currency_mismatch"


@pytest.mark.parametrize("amount", [1.5, 1, "1", None])
def test_money_takes_decimals_only(amount: Any) -> None:
    with pytest.raises(TypeError, match="Decimal"):
        Money(amount, "USD")


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity", "sNaN"])
def test_money_is_finite(amount: str) -> None:
    with pytest.raises(ValueError, match="finite"):
        Money(Decimal(amount), "USD")


@pytest.mark.parametrize("currency", ["usd", "XXX", "", "US", "DOLLAR"])
def test_unknown_currency_is_refused(currency: str) -> None:
    with pytest.raises(InvalidInput, match="ISO 4217") as caught:
        Money(Decimal(1), currency)
    assert (caught.value.code, caught.value.field) == ("unknown_currency", "currency")


@pytest.mark.parametrize(("currency", "units"), [("JPY", 5), ("USD", 500), ("KWD", 5000)])
def test_minor_units_follow_the_digits_of_the_currency(currency: str, units: int) -> None:
    assert to_minor_units(Decimal(5), currency) == units
    assert str(from_minor_units(1234, "USD")) == "12.34"


@given(units=UNITS, currency=CURRENCIES)
def test_minor_units_come_back(units: int, currency: str) -> None:
    assert to_minor_units(from_minor_units(units, currency), currency) == units


def test_minor_units_of_an_unrounded_amount_are_refused() -> None:
    with pytest.raises(InvalidInput, match="Round it first") as caught:
        to_minor_units(Decimal("0.001"), "USD")
    assert caught.value.code == "fraction_of_minor_unit"


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("49", "USD", "49.00"),
        ("5.0000000", "USD", "5.00"),
        ("8.708561", "USD", "8.708561"),
        ("1E+3", "JPY", "1000"),
        ("0", "KWD", "0.000"),
        ("1000000000000000000000000000000.1", "USD", "1000000000000000000000000000000.10"),
    ],
)
def test_amounts_are_written_with_at_least_the_digits_of_the_currency(
    amount: str, currency: str, text: str
) -> None:
    assert format_amount(Decimal(amount), currency) == text


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        ("0.05", "3 7", "0.02 0.03"),
        ("0.10", "1 2", "0.03 0.07"),
        ("1.00", "1 1 1", "0.34 0.33 0.33"),
        ("-1.00", "1 1 1", "-0.33 -0.33 -0.34"),
        ("0.02", "1 1 1 0", "0.01 0.01 0.00 0.00"),
        ("1.90", "20 -1", "2.00 -0.10"),
        ("1.00", "-1 -3", "0.25 0.75"),
        ("10.00", "0.0000001 0.0000003", "2.50 7.50"),
        ("0.00", "0 0", "0.00 0.00"),
        ("0.00", "", ""),
    ],
)
def test_allocation_by_largest_remainder(amount: str, weights: str, parts: str) -> None:
    split = allocate(Decimal(amount), [Decimal(weight) for weight in weights.split()], "USD")
    assert " ".join(map(str, split)) == parts


@pytest.mark.parametrize("weights", [[], [Decimal(0)], [Decimal(1), Decimal(-1)]])
def test_an_amount_is_never_lost_for_want_of_weights(weights: list[Decimal]) -> None:
    with pytest.raises(InvalidInput) as caught:
        allocate(Decimal(1), weights, "USD")
    assert caught.value.code == "nothing_to_allocate_to"


@given(
    units=UNITS,
    currency=CURRENCIES,
    weights=st.lists(
        st.decimals(min_value=0, max_value=10**9, places=4), min_size=1, max_size=20
    ).filter(any),
)
def test_parts_sum_to_the_whole_and_none_is_off_by_a_unit(
    units: int, currency: str, weights: list[Decimal]
) -> None:
    amount = from_minor_units(units, currency)
    parts = allocate(amount, weights, currency)
    assert sum(to_minor_units(part, currency) for part in parts) == units
    for part, weight in zip(parts, weights, strict=True):
        # |part - units * weight / sum| < 1, without division.
        error = to_minor_units(part, currency) * sum(weights) - units * weight
        assert abs(error) < sum(weights)

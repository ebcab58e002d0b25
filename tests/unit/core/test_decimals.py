"""Decimals as untrusted text, and division."""

from __future__ import annotations

from decimal import Decimal, Inexact, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_hub_core.decimals import (
    divide,
    exact,
    format_decimal,
    format_grouped,
    parse_decimal,
)
from atlas_hub_core.errors import InvalidInput


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0.25", "0.25"),
        ("-12.50", "-12.5"),
        ("007", "7"),
        ("-0", "0"),
        (12, "12"),
        (-(10**20) + 1, "-99999999999999999999"),
        (Decimal("1E+3"), "1000"),
        (Decimal("5E-7"), "0.0000005"),
        ("9" * 20 + "." + "9" * 30, "9" * 20 + "." + "9" * 30),
    ],
)
def test_plain_numbers_are_read_and_written_canonically(value: object, text: str) -> None:
    assert format_decimal(parse_decimal(value)) == text


@pytest.mark.parametrize(
    "value",
    [
        "",
        " 1",
        "1 ",
        "1\n",
        "+1",
        "1e3",
        "1E400",
        ".5",
        "5.",
        "1,000",
        "1_000",
        "0x10",
        "NaN",
        "-Infinity",
        "٣",
        "9" * 21,
        "0." + "1" * 31,
        "1" * 1_000_000,
        10**20,
        10**1_000_000,
        Decimal("1E+400"),
        Decimal("1E-400"),
        Decimal("1E+999999"),
        Decimal("NaN"),
        Decimal("sNaN"),
        True,
        None,
        [],
        {},
        b"1",
    ],
    ids=lambda value: f"{type(value).__name__}",
)
def test_anything_else_is_refused_by_name_and_with_a_remedy(value: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_decimal(value, field="price.unit")
    assert (caught.value.code, caught.value.field) == ("invalid_decimal", "price.unit")
    assert caught.value.message.startswith("price.unit is not a plain decimal number")
    assert len(caught.value.message) < 300


@pytest.mark.parametrize("value", [0.1, float("nan"), float("inf"), 1e400])
def test_floats_are_refused_with_the_reason(value: float) -> None:
    with pytest.raises(InvalidInput, match="binary number"):
        parse_decimal(value)


NUMBERS = st.decimals(min_value=-(10**19), max_value=10**19, places=20)


@given(NUMBERS)
def test_what_is_written_is_read_as_the_same_number(number: Decimal) -> None:
    assert parse_decimal(format_decimal(number)) == number


@given(NUMBERS, NUMBERS.filter(bool), st.integers(0, 25))
def test_a_quotient_is_within_half_a_unit_of_the_last_place(
    dividend: Decimal, divisor: Decimal, digits: int
) -> None:
    with localcontext(prec=3):
        quotient = divide(dividend, divisor, digits=digits)
    true = Fraction(dividend) / Fraction(divisor)
    assert abs(Fraction(quotient) - true) <= Fraction(1, 2 * 10**digits)
    assert quotient.as_tuple().exponent == -digits


@pytest.mark.parametrize(
    ("dividend", "divisor", "quotient"),
    [("1", "8", "0.13"), ("-1", "8", "-0.13"), ("1", "-8", "-0.13"), ("1", "3", "0.33")],
)
def test_halves_of_a_quotient_go_away_from_zero(dividend: str, divisor: str, quotient: str) -> None:
    assert divide(Decimal(dividend), Decimal(divisor), digits=2) == Decimal(quotient)


def test_a_result_that_would_be_rounded_is_an_error() -> None:
    @exact
    def third() -> Decimal:
        return Decimal(1) / 3

    with pytest.raises(Inexact):
        third()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "0"),
        ("999", "999"),
        ("1000", "1,000"),
        ("10000000.00", "10,000,000"),
        ("-1234.5", "-1,234.5"),
        ("-0.12345", "-0.12345"),
        ("123456.654321", "123,456.654321"),
    ],
)
def test_people_read_thousands_in_groups(value: str, text: str) -> None:
    assert format_grouped(Decimal(value)) == text

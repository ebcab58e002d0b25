"""Invoices: every sum is exact by construction, and states move one way."""

from __future__ import annotations

from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_hub_core.errors import Conflict, CurrencyMismatch, InvalidInput
from atlas_hub_core.invoices import (
    InvoiceStatus,
    NetLine,
    TaxRate,
    Totals,
    add_up,
    transition,
)
from atlas_hub_core.money import Money, from_minor_units, to_minor_units

VAT = TaxRate("VAT", Decimal(19))
REDUCED = TaxRate("VAT", Decimal(7))


def line(amount: str, rate: TaxRate | None = None, currency: str = "EUR") -> NetLine:
    return NetLine(Money(Decimal(amount), currency), rate)


def shown(totals: Totals) -> str:
    sums = (totals.subtotal, totals.discount, totals.tax, totals.total, totals.amount_due)
    return " ".join(str(money.amount) for money in sums)


def test_without_tax_the_lines_are_the_total() -> None:
    totals = add_up([line(amount) for amount in ("49.00", "8.71", "6.13", "5.00")], "EUR")
    assert shown(totals) == "68.84 0 0 68.84 68.84"
    assert totals.taxes == ()


def test_an_empty_invoice_is_zero() -> None:
    assert shown(add_up([], "EUR")) == "0 0 0 0 0"


def test_tax_is_rounded_once_per_rate_and_handed_back_to_lines() -> None:
    """Three times 0.03 at 19 % is 0.0171, so 0.02; line by line it would be 0.03."""
    totals = add_up([line("0.03", VAT)] * 3 + [line("0.10", REDUCED), line("1.00")], "EUR")
    assert shown(totals) == "1.19 0 0.03 1.22 1.22"
    assert [(str(t.rate.percent), str(t.base), str(t.amount)) for t in totals.taxes] == [
        ("19", "0.09 EUR", "0.02 EUR"),
        ("7", "0.10 EUR", "0.01 EUR"),
    ]
    assert [str(tax.amount) for tax in totals.line_taxes] == ["0.01", "0.01", "0.00", "0.01", "0"]


def test_credits_lower_the_tax_base() -> None:
    totals = add_up([line("20.00", VAT), line("-10.00", VAT)], "EUR")
    assert shown(totals) == "10.00 0 1.90 11.90 11.90"
    assert [str(tax.amount) for tax in totals.line_taxes] == ["3.80", "-1.90"]


def test_halves_of_tax_go_up() -> None:
    assert (
        shown(add_up([line("0.50", TaxRate("GST", Decimal(5)))], "EUR")) == "0.50 0 0.03 0.53 0.53"
    )


RATES = st.sampled_from([None, VAT, REDUCED, TaxRate("city", Decimal("8.875"))])


@given(
    st.lists(st.tuples(st.integers(-(10**9), 10**9), RATES), max_size=12),
    st.sampled_from(["EUR", "JPY", "KWD"]),
)
def test_sums_hold_without_tolerance(rows: list[tuple[int, TaxRate | None]], currency: str) -> None:
    lines = [NetLine(Money(from_minor_units(units, currency), currency), r) for units, r in rows]
    totals = add_up(lines, currency)

    def units(money: Money) -> int:
        return to_minor_units(money.amount, currency)

    assert units(totals.subtotal) == sum(row[0] for row in rows)
    assert units(totals.tax) == sum(map(units, totals.line_taxes))
    assert units(totals.tax) == sum(units(tax.amount) for tax in totals.taxes)
    assert units(totals.total) == units(totals.subtotal) + units(totals.tax)
    for tax in totals.taxes:
        of_rate = [
            units(t)
            for t, (_, rate) in zip(totals.line_taxes, rows, strict=True)
            if rate == tax.rate
        ]
        assert sum(of_rate) == units(tax.amount)
        assert abs(units(tax.amount) - units(tax.base) * tax.rate.percent / 100) <= Decimal("0.5")
    assert all(
        tax.amount == 0
        for tax, (_, rate) in zip(totals.line_taxes, rows, strict=True)
        if rate is None
    )


def test_lines_of_another_currency_are_refused() -> None:
    with pytest.raises(CurrencyMismatch):
        add_up([line("1.00"), line("1.00", currency="USD")], "EUR")


def test_a_line_that_is_not_rounded_is_refused() -> None:
    with pytest.raises(InvalidInput) as caught:
        line("1.001")
    assert caught.value.code == "fraction_of_minor_unit"


@pytest.mark.parametrize("percent", ["-1", "100.01"])
def test_tax_rates_lie_between_zero_and_a_hundred(percent: str) -> None:
    with pytest.raises(InvalidInput, match=f"'VAT' has a rate of {percent} %") as caught:
        TaxRate("VAT", Decimal(percent))
    assert (caught.value.code, caught.value.field) == ("invalid_tax_rate", "percent")


@pytest.mark.parametrize(("percent", "tax"), [("0", "0.00"), ("0.5", "0.50"), ("100", "100.00")])
def test_the_ends_of_the_range_are_tax_rates(percent: str, tax: str) -> None:
    totals = add_up([line("100.00", TaxRate("VAT", Decimal(percent)))], "EUR")
    assert str(totals.tax.amount) == tax


LEGAL = {
    ("draft", "open"),
    ("open", "paid"),
    ("open", "void"),
    ("open", "uncollectible"),
    ("uncollectible", "paid"),
    ("uncollectible", "void"),
}


@pytest.mark.parametrize(("current", "target"), list(product(InvoiceStatus, InvoiceStatus)))
def test_only_legal_transitions_happen(current: InvoiceStatus, target: InvoiceStatus) -> None:
    if (current, target) in LEGAL:
        assert transition(current, target) is target
    else:
        with pytest.raises(Conflict) as caught:
            transition(current, target)
        assert (caught.value.code, caught.value.field) == ("invalid_transition", "status")


def test_a_refused_transition_says_what_is_possible() -> None:
    with pytest.raises(
        Conflict, match="is paid and cannot become void; it can become nothing else"
    ):
        transition(InvoiceStatus.PAID, InvoiceStatus.VOID)
    with pytest.raises(Conflict, match="can become paid or void or uncollectible"):
        transition(InvoiceStatus.OPEN, InvoiceStatus.DRAFT)

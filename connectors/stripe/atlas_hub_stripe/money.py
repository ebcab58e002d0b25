"""Amounts in Stripe's units, which are not those of ISO 4217 for every currency."""

from decimal import Decimal
from typing import Final

from atlas_hub.sdk import Rejected
from atlas_hub_core.currencies import digits_of
from atlas_hub_core.decimals import EXACT
from atlas_hub_core.money import format_amount

DIFFERENT: Final = {"ISK": 2, "UGX": 2, "MGA": 0}
"""Decimals at Stripe, where they are not the currency's own."""


def to_stripe(amount: Decimal, currency: str) -> int:
    """Return an amount in major units as Stripe's whole number: 12.34 USD is 1234, 5 JPY is 5.

    Raises:
        Rejected: With code `amount_not_payable`, if Stripe cannot express it.
    """
    units = amount.scaleb(_digits(currency), EXACT)
    if units != units.to_integral_value():
        message = (
            f"Stripe cannot bill {format_amount(amount, currency)} {currency}: it counts {currency}"
            f" in steps of {smallest(currency)}. Void the invoice and bill a rounded amount."
        )
        raise Rejected(message, code="amount_not_payable", field="amount")
    return int(units)


def from_stripe(units: int, currency: str) -> Decimal:
    """Return Stripe's whole number in major units."""
    return Decimal(units).scaleb(-_digits(currency), EXACT)


def smallest(currency: str) -> Decimal:
    """Return the smallest step in which Stripe counts a currency, in major units."""
    return Decimal(1).scaleb(-_digits(currency))


def check_chargeable(amount: Decimal, currency: str) -> None:
    """Refuse a total that no card can be charged with.

    Of currencies with three decimals, networks take only two: the last digit must be zero.

    Raises:
        Rejected: With code `amount_not_payable`.
    """
    units = to_stripe(amount, currency)
    if _digits(currency) == 3 and units % 10:
        message = (
            f"Stripe charges {currency} in steps of 0.01, and the total is {amount} {currency}. "
            "Void the invoice and bill a total whose third decimal is zero."
        )
        raise Rejected(message, code="amount_not_payable", field="amount_due")


def _digits(currency: str) -> int:
    return DIFFERENT.get(currency, digits_of(currency))

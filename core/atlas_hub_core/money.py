"""Money: an exact decimal amount of one currency, in major units."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, Inexact

from atlas_hub_core.currencies import digits_of
from atlas_hub_core.decimals import EXACT, ZERO, format_decimal
from atlas_hub_core.errors import CurrencyMismatch, InvalidInput

_ROUNDING = EXACT.copy()
_ROUNDING.traps[Inexact] = False  # rounding drops digits by design


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount of one currency.

    Attributes:
        amount: Decimal in major units, of any precision. Anything else raises TypeError.
        currency: ISO 4217 code, such as `USD`.
    """

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal):
            raise TypeError(f"Money takes a Decimal, not {type(self.amount).__name__}.")
        if not self.amount.is_finite():
            raise ValueError(f"Money takes a finite amount, not {self.amount}.")
        digits_of(self.currency)

    def __add__(self, other: Money) -> Money:
        return Money(EXACT.add(self.amount, self._same(other)), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(EXACT.subtract(self.amount, self._same(other)), self.currency)

    def __neg__(self) -> Money:
        return Money(EXACT.minus(self.amount), self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other)

    def __str__(self) -> str:
        return f"{format_amount(self.amount, self.currency)} {self.currency}"

    def _same(self, other: Money) -> Decimal:
        if other.currency != self.currency:
            raise CurrencyMismatch(
                f"{self} and {other} are amounts of two currencies. Bill each currency on its own."
            )
        return other.amount

    def rounded(self) -> Money:
        """Return the amount rounded half up to the currency's digits."""
        return Money(round_half_up(self.amount, self.currency), self.currency)


def total(amounts: Iterable[Money], currency: str) -> Money:
    """Return the exact sum; nothing sums to zero of `currency`."""
    return sum(amounts, start=Money(ZERO, currency))


def round_half_up(amount: Decimal, currency: str) -> Decimal:
    """Round to the currency's digits, halves away from zero."""
    return amount.quantize(Decimal(1).scaleb(-digits_of(currency)), ROUND_HALF_UP, _ROUNDING)


def format_amount(amount: Decimal, currency: str) -> str:
    """Write an amount plainly, with at least the currency's digits and no zeros beyond them."""
    whole, _, fraction = format_decimal(amount).partition(".")
    digits = digits_of(currency)
    return f"{whole}.{fraction.ljust(digits, '0')}" if digits or fraction else whole


def to_minor_units(amount: Decimal, currency: str) -> int:
    """Return the amount in the currency's smallest unit: 12.34 USD is 1234, 5 JPY is 5.

    Raises:
        InvalidInput: With code `fraction_of_minor_unit`, if the amount is not a whole number.
    """
    units = amount.scaleb(digits_of(currency), EXACT)
    if units != units.to_integral_value():
        raise InvalidInput(
            f"{amount} {currency} has more decimals than {currency} can pay. Round it first.",
            code="fraction_of_minor_unit",
        )
    return int(units)


def from_minor_units(units: int, currency: str) -> Decimal:
    """Return the amount in major units: 1234 of USD is 12.34."""
    return Decimal(units).scaleb(-digits_of(currency), EXACT)


def allocate(amount: Decimal, weights: Sequence[Decimal], currency: str) -> tuple[Decimal, ...]:
    """Split a rounded amount in proportion to weights; the parts sum to the amount exactly.

    Each part is rounded down, then the units left over go, one each, to the parts that lost most
    (largest remainder; of equals, to the first). Weights may be negative, as credit lines are.

    Raises:
        InvalidInput: With code `fraction_of_minor_unit`, if the amount is not rounded, or
            `nothing_to_allocate_to`, if the weights sum to zero and the amount is not zero.
    """
    units = to_minor_units(amount, currency)
    shares = _whole_numbers(weights)
    whole = sum(shares)
    if units == 0:
        return tuple(from_minor_units(0, currency) for _ in weights)
    if whole == 0:
        raise InvalidInput(
            f"{amount} {currency} cannot be split: the weights sum to zero.",
            code="nothing_to_allocate_to",
        )
    if whole < 0:
        shares, whole = [-share for share in shares], -whole
    floors, remainders = zip(*(divmod(units * share, whole) for share in shares), strict=True)
    parts = list(floors)
    by_loss = sorted(range(len(parts)), key=lambda index: -remainders[index])
    for index in by_loss[: units - sum(parts)]:
        parts[index] += 1
    return tuple(from_minor_units(part, currency) for part in parts)


def _whole_numbers(weights: Sequence[Decimal]) -> list[int]:
    """Scale weights by one power of ten, so that all are whole."""
    places = max((-_exponent(weight) for weight in weights), default=0)
    return [int(weight.scaleb(max(places, 0), EXACT)) for weight in weights]


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):
        raise TypeError(f"{value} is no amount.")
    return exponent

"""Invoices: how lines add up, and which way a state may go.

Lines are rounded before they are added, so every sum on an invoice is exact by construction. Tax
is due per rate on the sum of the net lines under it, rounded once, and then handed back to the
lines by largest remainder: what the lines say is always what the invoice says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from atlas_hub_core.decimals import ZERO, exact, format_decimal
from atlas_hub_core.errors import Conflict, InvalidInput
from atlas_hub_core.money import Money, allocate, round_half_up, to_minor_units, total


class InvoiceStatus(StrEnum):
    """The state of an invoice; its content never changes after draft."""

    DRAFT = "draft"
    OPEN = "open"
    PAID = "paid"
    VOID = "void"
    UNCOLLECTIBLE = "uncollectible"


TRANSITIONS: dict[InvoiceStatus, tuple[InvoiceStatus, ...]] = {
    InvoiceStatus.DRAFT: (InvoiceStatus.OPEN,),
    InvoiceStatus.OPEN: (InvoiceStatus.PAID, InvoiceStatus.VOID, InvoiceStatus.UNCOLLECTIBLE),
    InvoiceStatus.UNCOLLECTIBLE: (InvoiceStatus.PAID, InvoiceStatus.VOID),
    InvoiceStatus.PAID: (),
    InvoiceStatus.VOID: (),
}
"""Where each state may lead."""


def transition(current: InvoiceStatus, target: InvoiceStatus) -> InvoiceStatus:
    """Return the target state, if the current one may lead there.

    Raises:
        Conflict: With code `invalid_transition`.
    """
    if target in TRANSITIONS[current]:
        return target
    possible = " or ".join(TRANSITIONS[current]) or "nothing else"
    raise Conflict(
        f"The invoice is {current} and cannot become {target}; it can become {possible}.",
        code="invalid_transition",
        field="status",
    )


@dataclass(frozen=True, slots=True)
class TaxRate:
    """A tax.

    Attributes:
        name: What the invoice calls it, such as `VAT`.
        percent: 19 is 19 %.
    """

    name: str
    percent: Decimal

    def __post_init__(self) -> None:
        if not 0 <= self.percent <= 100:
            raise InvalidInput(
                f"Tax {self.name!r} has a rate of {format_decimal(self.percent)} %. "
                "Choose one from 0 to 100.",
                code="invalid_tax_rate",
                field="percent",
            )


@dataclass(frozen=True, slots=True)
class NetLine:
    """What an invoice needs to know of a line: its rounded net amount and its tax, if any.

    An amount that is not rounded raises InvalidInput with code `fraction_of_minor_unit`.
    """

    amount: Money
    tax_rate: TaxRate | None = None

    def __post_init__(self) -> None:
        to_minor_units(self.amount.amount, self.amount.currency)


@dataclass(frozen=True, slots=True)
class TaxTotal:
    """The tax of one rate: its base, and the amount, rounded once."""

    rate: TaxRate
    base: Money
    amount: Money


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of an invoice.

    Attributes:
        subtotal: Sum of the net lines.
        discount: What is taken off them; none yet.
        taxes: One total per rate, in the order in which rates first appear on lines.
        line_taxes: The tax of each line; they sum to `tax`.
        tax: Sum of `taxes`.
        total: subtotal - discount + tax.
        amount_due: What is left to pay of the total.
    """

    subtotal: Money
    discount: Money
    taxes: tuple[TaxTotal, ...]
    line_taxes: tuple[Money, ...]
    tax: Money
    total: Money
    amount_due: Money


def add_up(lines: Sequence[NetLine], currency: str) -> Totals:
    """Add up the lines of an invoice.

    Raises:
        CurrencyMismatch: If a line is in another currency.
    """
    subtotal = total((line.amount for line in lines), currency)
    discount = Money(ZERO, currency)
    line_taxes = [Money(ZERO, currency)] * len(lines)
    taxes: list[TaxTotal] = []
    for rate in dict.fromkeys(line.tax_rate for line in lines if line.tax_rate is not None):
        indexes = [index for index, line in enumerate(lines) if line.tax_rate == rate]
        nets = [lines[index].amount for index in indexes]
        tax = _tax(rate, total(nets, currency))
        taxes.append(tax)
        shares = allocate(tax.amount.amount, [net.amount for net in nets], currency)
        for index, share in zip(indexes, shares, strict=True):
            line_taxes[index] = Money(share, currency)
    tax_sum = total((tax.amount for tax in taxes), currency)
    gross = subtotal - discount + tax_sum
    return Totals(
        subtotal, discount, tuple(taxes), tuple(line_taxes), tax_sum, gross, amount_due=gross
    )


@exact
def _tax(rate: TaxRate, base: Money) -> TaxTotal:
    amount = round_half_up(base.amount * rate.percent.scaleb(-2), base.currency)
    return TaxTotal(rate, base, Money(amount, base.currency))

"""Exact decimal arithmetic, and decimals as untrusted text.

Numbers that enter the core have at most 20 digits before the point and 30 after it. So every sum
and product the core forms fits into the digits of `EXACT`, which raises rather than rounds. The
one operation that cannot be exact, division, is `divide`, and it says where it rounds.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import (
    ROUND_HALF_UP,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
    localcontext,
)
from fractions import Fraction
from functools import wraps
from math import floor
from typing import ParamSpec, TypeVar

from atlas_hub_core.errors import InvalidInput

MAX_INTEGER_DIGITS = 20
MAX_FRACTION_DIGITS = 30
DIVISION_DIGITS = 20
ZERO = Decimal(0)

EXACT = Context(
    prec=200,
    rounding=ROUND_HALF_UP,
    traps=[InvalidOperation, DivisionByZero, Overflow, Inexact],
)
"""The context of all core arithmetic: a result that would have to be rounded is an error."""

PLAIN_NUMBER = rf"-?[0-9]{{1,{MAX_INTEGER_DIGITS}}}(\.[0-9]{{1,{MAX_FRACTION_DIGITS}}})?"
"""How a number looks as text; Python and PostgreSQL read this pattern alike."""

_PLAIN = re.compile(PLAIN_NUMBER)
_LIMIT = 10**MAX_INTEGER_DIGITS

P = ParamSpec("P")
R = TypeVar("R")


def exact(function: Callable[P, R]) -> Callable[P, R]:
    """Run a function under `EXACT`, whatever decimal context its caller has set."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with localcontext(EXACT):
            return function(*args, **kwargs)

    return run


def divide(dividend: Decimal, divisor: Decimal, *, digits: int = DIVISION_DIGITS) -> Decimal:
    """Return the quotient rounded half up to `digits` decimal places.

    It is rounded once, from the exact fraction, so no digit is rounded twice.
    """
    scaled = abs(Fraction(dividend) / Fraction(divisor)) * 10**digits
    whole = floor(scaled + Fraction(1, 2))
    negative = (dividend < 0) != (divisor < 0)
    return Decimal(-whole if negative else whole).scaleb(-digits, EXACT)


def parse_decimal(value: object, *, field: str | None = None) -> Decimal:
    """Read a decimal from untrusted input: a plain decimal string, an integer or a Decimal.

    Args:
        value: What came in. Floats are refused: they have lost the digits that were written.
        field: Name of the field, for the message.

    Raises:
        InvalidInput: With code `invalid_decimal`, if it is no finite number in plain notation
            within 20 digits before and 30 after the point.
    """
    name = field or "value"
    text = as_plain_text(value)
    if text is not None and _PLAIN.fullmatch(text):
        return Decimal(text)
    if isinstance(value, float):
        problem = "was sent as a binary number, which cannot hold every decimal exactly"
    else:
        problem = f"is not a plain decimal number: {_shown(value)}"
    raise InvalidInput(
        f'{name} {problem}. Write it as a decimal string such as "0.25", without exponent, with '
        f"at most {MAX_INTEGER_DIGITS} digits before and {MAX_FRACTION_DIGITS} after the point.",
        code="invalid_decimal",
        field=field,
    )


def as_plain_text(value: object) -> str | None:
    """Return how a string, integer or Decimal reads without exponent, or None if it cannot.

    PostgreSQL writes the numbers of a `jsonb` value the same way. Numbers that are far too large
    or small are refused before they are written out.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return str(value) if -_LIMIT < value < _LIMIT else None
    if isinstance(value, Decimal) and value.is_finite():
        bounded = abs(value.adjusted()) < MAX_INTEGER_DIGITS + MAX_FRACTION_DIGITS
        return format(value, "f") if bounded else None
    return None


def parse_plain(text: str) -> Decimal | None:
    """Return the number that a text writes plainly, or None if it writes none."""
    return Decimal(text) if _PLAIN.fullmatch(text) else None


def format_decimal(value: Decimal) -> str:
    """Write a decimal in its one canonical form: plain, no exponent, no trailing zeros, no -0."""
    text = format(value, "f") if value else "0"
    return text.rstrip("0").rstrip(".") if "." in text else text


def format_grouped(value: Decimal) -> str:
    """Write a decimal for people: canonical, with commas between thousands."""
    whole, point, fraction = format_decimal(value).partition(".")
    return re.sub(r"(?<=[0-9])(?=(?:[0-9]{3})+$)", ",", whole) + point + fraction


def _shown(value: object) -> str:
    if not isinstance(value, str):
        return f"a value of type {type(value).__name__}" if value is not None else "null"
    return repr(value if len(value) <= 40 else value[:40] + "...")

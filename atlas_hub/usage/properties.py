"""Properties of events: read exactly, kept as they were sent, compared by value."""

from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

from atlas_hub_core.decimals import EXACT
from atlas_hub_core.errors import InvalidInput

MAX_DEPTH: Final = 32
MAX_DIGITS: Final = 100
"""Digits a number may have before the point, and after it."""

_LIMIT: Final = 10**MAX_DIGITS


def read_number(text: str) -> int | Decimal:
    """Return the number that JSON text writes; equal numbers come back as equal objects.

    Raises:
        ValueError: It has more digits than `MAX_DIGITS` before or after the point.
    """
    try:
        number = Decimal(text)
    except InvalidOperation:  # an exponent beyond every bound
        raise ValueError(_TOO_LARGE) from None
    if not number:
        return 0
    exponent = number.as_tuple().exponent
    if isinstance(exponent, str) or exponent < -MAX_DIGITS or number.adjusted() >= MAX_DIGITS:
        raise ValueError(_TOO_LARGE)
    number = number.normalize(EXACT)
    return int(number) if number == number.to_integral_value() else number


_TOO_LARGE: Final = f"is a number of more than {MAX_DIGITS} digits before or after the point"
_DECODER: Final = msgspec.json.Decoder(dict[str, Any], float_hook=read_number)


def decode(raw: bytes | str) -> dict[str, Any]:
    """Return stored or sent properties as values: numbers are int or Decimal, never float."""
    return _DECODER.decode(raw)


def check(value: Any, path: str, depth: int = 1) -> None:
    """Raise `InvalidInput`, naming the path, if PostgreSQL could not hold a value exactly."""
    if isinstance(value, str):
        check_text(value, path)
    elif isinstance(value, int):
        if not -_LIMIT < value < _LIMIT:
            raise number_too_large(path)
    elif isinstance(value, dict):
        _check_depth(path, depth)
        for name, member in value.items():
            check_text(name, path)
            check(member, f"{path}.{name}", depth + 1)
    elif isinstance(value, list):
        _check_depth(path, depth)
        for place, element in enumerate(value):
            check(element, f"{path}.{place}", depth + 1)


def check_text(text: str, path: str) -> None:
    """Raise `InvalidInput` for NUL, or for half a surrogate pair."""
    halves = () if text.isascii() else (each for each in text if "\ud800" <= each <= "\udfff")
    if "\0" in text or any(halves):
        raise InvalidInput(
            f"{path} holds NUL or half a surrogate pair, which cannot be stored. Remove it.",
            code="invalid_text",
            field=path,
        )


def number_too_large(path: str) -> InvalidInput:
    """Return the error for a number that is out of bounds."""
    message = f"{path} {_TOO_LARGE}. Send an identifier as a string."
    return InvalidInput(message, code="number_out_of_range", field=path)


def nested_too_deep(path: str) -> InvalidInput:
    """Return the error for lists and objects inside each other without end."""
    message = f"{path} nests deeper than {MAX_DEPTH} levels. Flatten it."
    return InvalidInput(message, code="nested_too_deep", field=path)


def _check_depth(path: str, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise nested_too_deep(path.partition(".")[0])

"""Dates, times and words that say when a subscription starts or ends."""

import re
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import PlainValidator, WithJsonSchema

from atlas_hub_core.errors import InvalidInput
from atlas_hub_core.events import parse_timestamp
from atlas_hub_core.periods import FIRST_YEAR, LAST_YEAR

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME_SCHEMA: Final = {"type": "string", "format": "date-time"}


def _start(value: Any) -> date | datetime:
    if isinstance(value, str) and _DATE.fullmatch(value):
        return _date(value)
    return _time(value, "write a date such as 2026-11-01, or a time by RFC 3339")


def _date(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is no day of the calendar. Correct it."
        raise ValueError(InvalidInput(message, code="invalid_date")) from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        message = f"{text} is outside the years {FIRST_YEAR} to {LAST_YEAR}. Choose another start."
        raise ValueError(InvalidInput(message, code="date_out_of_range"))
    return day


def _at(value: Any) -> str | datetime:
    if value in ("now", "period_end"):
        return str(value)
    return _time(value, "write now, period_end, or a time by RFC 3339")


def _time(value: Any, remedy: str) -> datetime:
    if not isinstance(value, str):
        message = f"is not a string; {remedy}"
        raise ValueError(message)  # noqa: TRY004 - pydantic reports no TypeError
    try:
        return parse_timestamp(value, field="time")
    except InvalidInput as error:
        raise ValueError(error) from error


Start = Annotated[
    date | datetime,
    PlainValidator(_start),
    WithJsonSchema({"anyOf": [{"type": "string", "format": "date"}, _TIME_SCHEMA]}),
]
"""A date, to be read in the customer's zone, or an aware time."""

At = Annotated[
    Literal["now", "period_end"] | datetime,
    PlainValidator(_at),
    WithJsonSchema({"anyOf": [{"enum": ["now", "period_end"]}, _TIME_SCHEMA]}),
]
"""`now`, `period_end`, or an aware time."""

"""Usage events, and how their times and property values are read."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from atlas_hub_core.decimals import as_plain_text, parse_plain
from atlas_hub_core.errors import InvalidInput
from atlas_hub_core.periods import FIRST_YEAR, LAST_YEAR

_RFC_3339 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]+)?"
    r"([Zz]|[+-][0-9]{2}:[0-9]{2})?"
)
_LONGEST = 64


@dataclass(frozen=True, slots=True)
class Event:
    """One usage fact.

    Attributes:
        source: Who sent it; an id is unique within its source.
        id: The sender's id of it.
        customer: Reference of the customer who used.
        name: What was used, such as `llm.request`.
        timestamp: When, aware UTC, to the microsecond.
        properties: JSON values by name; numbers are int or Decimal, never float.
    """

    timestamp: datetime
    properties: Mapping[str, Any]
    id: str
    customer: str
    name: str
    source: str = "default"

    @property
    def order(self) -> tuple[datetime, str, str]:
        """The place of the event among others: by time, then id, then source."""
        return self.timestamp, self.id, self.source


def parse_timestamp(text: str, *, field: str = "timestamp") -> datetime:
    """Read an RFC 3339 time; fractions beyond microseconds are cut off, never rounded.

    Raises:
        InvalidInput: With code `naive_timestamp`, if it has no zone, `timestamp_out_of_range`,
            or `invalid_timestamp`.
    """
    match = _RFC_3339.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        raise _invalid(text, field)
    day, clock, fraction, zone = match.groups()
    if zone is None:
        raise InvalidInput(
            f"{field} {text!r} has no time zone. Add Z for UTC or an offset such as +02:00.",
            code="naive_timestamp",
            field=field,
        )
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{(fraction or '')[:7]}{zone.upper()}")
        instant = moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _invalid(text, field) from error
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        raise InvalidInput(
            f"{field} {text!r} is outside the years {FIRST_YEAR} to {LAST_YEAR}. Correct it.",
            code="timestamp_out_of_range",
            field=field,
        )
    return instant


def _invalid(text: str, field: str) -> InvalidInput:
    shown = text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
    return InvalidInput(
        f"{field} {shown!r} is no time. Write it by RFC 3339, such as 2026-11-01T00:00:00Z.",
        code="invalid_timestamp",
        field=field,
    )


def number_in(value: object) -> Decimal | None:
    """Return the number that a property holds: a JSON number, or a string that writes one plainly.

    None if it holds no number or one out of bounds (20 digits before the point, 30 after).

    Raises:
        TypeError: If the value is a float; decode JSON with `parse_float=Decimal`.
    """
    refuse_float(value)
    text = as_plain_text(value)
    return parse_plain(text) if text is not None else None


def identity(value: Any) -> Hashable:
    """Return a key that two JSON values share exactly if they are equal as JSON.

    Numbers are equal by value (1 and 1.0), a number never equals a string or a boolean, and the
    order of an object's members does not matter; just as PostgreSQL compares `jsonb`.
    """
    refuse_float(value)
    if isinstance(value, Mapping):
        return "object", frozenset((name, identity(member)) for name, member in value.items())
    if isinstance(value, list | tuple):
        return "array", tuple(identity(element) for element in value)
    return kind_of(value), value


def kind_of(value: object) -> str:
    """Return the JSON type of a value, named as PostgreSQL's `jsonb_typeof` does."""
    refuse_float(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | Decimal):
        return "number"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, Mapping) else "array"


def refuse_float(value: object) -> None:
    """Raise TypeError for a float: somebody decoded JSON without `parse_float=Decimal`."""
    if isinstance(value, float):
        raise TypeError(f"{value!r} is a float. Decode JSON with parse_float=Decimal.")

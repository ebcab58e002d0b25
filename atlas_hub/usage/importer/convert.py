"""A row becomes an event, as the API takes it."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from atlas_hub.usage import properties
from atlas_hub.usage.importer.options import Options, Property
from atlas_hub.usage.importer.rows import Row
from atlas_hub.usage.importer.times import read_time
from atlas_hub_core.decimals import parse_decimal
from atlas_hub_core.errors import InvalidInput


def to_event(row: Row, options: Options, zone: ZoneInfo | None) -> dict[str, Any]:
    """Return the event of a row.

    Empty cells of properties are left out of the event.

    Raises:
        InvalidInput: what is wrong with the row, naming the column.
    """
    if row.problem is not None:
        raise InvalidInput(f"The row {row.problem}.", code="unreadable_row")
    values = row.values
    return {
        "source": options.source,
        "id": _id(values, options, row),
        "name": options.event_name,
        "customer": options.customer or _required(values, options.customer_column or ""),
        "timestamp": read_time(_required(values, options.timestamp_column), zone)
        .isoformat()
        .replace("+00:00", "Z"),
        "properties": {
            each.name: value
            for each in options.properties
            if (value := _property(values, each)) is not None
        },
    }


def _id(values: dict[str, Any], options: Options, row: Row) -> str:
    return str(row.number) if options.id_column is None else _required(values, options.id_column)


def _required(values: dict[str, Any], column: str) -> str:
    value = values.get(column)
    if value is None or value == "":
        raise InvalidInput(f"Column {column!r} is empty.", code="missing_value", field=column)
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _property(values: dict[str, Any], wanted: Property) -> Any:
    value = values.get(wanted.column)
    if value is None or value == "":
        return None
    try:
        return _READERS[wanted.type](value)
    except (ValueError, RecursionError, InvalidInput):
        message = f"Column {wanted.column!r} holds {_short(value)}, which is no {wanted.type}."
        raise InvalidInput(message, code="wrong_type", field=wanted.column) from None


def _integer(value: Any) -> int:
    number = _number(value)
    if number != number.to_integral_value():
        raise ValueError(value)
    return int(number)


def _number(value: Any) -> Decimal:
    return parse_decimal(value.strip() if isinstance(value, str) else value)


def _boolean(value: Any) -> bool:
    word = str(value).strip().lower()
    if word not in _WORDS:
        raise ValueError(word)
    return _WORDS[word]


def _json(value: Any) -> Any:
    return properties.decode(f'{{"value": {value}}}')["value"] if isinstance(value, str) else value


_WORDS: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}

_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "string": lambda value: value if isinstance(value, str) else json.dumps(value, default=str),
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "json": _json,
}


def _short(value: Any) -> str:
    text = str(value)
    return repr(text if len(text) <= 40 else text[:40] + "...")

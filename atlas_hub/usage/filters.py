"""Filters in SQL, with the meaning that `atlas_hub_core.filters` gives them."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import msgspec
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Numeric,
    Text,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    or_,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB

from atlas_hub_core.filters import And, Condition, Or

_encode: Final = msgspec.json.Encoder(decimal_format="number").encode
_JSON_NULL: Final = cast(literal("null", Text), JSONB)


def compile_filter(node: And | Or | Condition, properties: Any) -> ColumnElement[bool]:
    """Return the SQL condition, never NULL, on a `jsonb` column of properties."""
    if isinstance(node, And):
        return and_(true(), *(compile_filter(part, properties) for part in node.parts))
    if isinstance(node, Or):
        return or_(false(), *(compile_filter(part, properties) for part in node.parts))
    return _CONDITIONS[node.op](value_of(properties, node.property), node.value)


def value_of(properties: Any, name: str) -> ColumnElement[Any]:
    """Return a property as `jsonb`; NULL where it is missing or null."""
    return func.nullif(properties.op("->", return_type=JSONB)(literal(name, Text)), _JSON_NULL)


def text_of(properties: Any, name: str) -> ColumnElement[str]:
    """Return a property as text: a string's own, a number plainly; NULL where missing or null."""
    text: ColumnElement[str] = properties.op("->>", return_type=Text)(literal(name, Text))
    return text


def _json(value: Any) -> ColumnElement[Any]:
    return cast(literal(_encode(value).decode(), Text), JSONB)


def _if_type(found: Any, kind: str, test: ColumnElement[bool]) -> ColumnElement[bool]:
    # CASE, since PostgreSQL may evaluate the parts of an AND in any order.
    return case((func.jsonb_typeof(found) == kind, test), else_=false())


def _equal(found: Any, value: Any) -> ColumnElement[bool]:
    return func.coalesce(found == _json(value), false())


def _string(found: Any) -> ColumnElement[str]:
    itself = cast(literal("{}", Text), ARRAY(Text))
    text: ColumnElement[str] = found.op("#>>", return_type=Text)(itself).collate("C")
    return text


def _ordered(operator: str) -> Callable[[Any, Any], ColumnElement[bool]]:
    def compare(found: Any, value: Any) -> ColumnElement[bool]:
        if isinstance(value, str):
            return _if_type(found, "string", _string(found).bool_op(operator)(literal(value, Text)))
        number = literal(Decimal(value), Numeric)
        return _if_type(found, "number", cast(found, Numeric).bool_op(operator)(number))

    return compare


def _contains(found: Any, value: Any) -> ColumnElement[bool]:
    in_list = _if_type(found, "array", found.bool_op("@>")(_json([value])))
    if not isinstance(value, str):
        return in_list
    in_text = func.strpos(_string(found), literal(value, Text)) > 0
    return or_(in_list, _if_type(found, "string", in_text))


_CONDITIONS: Final[dict[str, Callable[[Any, Any], ColumnElement[bool]]]] = {
    "eq": _equal,
    "ne": lambda found, value: ~_equal(found, value),
    "gt": _ordered(">"),
    "gte": _ordered(">="),
    "lt": _ordered("<"),
    "lte": _ordered("<="),
    "in": lambda found, value: or_(false(), *(_equal(found, choice) for choice in value)),
    "contains": _contains,
    "exists": lambda found, value: found.is_not(None) if value else found.is_(None),
}

"""Which events a metric counts: a tree of and/or over conditions on properties.

```json
{"and": [{"property": "model", "op": "eq", "value": "m1"},
         {"or": [{"property": "tokens", "op": "gt", "value": "100"}, ...]}]}
```

What a condition means, so that Python and PostgreSQL answer alike:

- A property that is `null` counts as missing. A missing property matches only `ne`, `exists` with
  value false, and nothing else.
- `eq` is equality of JSON values: numbers by value (1 is 1.0), types never mixed ("1" is not 1).
  `ne` is its exact opposite. `in` is `eq` to one of a list.
- `gt gte lt lte` compare two numbers by value, or two strings by code points (collation "C").
  Of two different types, none is greater: no match. Booleans have no order.
- `contains`: a string contains a piece of text, case counted; or a list contains an equal value.
- `exists`: the property is there and not null; with value false, the opposite.

A number is compared with a number only, so a filter on `{"tokens": 150}` writes 100, not "100".
An empty `and` matches every event, an empty `or` none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from operator import ge, gt, le, lt
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    PlainSerializer,
    Tag,
    TypeAdapter,
    WithJsonSchema,
    model_validator,
)

from atlas_hub_core.decimals import MAX_INTEGER_DIGITS, as_plain_text, parse_plain
from atlas_hub_core.events import identity, kind_of
from atlas_hub_core.params import Params, PropertyName, check_text, validated

MAX_DEPTH = 8
MAX_CONDITIONS = 100
MAX_CHOICES = 100

Op = Literal["eq", "ne", "gt", "gte", "lt", "lte", "in", "contains", "exists"]


def _read_scalar(value: object) -> str | bool | int | Decimal:
    if isinstance(value, str):
        return check_text(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float | Decimal):
        return _read_number(value)
    raise ValueError("must be a string, a number or a boolean; use `exists` to ask for null")


def _read_number(value: float | Decimal) -> int | Decimal:
    # A float stands here for what was written: its shortest decimal text. It is compared, never
    # added up, and it has to come back the same from JSON.
    text = as_plain_text(Decimal(repr(value)) if isinstance(value, float) else value)
    number = parse_plain(text or "")
    if number is None:
        raise ValueError(f"must be a number of at most {MAX_INTEGER_DIGITS} digits")
    if number == number.to_integral_value():
        return int(number)
    if Decimal(repr(float(number))) != number:
        raise ValueError("must be a number of at most 15 significant digits")
    return number


def _read_value(value: object) -> Any:
    if isinstance(value, list | tuple):
        if len(value) > MAX_CHOICES:
            raise ValueError(f"must list at most {MAX_CHOICES} values, but lists {len(value)}")
        return tuple(_read_scalar(choice) for choice in value)
    return _read_scalar(value)


def _write_value(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_write_value(choice) for choice in value]
    return float(value) if isinstance(value, Decimal) else value


_SCALAR_SCHEMA = {"type": ["string", "number", "boolean"]}
Value = Annotated[
    Any,
    BeforeValidator(_read_value),
    PlainSerializer(_write_value),
    WithJsonSchema({"anyOf": [_SCALAR_SCHEMA, {"type": "array", "items": _SCALAR_SCHEMA}]}),
]


class Condition(Params):
    """A test of one property."""

    property: PropertyName
    op: Op
    value: Value = True

    @model_validator(mode="after")
    def _value_fits(self) -> Self:
        needed, fits = _NEEDS[self.op]
        if "value" not in self.model_fields_set and self.op != "exists":
            raise ValueError(f"`{self.op}` on {self.property!r} needs a value: {needed}")
        if not fits(self.value):
            raise ValueError(f"`{self.op}` on {self.property!r} compares with {needed}")
        return self

    def matches(self, properties: Mapping[str, Any]) -> bool:
        """Tell whether the properties of an event pass."""
        return _TESTS[self.op](properties.get(self.property), self.value)


class And(Params):
    """Every part must match."""

    parts: tuple[Node, ...] = Field(alias="and")

    def matches(self, properties: Mapping[str, Any]) -> bool:
        """Tell whether the properties of an event pass."""
        return all(part.matches(properties) for part in self.parts)


class Or(Params):
    """One part must match."""

    parts: tuple[Node, ...] = Field(alias="or")

    def matches(self, properties: Mapping[str, Any]) -> bool:
        """Tell whether the properties of an event pass."""
        return any(part.matches(properties) for part in self.parts)


def _tag(node: object) -> str:
    # Tags are no property names, so that they can be told from them in the path of an error.
    if isinstance(node, And) or (isinstance(node, Mapping) and "and" in node):
        return "<and>"
    if isinstance(node, Or) or (isinstance(node, Mapping) and "or" in node):
        return "<or>"
    return "<condition>"


def _bounded(tree: object) -> object:
    """Refuse a tree that is too deep or too large, before anything recurses into it."""
    level, conditions = [tree], 0
    for _ in range(MAX_DEPTH):
        conditions += len(level)
        if conditions > MAX_CONDITIONS:
            raise ValueError(f"must have at most {MAX_CONDITIONS} parts; split the metric")
        level = [part for node in level for part in _parts(node)]
        if not level:
            return tree
    raise ValueError(f"must be nested at most {MAX_DEPTH} deep; join inner groups")


def _parts(node: object) -> list[object]:
    if isinstance(node, And | Or):
        return list(node.parts)
    lists = [node.get("and"), node.get("or")] if isinstance(node, Mapping) else []
    return [part for parts in lists if isinstance(parts, list | tuple) for part in parts]


Node: TypeAlias = Annotated[
    Annotated[And, Tag("<and>")]
    | Annotated[Or, Tag("<or>")]
    | Annotated[Condition, Tag("<condition>")],
    Discriminator(_tag),
]
Filter: TypeAlias = Annotated[Node, BeforeValidator(_bounded)]
And.model_rebuild()
Or.model_rebuild()
_ADAPTER: TypeAdapter[And | Or | Condition] = TypeAdapter(Filter)


def parse_filter(data: object) -> And | Or | Condition:
    """Read a filter from JSON values.

    Raises:
        InvalidInput: With code `invalid_filter` and the path of the first field at fault.
    """
    return validated(_ADAPTER, data, "filter")


def _is_scalar(value: object) -> bool:
    return not isinstance(value, tuple)


_NEEDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    **dict.fromkeys(("eq", "ne", "contains"), ("a string, number or boolean", _is_scalar)),
    **dict.fromkeys(
        ("gt", "gte", "lt", "lte"),
        ("a number or a string", lambda value: _is_scalar(value) and not isinstance(value, bool)),
    ),
    "in": ("a list of values", lambda value: isinstance(value, tuple)),
    "exists": ("true or false", lambda value: isinstance(value, bool)),
}


def _equal(found: Any, value: Any) -> bool:
    return identity(found) == identity(value)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def test(found: Any, value: Any) -> bool:
        kind = kind_of(found)
        return kind in ("number", "string") and kind == kind_of(value) and compare(found, value)

    return test


def _contains(found: Any, value: Any) -> bool:
    if isinstance(found, str):
        return isinstance(value, str) and value in found
    return kind_of(found) == "array" and any(_equal(element, value) for element in found)


_TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": _equal,
    "ne": lambda found, value: not _equal(found, value),
    "gt": _ordered(gt),
    "gte": _ordered(ge),
    "lt": _ordered(lt),
    "lte": _ordered(le),
    "in": lambda found, value: any(_equal(found, choice) for choice in value),
    "contains": _contains,
    "exists": lambda found, value: (found is not None) is value,
}

"""Parameters of prices, aggregations and filters: immutable, validated, readable as JSON.

Each kind of price or aggregation is one Pydantic model with a `type` of its own. A `Registry`
holds the kinds that there are; plugins add theirs when it is built.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Annotated, Any, Generic, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import ErrorDetails

from atlas_hub_core.decimals import PLAIN_NUMBER, format_decimal, parse_decimal
from atlas_hub_core.errors import Conflict, InvalidInput

MAX_TEXT = 1000


class Params(BaseModel):
    """Base of all parameters: immutable, and unknown fields are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def to_json(self) -> dict[str, Any]:
        """Return the parameters as JSON values, decimals as canonical strings."""
        return self.model_dump(mode="json", by_alias=True)


def _read_decimal(value: object) -> Decimal:
    try:
        return parse_decimal(value)
    except InvalidInput as error:
        raise ValueError(error.message.removeprefix("value ")) from error


def _not_negative(value: Decimal) -> Decimal:
    if value < 0:
        raise ValueError(f"must not be below zero, but is {format_decimal(value)}")
    return value


def _positive(value: Decimal) -> Decimal:
    if value <= 0:
        raise ValueError(f"must be above zero, but is {format_decimal(value)}")
    return value


AnyDecimal = Annotated[
    Decimal,
    BeforeValidator(_read_decimal),
    PlainSerializer(format_decimal, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^{PLAIN_NUMBER}$", "examples": ["0.25"]}),
]
"""A decimal that is written as a string; integers are read too, floats refused."""

Amount = Annotated[AnyDecimal, AfterValidator(_not_negative)]
"""A decimal of zero or more: an amount, a quantity, a rate."""

PositiveDecimal = Annotated[AnyDecimal, AfterValidator(_positive)]
"""A decimal above zero."""


def check_text(value: str) -> str:
    """Return a text that the database can hold: no NUL, no half of a surrogate pair, not long."""
    if len(value) > MAX_TEXT:
        raise ValueError(f"must have at most {MAX_TEXT} characters, but has {len(value)}")
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("must not contain NUL or half a surrogate pair")
    return value


PropertyName = Annotated[
    str, Field(min_length=1, max_length=MAX_TEXT, examples=["tokens"]), AfterValidator(check_text)
]
"""The name of a property of an event."""

Kind = TypeVar("Kind", bound=Params)
Validated = TypeVar("Validated")


class Registry(Generic[Kind]):
    """The kinds of one sort of parameters, told apart by their `type`.

    Attributes:
        noun: What the kinds are called in messages, such as `price`.
        kinds: The model of each `type`.
        annotation: The type of a field that takes any of them, for request bodies.
    """

    def __init__(self, noun: str, kinds: Iterable[type[Kind]]) -> None:
        """Take every kind.

        Raises:
            Conflict: With code `duplicate_type`, if two kinds have the same `type`.
        """
        self.noun = noun
        self.kinds: Mapping[str, type[Kind]] = _by_type(noun, kinds)
        self.annotation = _union_by_type(self.kinds.values())
        self._adapter: TypeAdapter[Kind] = TypeAdapter(self.annotation)

    def parse(self, data: object) -> Kind:
        """Read parameters from JSON values.

        Raises:
            InvalidInput: With code `invalid_<noun>` and the path of the first field at fault.
        """
        return validated(self._adapter, data, self.noun)

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of all kinds, for documents and forms."""
        return self._adapter.json_schema()


def _union_by_type(kinds: Iterable[type[Params]]) -> Any:
    return Annotated[reduce(or_, kinds), Field(discriminator="type")]


def _by_type(noun: str, kinds: Iterable[type[Kind]]) -> dict[str, type[Kind]]:
    by_type: dict[str, type[Kind]] = {}
    for kind in kinds:
        name = kind.model_fields["type"].default
        if name in by_type:
            first, second = (f"{k.__module__}.{k.__qualname__}" for k in (by_type[name], kind))
            raise Conflict(
                f"Two kinds of {noun} are called {name!r}: {first} and {second}. Rename one.",
                code="duplicate_type",
            )
        by_type[name] = kind
    return by_type


def validated(adapter: TypeAdapter[Validated], data: object, noun: str) -> Validated:
    """Validate JSON values; a mistake becomes an `InvalidInput` with code `invalid_<noun>`."""
    try:
        return adapter.validate_python(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        path = ".".join([noun, *_path(first, data)])
        raise InvalidInput(
            f"{path} {_sentence(first)}.", code=f"invalid_{noun}", field=path
        ) from error


def _path(error: ErrorDetails, data: Any) -> list[str]:
    """Return where in the data the mistake is, without the tags of unions that Pydantic adds."""
    path, names_a_field = [], error["type"] in ("missing", "extra_forbidden")
    last = len(error["loc"]) - 1
    for index, step in enumerate(error["loc"]):
        inside = (
            step in data
            if isinstance(data, Mapping)
            else isinstance(step, int) and isinstance(data, list | tuple) and step < len(data)
        )
        if inside:
            data = data[step]
        if inside or (index == last and names_a_field):
            path.append(str(step))
    return path


def _sentence(error: ErrorDetails) -> str:
    match error["type"]:
        case "missing":
            return "is required"
        case "extra_forbidden":
            return "is not known here; remove it"
        case "union_tag_invalid":
            return f"has the unknown type {error['ctx']['tag']!r}; use one of {_tags(error)}"
        case "union_tag_not_found":
            return "needs a `type`"
        case "value_error":
            return error["msg"].removeprefix("Value error, ").removesuffix(".")
        case _:
            return f"is wrong: {error['msg']}"


def _tags(error: ErrorDetails) -> str:
    return str(error["ctx"]["expected_tags"]).replace("'", "")

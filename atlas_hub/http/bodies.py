"""What request and answer bodies are made of."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

from atlas_hub.db.ids import has_our_prefix
from atlas_hub_core.decimals import PLAIN_NUMBER, format_decimal, parse_decimal
from atlas_hub_core.errors import InvalidInput
from atlas_hub_core.events import parse_timestamp


class Body(BaseModel):
    """A request body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Change(Body):
    """The body of a PATCH: what is left out stays as it is."""

    def changed(self) -> dict[str, Any]:
        """Return the fields that were sent, by name."""
        return {name: getattr(self, name) for name in self.model_fields_set}


def left_out() -> Any:
    """Let a field of a `Change` be left out, though null is refused if its type has no null."""
    return Field(default_factory=lambda: None)


class Answer(BaseModel):
    """An answer body."""

    model_config = ConfigDict(from_attributes=True)


def _decimal(value: Any) -> Decimal:
    try:
        return parse_decimal(value)
    except InvalidInput as error:
        raise ValueError(error) from error


def _timestamp(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    if not isinstance(value, str):
        message = "is not a string; write it by RFC 3339, such as 2026-11-01T00:00:00Z"
        raise ValueError(message)  # noqa: TRY004 - pydantic reports no TypeError
    try:
        return parse_timestamp(value)
    except InvalidInput as error:
        raise ValueError(error) from error


def write_timestamp(value: datetime) -> str:
    """Write a point in time as RFC 3339 UTC, with microseconds only if there are any."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


Amount = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    PlainSerializer(format_decimal, return_type=str),
    WithJsonSchema({"type": "string", "pattern": f"^{PLAIN_NUMBER}$", "examples": ["12.50"]}),
]
"""A decimal string that is sent in, in major units where it is money."""

Computed = Annotated[
    Decimal,
    PlainSerializer(format_decimal, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["8.708519"]}),
]
"""A decimal string in an answer: what was worked out, with more digits than are taken in."""

Timestamp = Annotated[
    datetime,
    BeforeValidator(_timestamp),
    PlainSerializer(write_timestamp, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""RFC 3339 with a zone; stored and answered in UTC."""


def _not_like_an_id(value: str) -> str:
    if has_our_prefix(value):
        message = f"{value!r} begins like an id of the hub's own. Choose another."
        raise ValueError(InvalidInput(message, code="reserved_prefix"))
    return value


NotAnId = AfterValidator(_not_like_an_id)
"""Keeps apart ids and what people choose, so that a reference means one record."""

Key = Annotated[
    str,
    StringConstraints(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]*$"),
    NotAnId,
]
"""A key that people choose: letters, digits, and `_ . : -` inside."""

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]

Text = Annotated[str, StringConstraints(max_length=2000)]

Reference = Annotated[str, StringConstraints(min_length=1, max_length=255)]
"""An id or a key of a record."""


def _plain_json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, list):
        return [_plain_json(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain_json(item) for name, item in value.items()}
    return value


Json = Annotated[Any, PlainSerializer(_plain_json)]
"""Any JSON value. Requests and tables hold numbers with a fraction as `Decimal`."""

JsonObject = Annotated[dict[str, Any], PlainSerializer(_plain_json)]
"""Any JSON object, numbers as in `Json`."""


def _email(value: str) -> str:
    local, at, domain = value.rpartition("@")
    if not (local and at and "." in domain) or any(part.isspace() for part in value):
        message = "is not an e-mail address; write it as name@example.com"
        raise ValueError(message)
    return value


Email = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=254), AfterValidator(_email)
]

"""What request and answer bodies are made of."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

from atlas_hub_core.decimals import PLAIN_NUMBER, format_decimal, parse_decimal
from atlas_hub_core.errors import InvalidInput
from atlas_hub_core.events import parse_timestamp


class Body(BaseModel):
    """A request body: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


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
"""A decimal string, in major units where it is money."""

Timestamp = Annotated[
    datetime,
    BeforeValidator(_timestamp),
    PlainSerializer(write_timestamp, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""RFC 3339 with a zone; stored and answered in UTC."""

Key = Annotated[
    str, StringConstraints(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]*$")
]
"""A key that people choose: letters, digits, and `_ . : -` inside."""

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]

Text = Annotated[str, StringConstraints(max_length=2000)]

Reference = Annotated[str, StringConstraints(min_length=1, max_length=255)]
"""An id or a key of a record."""


def _email(value: str) -> str:
    local, at, domain = value.rpartition("@")
    if not (local and at and "." in domain) or any(part.isspace() for part in value):
        message = "is not an e-mail address; write it as name@example.com"
        raise ValueError(message)
    return value


Email = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=254), AfterValidator(_email)
]

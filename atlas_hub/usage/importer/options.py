"""What an import is told: where each part of an event comes from."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, cast, get_args

from atlas_hub_core.errors import InvalidInput

Type = Literal["string", "integer", "number", "boolean", "json"]
TYPES: Final = get_args(Type)


@dataclass(frozen=True, slots=True)
class Property:
    """A property of the events: its name, the column it is read from, and how."""

    name: str
    column: str
    type: Type


@dataclass(frozen=True, slots=True)
class Options:
    """How rows become events.

    Attributes:
        file: What to read; CSV, or NDJSON if its name ends in .ndjson or .jsonl.
        event_name: Name of every event.
        customer: Reference of the customer of all rows, or None.
        customer_column: Column that names the customer, or None.
        timestamp_column: Column of the time.
        timezone: Zone of times that name none, or None.
        id_column: Column of the event's id, or None: the row's number is the id.
        properties: What else to keep of a row.
        source: Source of the events; the file's name by default, so that ids stay apart.
    """

    file: Path
    event_name: str
    customer: str | None
    customer_column: str | None
    timestamp_column: str
    timezone: str | None
    id_column: str | None
    properties: tuple[Property, ...]
    source: str

    def __post_init__(self) -> None:
        if (self.customer is None) == (self.customer_column is None):
            message = "Say whose usage it is: either --customer REF or --customer-column COLUMN."
            raise InvalidInput(message, code="customer_required", field="--customer")

    @property
    def columns(self) -> set[str]:
        """The columns that the file must have."""
        named = {self.timestamp_column, self.customer_column, self.id_column}
        return {each for each in named if each is not None} | {
            each.column for each in self.properties
        }


def parse_properties(texts: Sequence[str]) -> tuple[Property, ...]:
    """Read `NAME=COLUMN:type`, where `NAME=` may be left out and the type is string by default."""
    found = tuple(_parse(text) for text in texts)
    names = [each.name for each in found]
    for name in names:
        if names.count(name) > 1:
            message = f"--property names {name!r} twice. Give each property one column."
            raise InvalidInput(message, code="duplicate_property", field="--property")
    return found


def _parse(text: str) -> Property:
    name, equals, rest = text.partition("=")
    rest = rest if equals else name
    column, colon, kind = rest.rpartition(":")
    if not colon:
        column, kind = rest, "string"
    if not name.strip() or not column or kind not in TYPES:
        message = f"--property {text!r} is not NAME=COLUMN:type; the types are {', '.join(TYPES)}."
        raise InvalidInput(message, code="invalid_property", field="--property")
    return Property(name if equals else column, column, cast("Type", kind))

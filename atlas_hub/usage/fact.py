"""One event as it was sent: read strictly, with the two hashes that tell repeats and conflicts."""

from datetime import datetime
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import msgspec

from atlas_hub.usage import properties
from atlas_hub_core.errors import InvalidInput
from atlas_hub_core.events import parse_timestamp

MAX_LENGTH: Final = 255
HASH_BYTES: Final = 16


class Incoming(msgspec.Struct, forbid_unknown_fields=True):
    """The wire form of an event. `properties` keeps its text, so that no digit is lost."""

    id: str
    name: str
    customer: str
    timestamp: str
    source: str = "default"
    properties: msgspec.Raw = msgspec.Raw(b"{}")


class Fact(NamedTuple):
    """An event ready to be stored.

    `key` hashes source and id. `body_hash` hashes the rest by meaning: the instant to the
    microsecond, properties without regard to the order of members or the spelling of numbers
    (1, 1.0 and 1e0 are one). `properties` is the JSON text as it was sent.
    """

    key: bytes
    body_hash: bytes
    source: str
    event_id: str
    name: str
    customer: str
    timestamp: datetime
    properties: str


_REMEDIES: Final = {
    "id": "Add an id that is unique within its source, so that a repeat is known as one",
    "name": "Add what was used, such as llm.request",
    "customer": "Add the id or external_id of the customer who used it",
    "timestamp": "Add when it was used, by RFC 3339, such as 2026-11-01T00:00:00Z",
}
_FIELDS: Final = {*_REMEDIES, "source", "properties"}
_canonical: Final = msgspec.json.Encoder(order="sorted", decimal_format="number").encode


def to_fact(event: Incoming) -> Fact:
    """Check the values of an event and hash it.

    Raises:
        InvalidInput: With the field at fault, what is wrong with it and what to do.
    """
    source, event_id = _text(event.source, "source"), _text(event.id, "id")
    name, customer = _text(event.name, "name"), _text(event.customer, "customer")
    timestamp = parse_timestamp(event.timestamp)
    raw = bytes(event.properties)
    members = _members(raw)
    body = _canonical((name, customer, timestamp, members))
    return Fact(
        blake2b(f"{source}\0{event_id}".encode(), digest_size=HASH_BYTES).digest(),
        blake2b(body, digest_size=HASH_BYTES).digest(),
        source,
        event_id,
        name,
        customer,
        timestamp,
        raw.decode(),
    )


def _text(value: str, field: str) -> str:
    if "\0" in value:
        properties.check_text(value, field)
    if len(value) > MAX_LENGTH:
        message = f"{field} has {len(value)} characters; use at most {MAX_LENGTH}."
        raise InvalidInput(message, code="text_too_long", field=field)
    if not value.strip():
        raise _missing(field, "is empty")
    return value


def _members(raw: bytes) -> dict[str, Any]:
    try:
        members = properties.decode(raw)
    except RecursionError:
        raise properties.nested_too_deep("properties") from None
    except msgspec.ValidationError:
        if not raw.startswith(b"{"):
            raise _wrong_type("properties", "a JSON object") from None
        raise properties.number_too_large("properties") from None
    except ValueError:
        message = "properties hold half a surrogate pair, or are not UTF-8. Correct the text."
        raise InvalidInput(message, code="invalid_text", field="properties") from None
    properties.check(members, "properties")
    return members


def explain(value: Any) -> InvalidInput:
    """Return what is wrong with a JSON value that is not of the form of an event."""
    if not isinstance(value, dict):
        message = 'An event must be a JSON object such as {"id": ..., "customer": ...}.'
        return InvalidInput(message, code="invalid_type")
    for field in value.keys() - _FIELDS:
        shown = field[:40].encode("ascii", "backslashreplace").decode()
        message = f"{shown} is not a field of an event. Remove it, or move it into properties."
        return InvalidInput(message, code="unknown_field", field=shown)
    for field in _REMEDIES:
        if value.get(field) is None:
            return _missing(field, "is required")
    for field in _FIELDS - {"properties"}:
        if not isinstance(value.get(field, ""), str):
            return _wrong_type(field, "a string")
    try:
        for field in value:
            properties.check(value[field], field)
    except InvalidInput as error:
        return error
    return _wrong_type("properties", "a JSON object")


def _missing(field: str, problem: str) -> InvalidInput:
    remedy = _REMEDIES.get(field, "Leave it out, or name who sends the event")
    return InvalidInput(f"{field} {problem}. {remedy}.", code="missing_field", field=field)


def _wrong_type(field: str, wanted: str) -> InvalidInput:
    return InvalidInput(f"{field} must be {wanted}.", code="invalid_type", field=field)

"""A body of events, taken apart: what each item is, or why it is none.

Bodies in which everything has the right form are decoded in one go. Only if that fails are they
taken apart item by item, to say which item is at fault and how.
"""

import json
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from atlas_hub.usage.fact import Fact, Incoming, explain, to_fact
from atlas_hub.usage.properties import MAX_DEPTH, nested_too_deep
from atlas_hub_core.errors import AtlasError, InvalidInput, Malformed, TooLarge

MAX_EVENTS: Final = 10_000

Item = Fact | InvalidInput

_one: Final = msgspec.json.Decoder(Incoming)
_list: Final = msgspec.json.Decoder(list[Incoming])


class _NotANumber:
    """Stands for NaN and Infinity in what Python's parser returns."""

    def __init__(self, name: str) -> None:
        self.name: Final = name


# Numbers are not read here: only their being numbers says whether an event has the right form.
_python: Final = json.JSONDecoder(
    parse_int=lambda _: 0, parse_float=lambda _: 0, parse_constant=_NotANumber
)


def read_json(body: bytes) -> tuple[list[Item], bool]:
    """Return the items of a JSON body, and whether it is a list; else it is one event.

    Raises:
        Malformed: It is not JSON.
        TooLarge: It holds more than 10,000 events.
    """
    if not body.lstrip().startswith(b"["):
        return [_read_one(body)], False
    try:
        incoming = _list.decode(body)
    except (ValueError, RecursionError):
        return _read_each(_split(body)), True
    _check_count(len(incoming))
    return [_fact(event) for event in incoming], True


def read_lines(body: bytes) -> list[Item]:
    """Return the items of a body of newline-delimited JSON; blank lines count for nothing.

    A line that is not JSON is an item at fault, unless all are.

    Raises:
        Malformed: No line is JSON.
        TooLarge: It holds more than 10,000 events.
    """
    lines = [line for line in body.split(b"\n") if line and not line.isspace()]
    items = _read_each(lines)
    first = items[0] if items else None
    if isinstance(first, InvalidInput) and all(_not_json(item) for item in items):
        raise Malformed(first.message, code=first.code, field=first.field)
    return items


def _not_json(item: Item) -> bool:
    return isinstance(item, InvalidInput) and item.code == "malformed_json"


def _read_each(texts: list[bytes]) -> list[Item]:
    _check_count(len(texts))
    items: list[Item] = []
    for text in texts:
        try:
            items.append(_read_one(text))
        except AtlasError as error:
            items.append(InvalidInput(error.message, code=error.code, field=error.field))
    return items


def _read_one(text: bytes) -> Item:
    try:
        event = _one.decode(text)
    except (ValueError, RecursionError):
        return explain(_parse(text))
    return _fact(event)


def _fact(event: Incoming) -> Item:
    try:
        return to_fact(event)
    except InvalidInput as error:
        return error


def _check_count(count: int) -> None:
    if count > MAX_EVENTS:
        message = f"The body holds {count} events; send at most {MAX_EVENTS:,} at once."
        raise TooLarge(message, code="too_many_events")


def _parse(text: bytes) -> Any:
    """Read one JSON value leniently, to find out what is wrong with it."""
    decoded = _decoded(text)
    value, end = _scan(decoded, _skip(decoded, 0))
    if decoded[end:].strip(_SPACE):
        raise _malformed(f"there is more after its end, at character {end}")
    return value


def _split(body: bytes) -> list[bytes]:
    """Return the text of each element of a JSON list."""
    text = _decoded(body)
    elements: list[bytes] = []
    place = _skip(text, _skip(text, 0) + 1)
    while not text.startswith("]", place):
        if elements:
            if not text.startswith(",", place):
                raise _malformed(f"a comma or ] is missing at character {place}")
            place = _skip(text, place + 1)
        _, end = _scan(text, place, str(len(elements)))
        elements.append(text[place:end].encode())
        place = _skip(text, end)
    if text[place + 1 :].strip(_SPACE):
        raise _malformed(f"there is more after its end, at character {place + 1}")
    return elements


_SPACE: Final = " \t\r\n"


def _skip(text: str, place: int) -> int:
    while text[place : place + 1] in (" ", "\t", "\r", "\n"):
        place += 1
    return place


def _decoded(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise _malformed(f"it is not UTF-8: {error.reason} at byte {error.start}") from None


def _scan(text: str, place: int, path: str = "") -> tuple[Any, int]:
    try:
        value, end = _python.raw_decode(text, place)
    except RecursionError:
        error = nested_too_deep(path or "The event")
        raise Malformed(error.message, code=error.code, field=path or None) from None
    except ValueError as error:
        raise _malformed(str(error)) from None
    _refuse_not_a_number(value, path, 0)
    return value, end


def _refuse_not_a_number(value: Any, path: str, depth: int) -> None:
    if isinstance(value, _NotANumber):
        message = f"{path or 'The body'} is {value.name}, which JSON does not have. Send a number."
        raise Malformed(message, code="not_a_number", field=path or None)
    if depth > MAX_DEPTH:
        return  # nesting that deep is refused for itself
    for name, member in _members(value):
        _refuse_not_a_number(member, f"{path}.{name}" if path else str(name), depth + 1)


def _members(value: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(value, dict):
        return value.items()
    return enumerate(value) if isinstance(value, list) else ()


def _malformed(problem: str) -> Malformed:
    message = f"The body is not JSON: {problem}. Send an event, a list of events, or NDJSON."
    return Malformed(message, code="malformed_json")

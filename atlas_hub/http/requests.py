"""Requests with JSON read strictly: what PostgreSQL cannot hold is refused at the door."""

import json
from decimal import Decimal
from typing import Any, Final, NoReturn

from fastapi import Request

from atlas_hub_core.errors import Malformed

MAX_DEPTH: Final = 64


def parse_json(body: bytes) -> Any:
    """Return the JSON document in `body`; numbers with a fraction become `Decimal`.

    Raises:
        Malformed: it is not JSON, holds NaN, Infinity, NUL or half a surrogate pair, repeats a
            key, or nests deeper than 64 levels.
    """
    try:
        document = json.loads(
            body,
            parse_float=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_refuse_repeated_keys,
        )
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        message = f"The body is not JSON: {error}. Send one JSON document."
        raise Malformed(message, code="malformed_json") from None
    _check(document, 0)
    return document


class StrictRequest(Request):
    """A request whose `json()` is `parse_json`."""

    async def json(self) -> Any:
        """Return the body as strict JSON."""
        return parse_json(await self.body())


def _refuse_constant(name: str) -> NoReturn:
    message = f"{name} is not a JSON number. Send a number, or leave the field out."
    raise Malformed(message, code="not_a_number")


def _refuse_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        message = f"The key {repeated!r} stands twice in one object. Send it once."
        raise Malformed(message, code="repeated_key", field=repeated)
    return document


def _check(value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise _too_deep()
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, list):
        for item in value:
            _check(item, depth + 1)
    elif isinstance(value, dict):
        for name, item in value.items():
            _check_text(name)
            _check(item, depth + 1)


def _check_text(text: str) -> None:
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        message = f"The text {text[:40]!r} holds NUL or half a surrogate pair. Remove it."
        raise Malformed(message, code="invalid_text")


def _too_deep() -> Malformed:
    message = f"The JSON document nests deeper than {MAX_DEPTH} levels. Flatten it."
    return Malformed(message, code="nested_too_deep")

"""Lists: filter first, then cut one page, newest first."""

from collections.abc import Iterable, Mapping
from typing import Any

from atlas_hub_stripe.sandbox.errors import missing_object
from atlas_hub_stripe.sandbox.objects import Object


def page(objects: Iterable[Object], params: Mapping[str, Any], url: str) -> Object:
    """One page of `objects`, which come newest first and already filtered."""
    rows = list(objects)
    size = params.get("limit", 10)
    after, before = params.get("starting_after"), params.get("ending_before")
    if before is not None:
        rows = rows[: _position(rows, before, "ending_before")]
        data, more = rows[-size:], len(rows) > size
    else:
        start = _position(rows, after, "starting_after") + 1 if after is not None else 0
        data, more = rows[start : start + size], len(rows) > start + size
    return {"object": "list", "data": data, "has_more": more, "url": url}


def _position(rows: list[Object], cursor: str, param: str) -> int:
    for index, row in enumerate(rows):
        if row["id"] == cursor:
            return index
    raise missing_object("object", cursor, param)


def within(value: int | None, bounds: Mapping[str, int] | None) -> bool:
    """Whether a time lies inside bounds as `params.Range` reads them."""
    if not bounds:
        return True
    if value is None:
        return False
    tests = {
        "gt": value.__gt__,
        "gte": value.__ge__,
        "lt": value.__lt__,
        "lte": value.__le__,
    }
    return all(tests[name](limit) for name, limit in bounds.items())


def matching(row: Object, params: Mapping[str, Any], *names: str) -> bool:
    """Whether the row equals the parameters of these names, where they were sent."""
    return all(row[name] == params[name] for name in names if name in params)

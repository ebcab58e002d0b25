"""Events as tests send them."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

_numbers = itertools.count(1)


def event(**changes: Any) -> dict[str, Any]:
    """An event with an id of its own; None takes a field away."""
    whole = {
        "id": f"e{next(_numbers)}",
        "name": "llm.request",
        "customer": "acme",
        "timestamp": "2026-11-01T00:00:00Z",
        "properties": {"tokens": 12, "model": "m1"},
    } | changes
    return {name: value for name, value in whole.items() if value is not None}


@pytest.fixture(name="event")
def event_maker() -> Callable[..., dict[str, Any]]:
    return event


@pytest.fixture
def stored(api):
    """Every event that the hub has, through its API."""

    async def read(**query: str) -> list[dict[str, Any]]:
        events, cursor = [], {}
        while True:
            response = await api.get("/v1/events", params={"limit": 500, **query, **cursor})
            assert response.status_code == 200, response.text
            page = response.json()
            events += page["data"]
            if page["next_cursor"] is None:
                return events
            cursor = {"cursor": page["next_cursor"]}

    return read

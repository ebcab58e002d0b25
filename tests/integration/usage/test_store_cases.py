"""Where SQL most easily differs from the core: ties, lists, bounds, customers by two names."""

import pytest

CONDITIONS = [
    ([1.0, "a"], "contains", 1, True),
    ([1.0, "a"], "contains", "a", True),
    ([1.0, "a"], "contains", "1", False),
    ([[1]], "contains", 1, False),
    ([], "contains", "", False),
    ("banana", "contains", "nan", True),
    ("banana", "contains", "", True),
    ("banana", "contains", True, False),
    ({"a": 1}, "contains", "a", False),
    (1.0, "eq", 1, True),
    ("1", "eq", 1, False),
    (True, "eq", True, True),
    (True, "ne", "true", True),
    (None, "ne", "x", True),
    (None, "eq", "x", False),
    (None, "exists", True, False),
    (0, "exists", True, True),
    (10, "gte", 10, True),
    (10, "gt", 10, False),
    ("10", "gt", 9, False),
    ("b", "gt", "B", True),
    ("\uffff", "lt", "\U0001d11e", True),
    (True, "lte", 1, False),
    ("m1", "in", ["m2", "m1"], True),
    ("m1", "in", [], False),
    ([1], "in", [1], False),
]


@pytest.mark.parametrize(("value", "op", "operand", "expected"), CONDITIONS)
async def test_a_condition(api, event, value, op, operand, expected):
    sent = event(properties={} if value is None else {"p": value})
    assert (await api.post("/v1/events", json=sent)).status_code == 200
    metric = {
        "event_name": sent["name"],
        "filter": {"property": "p", "op": op, "value": operand},
        "aggregation": {"type": "count"},
    }
    stored = (await api.post("/v1/metrics/preview", json=metric)).json()
    given = (await api.post("/v1/metrics/preview", json={**metric, "events": [sent]})).json()
    assert (stored["matched"], given["matched"]) == (expected, expected)


@pytest.mark.parametrize(
    ("changes", "winner"),
    [
        ([{"timestamp": "2026-11-02T00:00:00Z"}, {}], 0),
        ([{"id": "a"}, {"id": "b"}], 1),
        ([{"id": "é"}, {"id": "z"}], 0),
        ([{"id": "a", "source": "t"}, {"id": "a", "source": "s"}], 0),
        ([{"id": "a", "source": "s"}, {"id": "a", "source": "t"}], 1),
        ([{}, {"id": "z", "properties": {"n": "many"}}], 0),
    ],
)
async def test_the_latest_of_equally_late_events(api, event, changes, winner):
    events = [event(**({"properties": {"n": n}} | change)) for n, change in enumerate(changes)]
    assert (await api.post("/v1/events", json=events)).json()["accepted"] == len(events)
    metric = {"event_name": "llm.request", "aggregation": {"type": "latest", "property": "n"}}
    stored = (await api.post("/v1/metrics/preview", json=metric)).json()
    given = (await api.post("/v1/metrics/preview", json={**metric, "events": events})).json()
    assert stored["quantity"] == given["quantity"] == str(winner)
    assert stored["samples"] == given["samples"]

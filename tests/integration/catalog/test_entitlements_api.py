"""Entitlements through the API, and the values that plans give them."""

import asyncio

import pytest


async def test_the_key_is_made_from_the_name_and_outlives_it(api, post):
    made = await post("/v1/entitlements", {"name": "API access", "type": "boolean"})
    assert made["entitlement_key"] == "api-access"
    renamed = await api.patch("/v1/entitlements/api-access", json={"name": "Programs"})
    assert renamed.json() == {**made, "name": "Programs"}
    again = await post("/v1/entitlements", {"name": "API access", "type": "boolean"})
    assert again["entitlement_key"] == "api-access-2"
    assert (await api.get(f"/v1/entitlements/{made['id']}")).json() == renamed.json()
    listed = (await api.get("/v1/entitlements")).json()["data"]
    assert listed == [again, renamed.json()]


async def test_concurrent_creates_get_keys_of_their_own(post):
    body = {"name": "Seats", "type": "static", "value_type": "number"}
    made = await asyncio.gather(*(post("/v1/entitlements", body) for _ in range(8)))
    expected = {"seats", *(f"seats-{number}" for number in range(2, 9))}
    assert {each["entitlement_key"] for each in made} == expected


async def test_a_metered_one_names_its_metric(post):
    count = {"name": "Calls", "event_name": "call", "aggregation": {"type": "count"}}
    metric = await post("/v1/metrics", count)
    made = await post(
        "/v1/entitlements", {"name": "Calls a month", "type": "metered", "metric": metric["id"]}
    )
    assert (made["metric"], made["value_type"]) == ("calls", None)


BAD_ENTITLEMENTS = [
    ({"type": "flag"}, 422, "invalid_value", "type"),
    ({"type": "boolean", "value_type": "text"}, 422, "invalid_entitlement", "value_type"),
    ({"type": "static", "value_type": "date"}, 422, "invalid_value", "value_type"),
    ({"type": "static", "metric": "calls"}, 422, "invalid_entitlement", "metric"),
    ({"type": "metered"}, 422, "invalid_entitlement", "metric"),
    ({"type": "metered", "metric": "calls"}, 404, "metric_not_found", "metric"),
    ({"type": "boolean", "entitlement_key": "x"}, 422, "unknown_field", "entitlement_key"),
]


async def test_bad_entitlements(api, is_problem, subtests):
    for body, status, code, field in BAD_ENTITLEMENTS:
        with subtests.test(body=body):
            response = await api.post("/v1/entitlements", json={"name": "E", **body})
            is_problem(response, status, code, field)


@pytest.fixture
async def give(api, post):
    """Make an entitlement of a type, and answer what a plan makes of a value for it."""
    await post("/v1/plans", {"name": "Pro", "currency": "USD"})
    count = {"name": "Calls", "event_name": "call", "aggregation": {"type": "count"}}
    await post("/v1/metrics", count)

    async def put(entitlement, item):
        made = await post("/v1/entitlements", {"name": "E", **entitlement})
        body = {"entitlement": made["entitlement_key"], **item}
        return await api.post("/v1/plans/pro/items", json=body)

    return put


BOOLEAN = {"type": "boolean"}
METERED = {"type": "metered", "metric": "calls"}


def static(value_type):
    return {"type": "static", "value_type": value_type}


VALUES = [
    (BOOLEAN, {"value": False}, False),
    (BOOLEAN, {}, True),
    (METERED, {"value": 1000}, 1000),
    (METERED, {"value": None}, None),
    (static("text"), {"value": "gold"}, "gold"),
    (static("number"), {"value": 2.5}, 2.5),
    (static("number"), {"value": "20"}, 20),
    (
        static("json"),
        {"value": {"regions": ["eu"], "share": 0.1}},
        {"regions": ["eu"], "share": 0.1},
    ),
    (static("contract_item"), {"value": "99.9 % a month"}, "99.9 % a month"),
    ({"type": "static"}, {"value": 5}, 5),
]


async def test_values(give, subtests):
    for entitlement, item, stored in VALUES:
        with subtests.test(entitlement=entitlement, item=item):
            response = await give(entitlement, item)
            assert response.status_code == 201, response.text
            assert response.json()["value"] == stored


BAD_VALUES = [
    (BOOLEAN, {"value": "yes"}),
    (BOOLEAN, {"value": None}),
    (METERED, {"value": -1}),
    (METERED, {"value": True}),
    (static("text"), {}),
    (static("text"), {"value": 5}),
    (static("text"), {"value": "x" * 10_001}),
    (static("number"), {"value": "five"}),
    (static("number"), {"value": True}),
    (static("json"), {"value": None}),
    (static("json"), {"value": [10**30]}),
]


async def test_bad_values(give, is_problem, subtests):
    for entitlement, item in BAD_VALUES:
        with subtests.test(entitlement=entitlement, item=item):
            is_problem(await give(entitlement, item), 422, "invalid_entitlement_value", "value")

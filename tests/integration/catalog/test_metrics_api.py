"""Metrics through the API."""

TOKENS = {
    "name": "Tokens",
    "event_name": "llm.request",
    "aggregation": {"type": "sum", "property": "tokens"},
}
FILTER = {
    "and": [
        {"property": "model", "op": "in", "value": ["m1", "m2"]},
        {"or": [{"property": "share", "op": "gt", "value": 1.5}]},
    ]
}
MONTHLY = {"cadence": "month", "timing": "arrears", "price": {"type": "per_unit", "unit": "1"}}


async def test_a_metric_comes_back_as_it_was_sent(api, post):
    body = {
        **TOKENS,
        "key": "tokens",
        "description": "All of them",
        "show_on_invoice": False,
        "filter": FILTER,
        "group_by": ["model"],
    }
    made = await post("/v1/metrics", body)
    assert made["id"].startswith("met_")
    assert {name: made[name] for name in body} == body
    assert (await api.get("/v1/metrics/tokens")).json() == made
    assert (await api.get(f"/v1/metrics/{made['id']}")).json() == made
    assert (await api.get("/v1/metrics")).json()["data"] == [made]


async def test_keys_are_made_from_names_and_kept_apart(post):
    keys = [(await post("/v1/metrics", TOKENS))["key"] for _ in range(2)]
    nameless = await post("/v1/metrics", {**TOKENS, "name": "用量"})
    assert [*keys, nameless["key"]] == ["tokens", "tokens-2", "metric"]


BAD_FIELDS = [
    ({"event_name": ""}, "invalid_value", "event_name"),
    ({"aggregation": {}}, "invalid_aggregation", "aggregation"),
    ({"aggregation": {"type": "median"}}, "invalid_aggregation", "aggregation"),
    ({"aggregation": {"type": "sum"}}, "invalid_aggregation", "aggregation.property"),
    (
        {"aggregation": {"type": "count", "property": "x"}},
        "invalid_aggregation",
        "aggregation.property",
    ),
    (
        {"filter": {"and": [{"property": "a", "op": "like"}]}},
        "invalid_filter",
        "filter.and.0.op",
    ),
    ({"filter": []}, "invalid_value", "filter"),
    ({"sql": "select 1"}, "unknown_field", "sql"),
    ({"show_on_invoice": None}, "invalid_value", "show_on_invoice"),
]


async def test_bad_fields_are_named(api, post, is_problem, subtests):
    made = await post("/v1/metrics", TOKENS)
    for change, code, field in BAD_FIELDS:
        with subtests.test(change=change):
            is_problem(await api.post("/v1/metrics", json={**TOKENS, **change}), 422, code, field)
            is_problem(await api.patch("/v1/metrics/tokens", json=change), 422, code, field)
            assert (await api.get("/v1/metrics")).json()["data"] == [made]


async def test_an_unknown_aggregation_is_answered_with_the_known_ones(api):
    body = {**TOKENS, "aggregation": {"type": "median"}}
    detail = (await api.post("/v1/metrics", json=body)).json()["detail"]
    for known in ("count", "sum", "min", "max", "average", "latest", "unique"):
        assert known in detail


async def test_keys(api, post, is_problem):
    await post("/v1/metrics", {**TOKENS, "key": "tokens"})
    taken = await api.post("/v1/metrics", json={**TOKENS, "key": "tokens"})
    is_problem(taken, 409, "metric_exists", "key")
    reserved = await api.post("/v1/metrics", json={**TOKENS, "key": "met_mine"})
    is_problem(reserved, 422, "reserved_prefix", "key")
    is_problem(
        await api.patch("/v1/metrics/tokens", json={"key": "x"}), 422, "unknown_field", "key"
    )
    is_problem(await api.get("/v1/metrics/none"), 404, "metric_not_found", None)
    is_problem(await api.get("/v1/metrics/met_none"), 404, "metric_not_found", None)


async def test_an_unused_metric_changes_freely(api, post):
    made = await post("/v1/metrics", {**TOKENS, "filter": FILTER})
    change = {"filter": None, "aggregation": {"type": "count"}, "event_name": "call"}
    assert (await api.patch("/v1/metrics/tokens", json=change)).json() == {**made, **change}


async def test_a_metric_of_a_published_plan_keeps_what_it_counts(api, post, is_problem):
    await post("/v1/metrics", TOKENS)
    await post("/v1/plans", {"name": "Pro", "currency": "USD"})
    await post("/v1/plans/pro/items", {"metric": "tokens", **MONTHLY})
    count = {"aggregation": {"type": "count"}}
    assert (await api.patch("/v1/metrics/tokens", json=count)).status_code == 200
    await post("/v1/plans/pro/publish")
    for field, value in [
        ("aggregation", {"type": "max", "property": "tokens"}),
        ("event_name", "other"),
        ("filter", FILTER),
    ]:
        response = await api.patch("/v1/metrics/tokens", json={field: value, "name": "New"})
        is_problem(response, 409, "metric_in_use", field)
        assert "new metric" in response.json()["detail"]
    same = {**count, "event_name": TOKENS["event_name"], "name": "Renamed", "description": "x"}
    changed = (await api.patch("/v1/metrics/tokens", json=same)).json()
    assert (changed["name"], changed["key"]) == ("Renamed", "tokens")

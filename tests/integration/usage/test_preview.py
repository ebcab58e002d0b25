"""The Run button, and what a customer used."""

import pytest

SUM = {"event_name": "llm.request", "aggregation": {"type": "sum", "property": "tokens"}}


@pytest.fixture
async def usage(api, event):
    """Four events of two customers, one of them known by two names."""
    body = {"name": "Acme", "email": "a@acme.example", "external_id": "acme"}
    acme = (await api.post("/v1/customers", json=body)).json()["id"]
    events = [
        event(id="1", properties={"tokens": 5, "model": "m1"}),
        event(id="2", customer=acme, properties={"tokens": "2.50", "model": "m2"}),
        event(id="3", customer="globex", properties={"tokens": "many", "model": "m1"}),
        event(id="4", timestamp="2026-12-01T00:00:00Z", properties={"model": "m1"}),
        event(id="5", name="search"),
    ]
    assert (await api.post("/v1/events", json=events)).json()["accepted"] == 5
    return acme, events


async def preview(api, **body):
    response = await api.post("/v1/metrics/preview", json=body)
    assert response.status_code == 200, response.text
    return response.json()


async def test_a_preview_counts_what_is_stored_by_customer(api, usage):
    acme, _ = usage
    found = await preview(api, **SUM)
    assert (found["matched"], found["counted"], found["quantity"]) == (4, 2, "7.5")
    assert found["uncounted"] == {"missing_property": 1, "not_a_number": 1}
    assert [
        (each["customer"], each["matched"], each["quantity"]) for each in found["by_customer"]
    ] == [(acme, 3, "7.5"), ("globex", 1, "0")]
    assert [sample["id"] for sample in found["samples"]] == ["4", "3", "2", "1"]
    assert found["samples"][2]["properties"] == {"tokens": "2.50", "model": "m2"}


async def test_a_preview_is_narrowed_by_filter_customer_and_time(api, usage):
    acme, _ = usage
    only_m1 = {"filter": {"property": "model", "op": "eq", "value": "m1"}}
    assert (await preview(api, **SUM, **only_m1))["quantity"] == "5"
    for reference in ("acme", acme):
        assert (await preview(api, **SUM, customer=reference))["matched"] == 3
    assert (await preview(api, **SUM, customer="nobody"))["matched"] == 0
    november = {"from": "2026-11-01T00:00:00Z", "to": "2026-12-01T00:00:00Z"}
    assert (await preview(api, **SUM, **november))["matched"] == 3


async def test_a_preview_of_given_events_answers_like_one_of_stored(api, usage):
    _, events = usage
    stored = await preview(api, **SUM)
    given = await preview(api, **SUM, events=events)
    for field in ("matched", "counted", "quantity", "uncounted", "samples"):
        assert given[field] == stored[field]


async def test_given_events_need_no_more_than_their_properties(api):
    found = await preview(api, **SUM, events=[{"properties": {"tokens": n}} for n in (1, 2.5)])
    assert (found["matched"], found["quantity"]) == (2, "3.5")


async def test_a_stored_metric_is_run_by_key_and_its_whole_body_is_taken_too(api, usage):
    body = {"key": "tokens", "name": "Tokens", "description": "d", "show_on_invoice": True, **SUM}
    made = (await api.post("/v1/metrics", json=body)).json()
    by_body = await preview(api, **body)
    assert await preview(api, metric="tokens") == await preview(api, metric=made["id"]) == by_body


async def test_samples_keep_every_digit(api):
    digits = "12345678901234567890.123456789012345678901234567891"
    text = (
        '{"event_name": "n", "aggregation": {"type": "count"},'
        f' "events": [{{"properties": {{"x": {digits}}}}}]}}'
    )
    assert digits in (await api.post("/v1/metrics/preview", content=text)).text


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({}, 422, "invalid_value", "body"),
        ({"metric": "tokens", **SUM}, 422, "invalid_value", "body"),
        ({"metric": "tokens"}, 404, "metric_not_found", "metric"),
        ({**SUM, "aggregation": {"type": "median"}}, 422, "invalid_aggregation", "aggregation"),
        ({**SUM, "aggregation": {"type": "sum"}}, 422, "invalid_aggregation", None),
        ({**SUM, "filter": {"property": "x", "op": "like"}}, 422, "invalid_filter", None),
        ({**SUM, "from": "2026-11-01T00:00:00"}, 422, "naive_timestamp", "from"),
        ({**SUM, "unknown": 1}, 422, "unknown_field", "unknown"),
    ],
)
async def test_a_preview_that_cannot_be_is_explained(api, body, status, code, field):
    response = await api.post("/v1/metrics/preview", json=body)
    problem = response.json()
    assert (response.status_code, problem["code"]) == (status, code), problem
    if field is not None:
        assert problem["field"] == field


async def test_what_a_customer_used_is_answered_by_metric(api, usage):
    acme, _ = usage
    for key, aggregation in (("requests", {"type": "count"}), ("tokens", SUM["aggregation"])):
        metric = {"key": key, "name": key, "event_name": "llm.request", "aggregation": aggregation}
        assert (await api.post("/v1/metrics", json=metric)).status_code == 201
    for reference in (acme, "acme"):
        answer = (await api.get(f"/v1/customers/{reference}/usage")).json()
        assert [(each["metric"], each["quantity"]) for each in answer["data"]] == [
            ("requests", "3"),
            ("tokens", "7.5"),
        ]
    month = {"from": "2026-12-01T00:00:00Z", "to": "2027-01-01T00:00:00Z"}
    answer = (await api.get("/v1/customers/acme/usage", params=month)).json()
    assert [each["quantity"] for each in answer["data"]] == ["1", "0"]
    assert (await api.get("/v1/customers/nobody/usage")).status_code == 404

"""What every write has, shown on one: `Idempotency-Key`, keys and scopes."""

import asyncio

import pytest
from sqlalchemy import text

ACME = {"name": "Acme", "email": "billing@acme.example"}
ONCE = {"Idempotency-Key": "order-1"}


async def test_same_key_and_body_is_one_write_with_one_answer(api):
    first = await api.post("/v1/customers", json=ACME, headers=ONCE)
    second = await api.post("/v1/customers", json=ACME, headers=ONCE)
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == first.json()
    assert second.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert len((await api.get("/v1/customers")).json()["data"]) == 1


async def test_same_key_and_another_body_is_refused(api, is_problem):
    await api.post("/v1/customers", json=ACME, headers=ONCE)
    other = await api.post("/v1/customers", json={**ACME, "name": "Other"}, headers=ONCE)
    is_problem(other, 422, "idempotency_key_reused", "idempotency-key")
    elsewhere = await api.post("/v1/metrics", json=ACME, headers=ONCE)
    is_problem(elsewhere, 422, "idempotency_key_reused", "idempotency-key")


async def test_twenty_at_once_are_one_write(api):
    sent = (api.post("/v1/customers", json=ACME, headers=ONCE) for _ in range(20))
    answers = await asyncio.gather(*sent)
    in_flight = [each for each in answers if each.status_code == 409]
    done = [each for each in answers if each.status_code == 201]
    assert len(in_flight) + len(done) == 20
    assert all(each.json()["code"] == "idempotency_in_flight" for each in in_flight)
    assert len({each.json()["id"] for each in done}) == 1
    assert len((await api.get("/v1/customers")).json()["data"]) == 1


async def test_a_refused_write_leaves_the_key_unused(api):
    refused = await api.post("/v1/customers", json={"name": "Acme"}, headers=ONCE)
    assert refused.status_code == 422
    assert (await api.post("/v1/customers", json=ACME, headers=ONCE)).status_code == 201


async def test_a_key_of_another_caller_is_another_key(api, post, connect):
    made = await post("/v1/api_keys", {"name": "crm", "scopes": ["customers:write"]})
    await api.post("/v1/customers", json=ACME, headers=ONCE)
    async with connect(made["key"]) as other:
        answer = await other.post("/v1/customers", json=ACME, headers=ONCE)
    assert "idempotent-replayed" not in answer.headers
    assert len((await api.get("/v1/customers")).json()["data"]) == 2


@pytest.mark.parametrize("key", ["", "x" * 256])
async def test_unusable_keys(api, is_problem, key):
    response = await api.post("/v1/customers", json=ACME, headers={"Idempotency-Key": key})
    is_problem(response, 400, "invalid_idempotency_key", "idempotency-key")


CALLS = [
    ("GET", "/v1/customers", "customers:read"),
    ("POST", "/v1/customers", "customers:write"),
    ("PATCH", "/v1/customers/acme", "customers:write"),
    ("DELETE", "/v1/customers/acme/contacts/con_1", "customers:write"),
    ("GET", "/v1/metrics", "catalog:read"),
    ("POST", "/v1/metrics", "catalog:write"),
    ("POST", "/v1/plans/pro/publish", "catalog:write"),
    ("POST", "/v1/prices/evaluate", "catalog:read"),
    ("GET", "/v1/subscriptions", "subscriptions:read"),
    ("POST", "/v1/subscriptions/sub_1/cancel", "subscriptions:write"),
]


async def test_each_call_needs_its_scope(hub, post, connect, is_problem, subtests):
    made = await post("/v1/api_keys", {"name": "usage only", "scopes": ["usage:*"]})
    async with connect(made["key"]) as weak, connect("unknown") as unknown:
        for method, path, scope in CALLS:
            with subtests.test(method=method, path=path):
                refused = await weak.request(method, path, json={})
                is_problem(refused, 403, "missing_scope", None)
                assert scope in refused.json()["detail"]
                is_problem(await unknown.request(method, path), 401, "invalid_key", None)
    async with hub.database.session() as session:
        assert (await session.execute(text("select count(*) from customer"))).scalar_one() == 0


async def test_no_key_at_all(api, is_problem):
    response = await api.get("/v1/customers", headers={"Authorization": ""})
    is_problem(response, 401, "missing_key", None)
    assert response.headers["www-authenticate"] == "Bearer"

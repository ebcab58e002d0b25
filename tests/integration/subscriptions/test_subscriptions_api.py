"""Subscriptions through the API: begun, listed, cancelled."""

import asyncio

import pytest
from sqlalchemy import text

from atlas_hub.db.ids import new_id

FEE = {"fee": "Platform", "price": {"type": "flat", "amount": "49.00"}}
SUPPORT = {"fee": "Support", "cadence": "week", "price": {"type": "flat", "amount": "1"}}
ACME = {"name": "Acme", "email": "b@acme.example", "external_id": "acme"}


@pytest.fixture
async def plan(post):
    """A published plan with a monthly and a weekly fee."""
    await post("/v1/plans", {"name": "Pro", "currency": "USD"})
    await post("/v1/plans/pro/items", FEE)
    await post("/v1/plans/pro/items", SUPPORT)
    return await post("/v1/plans/pro/publish")


@pytest.fixture
async def customer(post):
    """A customer in Berlin."""
    return await post("/v1/customers", {**ACME, "timezone": "Europe/Berlin"})


@pytest.fixture
def move_clock(post):
    """Move business time."""

    async def move(now):
        await post("/v1/test_clock", {"now": now})

    return move


async def test_a_date_begins_at_midnight_of_the_customers_zone(api, post, plan, customer):
    body = {"customer": "acme", "plan": "pro", "start": "2026-01-31"}
    made = await post("/v1/subscriptions", body)
    (version,) = plan["versions"]
    assert {name: value for name, value in made.items() if name not in ("id", "created_at")} == {
        "customer": customer["id"],
        "plan": plan["id"],
        "plan_version": version["id"],
        "status": "scheduled",
        "start": "2026-01-30T23:00:00Z",
        "end": None,
        "timezone": "Europe/Berlin",
        "anchor": "2026-01-31",
        "quantity": 1,
        "overrides": {},
        "items": made["items"],
    }
    assert [(each["plan_item"], each["billed_until"]) for each in made["items"]] == [
        (item["id"], None) for item in version["items"]
    ]
    assert (await api.get(f"/v1/subscriptions/{made['id']}")).json() == made


async def test_a_time_or_now(post, plan, customer):
    body = {"customer": customer["id"], "plan": plan["id"], "quantity": 3, "overrides": {}}
    at = await post("/v1/subscriptions", {**body, "start": "2025-12-31T23:30:00.5+00:00"})
    assert (at["start"], at["anchor"]) == ("2025-12-31T23:30:00.500000Z", "2026-01-01")
    now = await post("/v1/subscriptions", body)
    assert (now["start"], now["status"], now["quantity"]) == ("2026-01-01T00:00:00Z", "active", 3)


async def test_a_plan_means_its_latest_published_version(post, plan, customer):
    body = {"customer": "acme", "plan": "pro"}
    first = plan["versions"][0]["id"]
    second = (await post("/v1/plans/pro/versions"))["versions"][1]["id"]
    assert (await post("/v1/subscriptions", body))["plan_version"] == first
    await post("/v1/plans/pro/publish")
    assert (await post("/v1/subscriptions", body))["plan_version"] == second
    assert (await post("/v1/subscriptions", {**body, "plan": first}))["plan_version"] == first


async def test_a_draft_is_not_subscribed_to(api, post, is_problem, customer):
    plan = await post("/v1/plans", {"name": "Draft", "currency": "USD"})
    for reference in (plan["key"], plan["id"], plan["versions"][0]["id"]):
        response = await api.post("/v1/subscriptions", json={"customer": "acme", "plan": reference})
        is_problem(response, 409, "plan_not_published", "plan")
        assert f"/v1/plans/{plan['id']}/publish" in response.json()["detail"]


BAD = [
    ({"customer": "nobody"}, 404, "customer_not_found", "customer"),
    ({"customer": None}, 422, "invalid_value", "customer"),
    ({"plan": "none"}, 404, "plan_not_found", "plan"),
    ({"plan": "plv_none"}, 404, "plan_not_found", "plan"),
    ({"start": "2026-02-30"}, 422, "invalid_date", "start"),
    ({"start": "9999-12-31"}, 422, "date_out_of_range", "start"),
    ({"start": "0001-01-01"}, 422, "date_out_of_range", "start"),
    ({"start": "2026-01-01T00:00:00"}, 422, "naive_timestamp", "start"),
    ({"start": "yesterday"}, 422, "invalid_timestamp", "start"),
    ({"start": 5}, 422, "invalid_value", "start"),
    ({"quantity": 0}, 422, "invalid_value", "quantity"),
    ({"quantity": "two"}, 422, "invalid_value", "quantity"),
    ({"overrides": {"net_days": 5}}, 422, "overrides_not_supported", "overrides"),
    ({"currency": "EUR"}, 422, "unknown_field", "currency"),
]


async def test_bad_subscriptions(api, is_problem, plan, customer, subtests):
    for change, status, code, field in BAD:
        with subtests.test(change=change):
            body = {"customer": "acme", "plan": "pro", **change}
            is_problem(await api.post("/v1/subscriptions", json=body), status, code, field)
    assert (await api.get("/v1/subscriptions")).json()["data"] == []


async def test_lists(api, post, plan, customer):
    other = await post("/v1/customers", {**ACME, "external_id": "other"})
    made = [
        await post("/v1/subscriptions", {"customer": each, "plan": "pro"})
        for each in ("acme", "other", "acme")
    ]
    listed = (await api.get("/v1/subscriptions", params={"limit": 2})).json()
    assert listed["data"] == [made[2], made[1]]
    rest = await api.get("/v1/subscriptions", params={"cursor": listed["next_cursor"]})
    assert rest.json() == {"data": [made[0]], "next_cursor": None}
    by_customer = await api.get("/v1/subscriptions", params={"customer": other["id"]})
    assert by_customer.json()["data"] == [made[1]]
    await post("/v1/plans", {"name": "Empty", "currency": "USD"})
    for reference, count in (("pro", 3), ("empty", 0)):
        by_plan = await api.get("/v1/subscriptions", params={"plan": reference})
        assert len(by_plan.json()["data"]) == count


@pytest.fixture
async def subscription(post, plan, customer):
    """A subscription since the start of 2026, local time."""
    body = {"customer": "acme", "plan": "pro", "start": "2026-01-01"}
    return await post("/v1/subscriptions", body)


async def test_cancel_now_and_at_period_end(api, post, is_problem, subscription, move_clock):
    path = f"/v1/subscriptions/{subscription['id']}"
    await move_clock("2026-01-10T12:00:00Z")
    preview = await post(f"{path}/cancel?preview=true", {"at": "period_end"})
    assert preview["would_end"] == "2026-01-31T23:00:00Z"
    assert (preview["end"], preview["status"]) == (None, "active")
    assert (await api.get(path)).json()["end"] is None
    cancelled = await post(f"{path}/cancel", {"at": "period_end"})
    assert cancelled["end"] == cancelled["would_end"] == preview["would_end"]
    assert cancelled["status"] == "cancel_scheduled"
    now = await post(f"{path}/cancel", {"at": "now"})
    assert (now["end"], now["status"]) == ("2026-01-10T12:00:00Z", "ended")
    again = await api.post(f"{path}/cancel", json={"at": "now"})
    is_problem(again, 409, "subscription_ended", None)


async def test_cancel_at_a_time(api, post, is_problem, subscription, move_clock):
    path = f"/v1/subscriptions/{subscription['id']}/cancel"
    await move_clock("2026-03-01T00:00:00Z")
    for at, code in [
        ("2026-02-28T23:59:59Z", "cancel_in_past"),
        ("2026-04-01", "invalid_timestamp"),
        ("2026-04-01T00:00:00", "naive_timestamp"),
        ("soon", "invalid_timestamp"),
        (None, "invalid_value"),
    ]:
        is_problem(await api.post(path, json={"at": at}), 422, code, "at")
    cancelled = await post(path, {"at": "2026-04-15T00:00:00+02:00"})
    assert cancelled["end"] == "2026-04-14T22:00:00Z"


async def test_what_has_not_begun_never_does(post, plan, customer):
    body = {"customer": "acme", "plan": "pro", "start": "2026-02-01"}
    for at in ("now", "period_end", "2026-01-15T00:00:00Z"):
        made = await post("/v1/subscriptions", body)
        cancelled = await post(f"/v1/subscriptions/{made['id']}/cancel", {"at": at})
        assert cancelled["end"] == cancelled["start"] == "2026-01-31T23:00:00Z"


async def test_cancelling_lets_billing_plan_again(hub, post, subscription):
    planned = "update subscription_item set due_at = now(), ended = true"
    async with hub.database.transaction() as session:
        await session.execute(text(planned))
    await post(f"/v1/subscriptions/{subscription['id']}/cancel", {"at": "period_end"})
    async with hub.database.session() as session:
        rows = await session.execute(text("select due_at, ended from subscription_item"))
        assert [tuple(row) for row in rows] == [(None, False)] * 2


async def test_unknown_subscriptions(api, is_problem):
    path = f"/v1/subscriptions/{new_id('sub')}"
    is_problem(await api.get(path), 404, "subscription_not_found", None)
    cancelled = await api.post(f"{path}/cancel", json={"at": "now"})
    is_problem(cancelled, 404, "subscription_not_found", None)


async def test_concurrent_cancels_agree(api, subscription, move_clock):
    await move_clock("2026-01-10T12:00:00Z")
    path = f"/v1/subscriptions/{subscription['id']}/cancel"
    answers = await asyncio.gather(*(api.post(path, json={"at": "now"}) for _ in range(6)))
    assert sorted(each.status_code for each in answers) == [200] + [409] * 5

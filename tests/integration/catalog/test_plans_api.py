"""Plans through the API: drafts, publication, versions."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

FEE = {"fee": "Platform", "price": {"type": "flat", "amount": "49.00"}}
USAGE = {"metric": "calls", "price": {"type": "per_unit", "unit": "0.0000015"}}


@pytest.fixture
async def plan(post):
    """A draft in USD without items, and a metric to bill by."""
    count = {"name": "Calls", "event_name": "call", "aggregation": {"type": "count"}}
    await post("/v1/metrics", count)
    return await post("/v1/plans", {"name": "LLM Pro", "currency": "USD"})


async def test_a_new_plan_is_an_empty_draft(api, post, is_problem):
    body = {"key": "pro", "name": "Pro", "description": "d", "currency": "EUR"}
    made = await post("/v1/plans", {**body, "payment_terms": {"net_days": 14}})
    assert {name: made[name] for name in body} == body
    assert (made["status"], made["payment_terms"]) == ("draft", {"net_days": 14})
    (version,) = made["versions"]
    assert (version["number"], version["status"], version["items"]) == (1, "draft", [])
    assert (await api.get("/v1/plans/pro")).json() == made
    assert (await api.get("/v1/plans")).json()["data"] == [made]
    is_problem(await api.post("/v1/plans", json=body), 409, "plan_exists", "key")


BAD_PLANS = [
    ({"currency": "usd"}, "unknown_currency", "currency"),
    ({"currency": "XXX"}, "unknown_currency", "currency"),
    ({"currency": None}, "invalid_value", "currency"),
    ({"payment_terms": {"net_days": -1}}, "invalid_value", "payment_terms.net_days"),
    ({"payment_terms": {"days": 1}}, "unknown_field", "payment_terms.days"),
    ({"key": "a b"}, "invalid_value", "key"),
    ({"key": "pln_x"}, "reserved_prefix", "key"),
]


async def test_bad_plans(api, is_problem, subtests):
    for change, code, field in BAD_PLANS:
        with subtests.test(change=change):
            body = {"name": "Pro", "currency": "USD", **change}
            is_problem(await api.post("/v1/plans", json=body), 422, code, field)


async def test_items_keep_their_order_and_can_be_changed_and_removed(api, post, plan):
    path = f"/v1/plans/{plan['id']}/items"
    fee = await post(path, FEE)
    usage = await post(path, {**USAGE, "cadence": "week", "timing": "arrears"})
    assert fee == {
        "id": fee["id"],
        "metric": None,
        "entitlement": None,
        "value": None,
        "fee": "Platform",
        "cadence": "month",
        "timing": "arrears",
        "price": {"type": "flat", "amount": "49", "minimum": None, "maximum": None},
    }
    changed = await api.patch(f"{path}/{fee['id']}", json={"timing": "advance", "cadence": "year"})
    assert changed.json() == {**fee, "timing": "advance", "cadence": "year"}
    (version,) = (await api.get("/v1/plans/llm-pro")).json()["versions"]
    assert version["items"] == [changed.json(), usage]
    assert (await api.delete(f"{path}/{fee['id']}")).status_code == 204
    (version,) = (await api.get("/v1/plans/llm-pro")).json()["versions"]
    assert version["items"] == [usage]


TIERS = [{"up_to": "10", "unit": "1"}, {"up_to": "5", "unit": "1"}, {"unit": "1"}]


BAD_ITEMS = [
    ({}, "invalid_plan_item", "metric"),
    ({**FEE, "metric": "calls"}, "invalid_plan_item", "metric"),
    ({"fee": "x"}, "invalid_plan_item", "price"),
    ({"metric": "calls"}, "invalid_plan_item", "price"),
    ({**USAGE, "timing": "advance"}, "invalid_plan_item", "timing"),
    ({**USAGE, "cadence": "once"}, "invalid_plan_item", "cadence"),
    ({**FEE, "cadence": "fortnight"}, "invalid_value", "cadence"),
    ({**FEE, "value": 1}, "invalid_plan_item", "value"),
    ({**FEE, "currency": "EUR"}, "currency_mismatch", "currency"),
    ({**FEE, "price": {**FEE["price"], "currency": "EUR"}}, "currency_mismatch", "price.currency"),
    ({**FEE, "price": "49"}, "invalid_value", "price"),
    ({**FEE, "price": {}}, "invalid_price", "price"),
    ({**FEE, "price": {"type": "flat"}}, "invalid_price", "price.amount"),
    ({**FEE, "price": {"type": "flat", "amount": "-1"}}, "invalid_price", "price.amount"),
    ({**FEE, "price": {"type": "flat", "amount": "1", "tax": "1"}}, "invalid_price", "price.tax"),
    ({**FEE, "price": {"type": "dynamic"}}, "invalid_plan_item", "price.type"),
    ({**USAGE, "price": {"type": "percentage", "rate": "1"}}, "invalid_plan_item", "price.type"),
    ({**USAGE, "price": {"type": "graduated", "tiers": TIERS}}, "invalid_price", "price.tiers"),
    (
        {**USAGE, "price": {"type": "graduated", "tiers": [TIERS[0], {"up_to": "x"}]}},
        "invalid_price",
        "price.tiers.1.up_to",
    ),
]


async def test_bad_items(api, is_problem, plan, subtests):
    for item, code, field in BAD_ITEMS:
        with subtests.test(item=item):
            response = await api.post("/v1/plans/llm-pro/items", json=item)
            is_problem(response, 422, code, field)
            assert (await api.get("/v1/plans/llm-pro")).json() == plan


async def test_an_unknown_price_type_is_answered_with_the_known_ones(api, plan):
    item = {"fee": "x", "price": {"type": "barter"}}
    detail = (await api.post("/v1/plans/llm-pro/items", json=item)).json()["detail"]
    for known in ("flat", "per_unit", "graduated", "volume", "package"):
        assert known in detail


UNKNOWN = [
    ({"metric": "none"}, "metric_not_found"),
    ({"entitlement": "none"}, "entitlement_not_found"),
]


async def test_an_item_about_nothing_known(api, is_problem, plan, subtests):
    for item, code in UNKNOWN:
        with subtests.test(item=item):
            response = await api.post("/v1/plans/llm-pro/items", json=item)
            is_problem(response, 404, code, next(iter(item)))


async def test_the_plans_own_currency_may_be_repeated(post, plan):
    price = {**FEE["price"], "currency": "USD"}
    item = await post("/v1/plans/llm-pro/items", {**FEE, "price": price, "currency": "USD"})
    assert "currency" not in item["price"]


async def test_unknown_plans_and_items(api, is_problem, plan):
    path = "/v1/plans/llm-pro/items/pli_none"
    is_problem(await api.patch(path, json={}), 404, "plan_item_not_found", None)
    is_problem(await api.delete(path), 404, "plan_item_not_found", None)
    for response in (
        await api.get("/v1/plans/none"),
        await api.post("/v1/plans/none/items", json=FEE),
        await api.post("/v1/plans/none/publish"),
        await api.post("/v1/plans/pln_none/versions"),
    ):
        is_problem(response, 404, "plan_not_found", None)


async def test_an_empty_plan_is_not_published(api, is_problem, plan):
    is_problem(await api.post("/v1/plans/llm-pro/publish"), 409, "plan_empty", None)
    assert (await api.get("/v1/plans/llm-pro")).json() == plan


async def test_a_published_version_never_changes(api, post, is_problem, plan):
    item = await post("/v1/plans/llm-pro/items", FEE)
    published = await post("/v1/plans/llm-pro/publish")
    assert published["status"] == "published"
    (version,) = published["versions"]
    assert (version["status"], version["items"]) == ("published", [item])
    for response in (
        await api.post("/v1/plans/llm-pro/items", json=FEE),
        await api.patch(f"/v1/plans/llm-pro/items/{item['id']}", json={"timing": "advance"}),
        await api.delete(f"/v1/plans/llm-pro/items/{item['id']}"),
        await api.post("/v1/plans/llm-pro/publish"),
    ):
        is_problem(response, 409, "plan_published", None)
        assert "/versions" in response.json()["detail"]
    assert (await api.get("/v1/plans/llm-pro")).json() == published


async def test_the_next_version_starts_from_the_latest(api, post, is_problem, plan):
    await post("/v1/plans/llm-pro/items", FEE)
    await post("/v1/plans/llm-pro/items", USAGE)
    is_problem(await api.post("/v1/plans/llm-pro/versions"), 409, "draft_exists", None)
    first = (await post("/v1/plans/llm-pro/publish"))["versions"][0]
    second = (await post("/v1/plans/llm-pro/versions"))["versions"][1]
    assert (second["number"], second["status"]) == (2, "draft")
    ids = {item["id"] for item in first["items"] + second["items"]}
    assert len(ids) == 4
    without_ids = [[{**item, "id": None} for item in each["items"]] for each in (first, second)]
    assert without_ids[0] == without_ids[1]
    change = {"price": {"type": "flat", "amount": "59.00"}}
    await api.patch(f"/v1/plans/llm-pro/items/{second['items'][0]['id']}", json=change)
    final = (await api.get("/v1/plans/llm-pro")).json()
    assert final["status"] == "published"
    assert final["versions"][0] == first
    assert final["versions"][1]["items"][0]["price"]["amount"] == "59"


async def test_concurrent_versions_and_items_do_not_collide(api, post, plan):
    added = await asyncio.gather(*(post("/v1/plans/llm-pro/items", FEE) for _ in range(8)))
    (version,) = (await post("/v1/plans/llm-pro/publish"))["versions"]
    assert {each["id"] for each in version["items"]} == {each["id"] for each in added}
    answers = await asyncio.gather(*(api.post("/v1/plans/llm-pro/versions") for _ in range(8)))
    assert sorted(each.status_code for each in answers) == [201] + [409] * 7


FORBIDDEN = [
    "update plan_version set number = 9 where id = :final",
    "update plan_version set status = 'draft' where id = :final",
    "delete from plan_version where id = :final",
    "update plan_item set cadence = 'year' where plan_version_id = :final",
    "update plan_item set plan_version_id = :draft where plan_version_id = :final",
    "update plan_item set plan_version_id = :final where plan_version_id = :draft",
    "delete from plan_item where plan_version_id = :final",
    """insert into plan_item (id, plan_version_id, position, cadence, timing)
       values ('pli_x', :final, 9, 'month', 'arrears')""",
]


async def test_the_database_refuses_too(hub, post, plan, subtests):
    await post("/v1/plans/llm-pro/items", FEE)
    await post("/v1/plans/llm-pro/publish")
    final, draft = (await post("/v1/plans/llm-pro/versions"))["versions"]
    for statement in FORBIDDEN:
        with subtests.test(statement=statement):
            async with hub.database.session() as session:
                query = session.execute(
                    text(statement), {"final": final["id"], "draft": draft["id"]}
                )
                with pytest.raises(DBAPIError, match="make a new version") as refusal:
                    await query
            assert refusal.value.orig.sqlstate == "AH001"

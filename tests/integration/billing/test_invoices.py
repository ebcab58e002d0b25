"""Invoices: frozen and numbered when they are finalized, and never changed after."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tests.integration.shop import REQUESTS, Shop, fee, lines_of, usage


@pytest.fixture
async def draft(shop: Shop) -> dict:
    """A draft over a fee and one request of January."""
    await shop.call("POST", "/v1/metrics", REQUESTS)
    await shop.plan(fee("Base", "49.00"), usage("requests", "0.5"))
    await shop.customer()
    await shop.subscribe(start="2026-01-01")
    await shop.use(["2026-01-15T00:00:00Z"])
    await shop.clock("2026-02-01T00:00:00Z")
    (invoice,) = await shop.bill()
    return invoice


async def finalize(shop: Shop, invoice: dict) -> dict:
    return await shop.call("POST", f"/v1/invoices/{invoice['id']}/finalize", {})


async def test_finalize_gives_number_and_due_date(shop: Shop, draft: dict) -> None:
    final = await finalize(shop, draft)
    assert final["number"] == "INV-000001"
    assert final["status"] == "open"
    assert final["due_date"] == "2026-02-15T00:00:00Z"
    assert await finalize(shop, draft) == final
    by_number = await shop.call("GET", "/v1/invoices/INV-000001")
    assert by_number["id"] == final["id"]


async def test_events_that_come_while_it_is_a_draft_are_on_it(shop: Shop, draft: dict) -> None:
    await shop.use(["2026-01-20T00:00:00Z"])
    final = await finalize(shop, draft)
    assert lines_of(final) == [("Base", "1", "49.00"), ("Requests", "2", "1.00")]
    assert [line["id"] for line in final["lines"]] == [line["id"] for line in draft["lines"]]
    await shop.use(["2026-01-21T00:00:00Z"])
    assert lines_of(await shop.call("GET", f"/v1/invoices/{draft['id']}")) == lines_of(final)


async def test_the_collection_window_ends_an_hour_after_the_period(shop: Shop, draft: dict) -> None:
    await shop.clock("2026-02-01T00:59:59Z")
    assert [each["status"] for each in await shop.bill()] == ["draft"]
    await shop.clock("2026-02-01T01:00:00Z")
    assert [each["status"] for each in await shop.bill()] == ["open"]


async def test_ten_who_finalize_at_once_get_the_same_invoice(shop: Shop, draft: dict) -> None:
    answers = await asyncio.gather(*(finalize(shop, draft) for _ in range(10)))
    assert {answer["number"] for answer in answers} == {"INV-000001"}


@pytest.mark.parametrize(
    "statement",
    [
        "update invoice set total = 1",
        "update invoice set customer_id = customer_id || 'x'",
        "update invoice set status = 'draft'",
        "delete from invoice",
        "update invoice_line set amount = 0",
        "delete from invoice_line",
        "update invoice set amount_due = 0",
        "update invoice_line set invoice_id = 'inv_other'",
    ],
)
async def test_the_database_itself_refuses_to_change_a_final_invoice(
    shop: Shop, hub, draft: dict, statement: str
) -> None:
    await finalize(shop, draft)
    with pytest.raises(DBAPIError, match=r"final|cannot go"):
        async with hub.database.transaction() as session:
            await session.execute(text(statement))


async def test_an_invoice_over_nothing_is_paid_at_once(shop: Shop) -> None:
    await shop.call("POST", "/v1/metrics", REQUESTS)
    await shop.plan(usage("requests", "0.5"))
    await shop.customer()
    await shop.subscribe(start="2026-01-01")
    await shop.clock("2026-02-01T00:00:00Z")
    (invoice,) = await shop.bill(finalize=True)
    assert (invoice["status"], invoice["total"], invoice["payments"]) == ("paid", "0.00", [])


async def test_a_voided_invoice_is_owed_no_more_and_keeps_its_number(
    shop: Shop, draft: dict
) -> None:
    refused = await shop.api.post(f"/v1/invoices/{draft['id']}/void", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "invalid_transition")
    await finalize(shop, draft)
    void = await shop.call("POST", f"/v1/invoices/{draft['id']}/void", {})
    assert (void["status"], void["number"]) == ("void", "INV-000001")
    again = await shop.api.post(f"/v1/invoices/{draft['id']}/finalize", json={})
    assert (again.status_code, again.json()["code"]) == (409, "invoice_not_draft")


async def test_every_number_is_explained(shop: Shop, draft: dict) -> None:
    explanation = await shop.call("GET", f"/v1/invoices/{draft['id']}/explain")
    base, requests = explanation["lines"]
    assert base["amount"] == "49.00"
    assert any("1 x 0.5 = 0.50" in step for step in requests["steps"])
    assert explanation["sums"] == ["subtotal: 49.00 + 0.50 = 49.50 EUR", "total: 49.50 EUR"]


async def test_invoices_are_listed_by_customer_and_status(shop: Shop, draft: dict) -> None:
    await shop.customer("other")
    for path, count in (
        ("/v1/invoices?customer=acme", 1),
        ("/v1/customers/acme/invoices", 1),
        ("/v1/invoices?customer=other", 0),
        ("/v1/invoices?status=draft", 1),
        ("/v1/invoices?status=paid", 0),
    ):
        assert len((await shop.call("GET", path))["data"]) == count, path
    missing = await shop.api.get("/v1/invoices?customer=nobody")
    assert (missing.status_code, missing.json()["code"]) == (404, "customer_not_found")

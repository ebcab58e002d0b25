"""The billing run: what is due becomes invoices, once, whoever asks and how often."""

import asyncio

import pytest
from sqlalchemy import event, text

from tests.integration.shop import REQUESTS, Shop, fee, lines_of, usage


async def test_a_month_is_billed_when_it_is_over(shop: Shop) -> None:
    await shop.call("POST", "/v1/metrics", REQUESTS)
    await shop.plan(fee("Base", "49.00"), usage("requests", "0.5"))
    await shop.customer()
    await shop.subscribe(start="2026-01-01")
    await shop.use(["2026-01-01T00:00:00Z", "2026-01-31T23:59:59.999999Z", "2026-02-01T00:00:00Z"])
    await shop.clock("2026-01-31T23:59:59Z")
    assert await shop.bill() == []
    await shop.clock("2026-02-01T00:00:00Z")
    (invoice,) = await shop.bill()
    assert lines_of(invoice) == [("Base", "1", "49.00"), ("Requests", "2", "1.00")]
    assert invoice["status"] == "draft"
    assert invoice["number"] is None
    assert invoice["total"] == "50.00"
    assert invoice["period"] == {"start": "2026-01-01T00:00:00Z", "end": "2026-02-01T00:00:00Z"}


async def test_running_again_answers_the_same_drafts_and_writes_nothing(shop: Shop) -> None:
    await shop.plan(fee("Base", "49.00"))
    await shop.customer()
    await shop.subscribe(start="2026-01-01")
    await shop.clock("2026-02-01T00:00:00Z")
    first = await shop.bill()
    assert await shop.bill() == first
    assert len((await shop.call("GET", "/v1/invoices"))["data"]) == 1


async def test_twenty_runs_at_once_bill_once(shop: Shop) -> None:
    await shop.plan(fee("Base", "49.00"))
    for number in range(5):
        await shop.customer(f"c{number}")
        await shop.subscribe(f"c{number}", start="2026-01-01")
    await shop.clock("2026-02-01T00:00:00Z")
    await asyncio.gather(*(shop.call("POST", "/v1/billing/run", {}) for _ in range(20)))
    invoices = (await shop.call("GET", "/v1/invoices"))["data"]
    assert len({invoice["customer"] for invoice in invoices}) == len(invoices) == 5


async def test_months_that_were_missed_are_caught_up_one_invoice_each(shop: Shop) -> None:
    await shop.plan(fee("Base", "49.00"))
    await shop.customer()
    await shop.subscribe(start="2026-01-31")
    await shop.clock("2026-05-01T12:00:00Z")
    invoices = await shop.bill()
    assert [invoice["period"]["start"][:10] for invoice in invoices] == [
        "2026-01-31",
        "2026-02-28",
        "2026-03-31",
    ]


async def test_fees_in_advance_and_once_are_due_at_the_start(shop: Shop) -> None:
    await shop.plan(
        fee("Set-up", "100.00", cadence="once", timing="advance"),
        fee("Base", "49.00", timing="advance"),
    )
    await shop.customer()
    await shop.subscribe(start="2026-01-01")
    (invoice,) = await shop.bill()
    assert lines_of(invoice) == [("Set-up", "1", "100.00"), ("Base", "1", "49.00")]
    await shop.clock("2026-02-01T00:00:00Z")
    *_, second = await shop.bill()
    assert lines_of(second) == [("Base", "1", "49.00")]


async def test_periods_begin_at_midnight_where_the_customer_is(shop: Shop) -> None:
    await shop.call("POST", "/v1/metrics", REQUESTS)
    await shop.plan(usage("requests", "1"))
    await shop.customer(timezone="America/New_York")
    await shop.subscribe(start="2026-03-01")
    await shop.use(["2026-03-01T04:59:59Z", "2026-03-01T05:00:00Z", "2026-04-01T03:59:59Z"])
    await shop.clock("2026-04-01T04:00:00Z")
    (invoice,) = await shop.bill()
    assert invoice["period"] == {"start": "2026-03-01T05:00:00Z", "end": "2026-04-01T04:00:00Z"}
    assert lines_of(invoice) == [("Requests", "2", "2.00")]


async def test_a_subscription_left_in_the_middle_of_a_month_costs_its_days(shop: Shop) -> None:
    await shop.call("POST", "/v1/metrics", REQUESTS)
    await shop.plan(fee("Base", "31.00"), usage("requests", "1"))
    await shop.customer()
    subscription = await shop.subscribe(start="2026-01-01")
    await shop.use(["2026-01-09T23:00:00Z", "2026-01-20T00:00:00Z"])
    await shop.clock("2026-01-10T12:00:00Z")
    await shop.call("POST", f"/v1/subscriptions/{subscription['id']}/cancel", {"at": "now"})
    (invoice,) = await shop.bill()
    assert lines_of(invoice) == [("Base", "1", "10.00"), ("Requests", "1", "1.00")]
    await shop.clock("2026-06-01T00:00:00Z")
    assert [each["id"] for each in await shop.bill()] == [invoice["id"]]


async def test_tax_is_due_on_the_sum_and_handed_back_to_the_lines(shop: Shop) -> None:
    await shop.plan(fee("A", "0.33"), fee("B", "0.33"), fee("C", "0.33"))
    await shop.customer(tax_rate="19")
    await shop.subscribe(start="2026-01-01")
    await shop.clock("2026-02-01T00:00:00Z")
    (invoice,) = await shop.bill()
    assert (invoice["subtotal"], invoice["tax"], invoice["total"]) == ("0.99", "0.19", "1.18")


async def test_an_unshown_metric_has_a_line_only_if_it_costs_something(shop: Shop) -> None:
    await shop.call("POST", "/v1/metrics", {**REQUESTS, "show_on_invoice": False})
    await shop.plan(fee("Base", "5.00"), usage("requests", "1"))
    await shop.customer()
    await shop.subscribe(start="2026-01-01")
    await shop.clock("2026-02-01T00:00:00Z")
    (january,) = await shop.bill()
    assert lines_of(january) == [("Base", "1", "5.00")]
    await shop.use(["2026-01-15T00:00:00Z"])
    await shop.call("POST", f"/v1/invoices/{january['id']}/finalize", {})
    january = await shop.call("GET", f"/v1/invoices/{january['id']}")
    assert lines_of(january) == [("Base", "1", "5.00"), ("Requests", "1", "1.00")]


async def test_only_what_is_due_by_now_can_be_billed(shop: Shop) -> None:
    refused = await shop.api.post("/v1/billing/run", json={"as_of": "2026-01-01T00:00:01Z"})
    assert refused.status_code == 422
    assert refused.json()["code"] == "as_of_in_future"


@pytest.mark.parametrize("customers", [3, 30])
async def test_statements_grow_with_batches_and_metrics_not_customers(
    shop: Shop, hub, customers: int
) -> None:
    await shop.call("POST", "/v1/metrics", REQUESTS)
    await shop.plan(fee("Base", "49.00"), usage("requests", "0.5"))
    for number in range(customers):
        await shop.customer(f"c{number}")
        await shop.subscribe(f"c{number}", start="2026-01-01")
    await shop.clock("2026-02-01T00:00:00Z")
    statements: list[str] = []

    def note(_connection, _cursor, statement, *_rest) -> None:
        statements.append(statement)

    event.listen(hub.database.engine.sync_engine, "before_cursor_execute", note)
    invoices = (await shop.call("POST", "/v1/billing/run", {"finalize": True}))["invoices"]
    assert len(invoices) == customers
    assert len(statements) < 40, statements


async def test_one_who_cannot_be_billed_keeps_nobody_else_from_it(shop: Shop, hub) -> None:
    await shop.plan(fee("Base", "49.00"))
    broken = {}
    for name in ("a", "b", "c", "d"):
        await shop.customer(name)
        broken[name] = (await shop.subscribe(name, start="2026-01-01"))["id"]
    async with hub.database.transaction() as session:  # as a removed time zone would leave it
        sql = "update subscription set timezone = 'Mars/Base' where id = :id"
        await session.execute(text(sql), {"id": broken["b"]})
    await shop.clock("2026-02-01T00:00:00Z")
    run = await shop.call("POST", "/v1/billing/run", {})
    assert len(run["invoices"]) == 3
    assert list(run["failed"]) == [broken["b"]]
    assert "Mars/Base" in run["failed"][broken["b"]]


async def test_a_late_run_makes_the_invoices_that_runs_on_time_would_have(shop: Shop) -> None:
    """What is due at one instant is on one invoice, so tax is rounded over the same sums."""
    await shop.plan(fee("A", "10.00"), fee("B", "10.00", timing="advance"))
    totals: dict[str, list[str]] = {}
    for name in ("punctual", "late"):
        await shop.customer(name, tax_rate="8.25")
    await shop.subscribe("punctual", start="2026-01-01")
    for month in range(1, 5):
        await shop.clock(f"2026-{month:02}-01T00:00:00Z")
        await shop.bill()
    await shop.subscribe("late", start="2026-01-01")
    await shop.bill()
    for name in ("punctual", "late"):
        found = (await shop.call("GET", f"/v1/customers/{name}/invoices"))["data"]
        totals[name] = sorted(invoice["total"] for invoice in found)
    assert totals["late"] == totals["punctual"]
    assert len(totals["late"]) == 4

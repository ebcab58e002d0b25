"""Late usage: what arrives after an invoice is final is billed once, or reported, never lost."""

from typing import Any

import pytest
from sqlalchemy import event, text

from atlas_hub.billing.verify import verify_invoices
from tests.integration.shop import MONTHLY, REQUESTS, Shop, fee, lines_of, usage

TOKENS = {
    "key": "tokens",
    "name": "Tokens",
    "event_name": "tokens",
    "aggregation": {"type": "sum", "property": "amount"},
}
GRADUATED = {
    "type": "graduated",
    "tiers": [{"up_to": "2", "unit": "10"}, {"up_to": None, "unit": "1"}],
}
LATE_JANUARY = "Requests, late usage of 2026-01-01 to 2026-02-01"


@pytest.fixture(autouse=True)
async def stored_invoices_add_up(hub):
    yield
    async with hub.database.session() as session:
        checked, problems = await verify_invoices(session)
    assert checked
    assert problems == []


async def sell(shop: Shop, price: dict[str, Any], *others: dict[str, Any], **metric: Any) -> dict:
    """Let acme use requests at a price from the start of 2026 on."""
    await shop.call("POST", "/v1/metrics", {**REQUESTS, **metric})
    await shop.plan({"metric": "requests", "price": price, **MONTHLY}, *others)
    await shop.customer()
    return await shop.subscribe(start="2026-01-01")


async def bill_month(shop: Shop, month: int) -> dict[str, Any]:
    """Bill and finalize up to the start of a month, and return the newest invoice."""
    await shop.clock(f"2026-{month:02}-01T02:00:00Z")
    return (await shop.bill())[-1]


async def send_tokens(shop: Shop, name: str, time: str, amount: str) -> None:
    event_ = {"id": name, "name": "tokens", "customer": "acme", "timestamp": time}
    await shop.send([{**event_, "properties": {"amount": amount}}])


async def test_late_usage_is_on_the_next_invoice_and_tiers_go_on(shop: Shop) -> None:
    await sell(shop, GRADUATED)
    await shop.use(["2026-01-10T00:00:00Z"])
    january = await bill_month(shop, 2)
    assert lines_of(january) == [("Requests", "1", "10.00")]
    await shop.use([f"2026-01-1{day}T00:00:00Z" for day in range(1, 4)])
    await shop.use(["2026-02-05T00:00:00Z"])
    february = await bill_month(shop, 3)
    assert lines_of(february) == [("Requests", "1", "10.00"), (LATE_JANUARY, "3", "12.00")]
    assert await shop.call("GET", f"/v1/invoices/{january['id']}") == january
    explained = await shop.call("GET", f"/v1/invoices/{february['id']}/explain")
    late = explained["lines"][1]
    assert late["period"] == january["period"]
    assert late["steps"][-2:] == ["charged before: -10.00", "sum: 12.00 EUR"]
    assert lines_of(await bill_month(shop, 4)) == [("Requests", "0", "0.00")]


async def test_what_comes_late_again_is_billed_again_as_a_difference(shop: Shop) -> None:
    await sell(shop, GRADUATED)
    await bill_month(shop, 2)
    await shop.use(["2026-01-11T00:00:00Z"])
    assert lines_of(await bill_month(shop, 3))[1:] == [(LATE_JANUARY, "1", "10.00")]
    await shop.use([f"2026-01-1{day}T00:00:00Z" for day in range(2, 5)])
    assert lines_of(await bill_month(shop, 4))[1:] == [(LATE_JANUARY, "3", "12.00")]
    assert await shop.late() == []


async def test_usage_that_comes_while_the_late_line_is_a_draft_is_on_it(shop: Shop) -> None:
    await sell(shop, GRADUATED)
    await bill_month(shop, 2)
    await shop.use(["2026-01-11T00:00:00Z"])
    await shop.clock("2026-03-01T00:00:00Z")
    *_, draft = await shop.bill()
    assert lines_of(draft)[1:] == [(LATE_JANUARY, "1", "10.00")]
    await shop.use(["2026-01-12T00:00:00Z", "2026-01-13T00:00:00Z", "2026-02-01T00:00:00Z"])
    assert await shop.late() == []
    final = await shop.call("POST", f"/v1/invoices/{draft['id']}/finalize", {})
    assert lines_of(final) == [("Requests", "1", "10.00"), (LATE_JANUARY, "3", "21.00")]


async def test_months_caught_up_in_one_run_have_nothing_late(shop: Shop) -> None:
    await sell(shop, GRADUATED)
    await shop.use([f"2026-0{month}-15T00:00:00Z" for month in range(1, 6)])
    await shop.clock("2026-06-01T00:00:00Z")
    invoices = await shop.bill(finalize=True)
    assert [lines_of(each) for each in invoices] == [[("Requests", "1", "10.00")]] * 5


async def test_usage_that_costs_nothing_more_makes_no_line_and_is_settled(shop: Shop) -> None:
    await sell(shop, {"type": "flat", "amount": "5"})
    await bill_month(shop, 2)
    await shop.use(["2026-01-11T00:00:00Z"])
    assert [(each["quantity"], each["amount"]) for each in await shop.late()] == [("1", "0.00")]
    assert lines_of(await bill_month(shop, 3)) == [("Requests", "0", "5.00")]
    assert await shop.late() == []


async def test_ignored_late_usage_is_reported_until_the_policy_changes(shop: Shop) -> None:
    subscription = await sell(shop, GRADUATED, late_events="ignore")
    await bill_month(shop, 2)
    await shop.use(["2026-01-11T00:00:00Z"])
    assert lines_of(await bill_month(shop, 3)) == [("Requests", "0", "0.00")]
    (late,) = await shop.late()
    customer = await shop.call("GET", "/v1/customers/acme")
    assert late == {
        "customer": customer["id"],
        "subscription": subscription["id"],
        "metric": "requests",
        "period": {"start": "2026-01-01T00:00:00Z", "end": "2026-02-01T00:00:00Z"},
        "quantity": "1",
        "amount": "10.00",
        "currency": "EUR",
        "policy": "ignore",
        "outlook": "ignored",
    }
    await shop.call("PATCH", "/v1/metrics/requests", {"late_events": "next_invoice"})
    assert [each["outlook"] for each in await shop.late()] == ["next_invoice"]
    assert lines_of(await bill_month(shop, 4))[1:] == [(LATE_JANUARY, "1", "10.00")]


async def test_a_credit_note_is_no_policy_yet(shop: Shop) -> None:
    body = {**REQUESTS, "late_events": "credit_note"}
    refused = await shop.api.post("/v1/metrics", json=body)
    assert refused.status_code == 422
    await sell(shop, GRADUATED)
    await bill_month(shop, 2)


async def test_a_correction_below_zero_waits_for_an_invoice_that_bears_it(shop: Shop) -> None:
    await shop.call("POST", "/v1/metrics", TOKENS)
    await shop.plan(usage("tokens", "1"))
    await shop.customer(tax_rate="19")
    await shop.subscribe(start="2026-01-01")
    await send_tokens(shop, "a", "2026-01-10T00:00:00Z", "100")
    await bill_month(shop, 2)
    await send_tokens(shop, "b", "2026-01-11T00:00:00Z", "-30.5")
    await send_tokens(shop, "c", "2026-02-10T00:00:00Z", "20")
    assert lines_of(await bill_month(shop, 3)) == [("Tokens", "20", "20.00")]
    assert [(each["quantity"], each["amount"]) for each in await shop.late()] == [
        ("-30.5", "-30.50")
    ]
    await send_tokens(shop, "d", "2026-03-10T00:00:00Z", "40")
    march = await bill_month(shop, 4)
    assert lines_of(march)[1:] == [
        ("Tokens, late usage of 2026-01-01 to 2026-02-01", "-30.5", "-30.50")
    ]
    assert (march["subtotal"], march["tax"], march["total"]) == ("9.50", "1.81", "11.31")
    assert await shop.late() == []


async def test_a_draft_that_can_bear_a_correction_no_more_postpones_it(shop: Shop) -> None:
    await shop.call("POST", "/v1/metrics", TOKENS)
    await shop.plan(usage("tokens", "1"))
    await shop.customer()
    await shop.subscribe(start="2026-01-01")
    await send_tokens(shop, "a", "2026-01-10T00:00:00Z", "100")
    await bill_month(shop, 2)
    await send_tokens(shop, "b", "2026-01-11T00:00:00Z", "-30")
    await send_tokens(shop, "c", "2026-02-10T00:00:00Z", "50")
    await shop.clock("2026-03-01T00:00:00Z")
    *_, draft = await shop.bill()
    assert draft["total"] == "20.00"
    await send_tokens(shop, "d", "2026-02-11T00:00:00Z", "-45")
    final = await shop.call("POST", f"/v1/invoices/{draft['id']}/finalize", {})
    assert [line["amount"] for line in final["lines"]] == ["5.00", "0.00"]
    assert [each["amount"] for each in await shop.late()] == ["-30.00"]
    await send_tokens(shop, "e", "2026-03-11T00:00:00Z", "31")
    assert (await bill_month(shop, 4))["total"] == "1.00"


async def test_usage_that_comes_after_the_subscription_ended_has_an_invoice(shop: Shop) -> None:
    subscription = await sell(shop, GRADUATED, fee("Base", "31.00"))
    await shop.clock("2026-01-10T00:00:00Z")
    await shop.call("POST", f"/v1/subscriptions/{subscription['id']}/cancel", {"at": "now"})
    await shop.bill(finalize=True)
    await shop.use(["2026-01-05T00:00:00Z", "2026-01-11T00:00:00Z"])
    await shop.clock("2026-02-13T23:00:00Z")
    assert await shop.bill() == []
    assert [each["outlook"] for each in await shop.late()] == ["next_invoice"]
    await shop.clock("2026-02-14T00:00:00Z")
    (last,) = await shop.bill(finalize=True)
    late = ("Requests, late usage of 2026-01-01 to 2026-01-10", "1", "10.00")
    assert lines_of(last) == [late]
    await shop.use(["2026-01-06T00:00:00Z"])
    await shop.clock("2026-06-01T00:00:00Z")
    assert await shop.bill() == []
    assert [each["outlook"] for each in await shop.late()] == ["subscription_ended"]


async def test_an_ended_subscription_without_late_usage_has_no_more_invoices(shop: Shop) -> None:
    subscription = await sell(shop, GRADUATED)
    await shop.clock("2026-01-10T00:00:00Z")
    await shop.call("POST", f"/v1/subscriptions/{subscription['id']}/cancel", {"at": "now"})
    await shop.bill(finalize=True)
    await shop.clock("2026-06-01T00:00:00Z")
    assert await shop.bill() == []
    assert len((await shop.call("GET", "/v1/invoices"))["data"]) == 1


async def test_late_usage_of_a_voided_period_is_billed_but_the_period_is_not(shop: Shop) -> None:
    await sell(shop, GRADUATED)
    await shop.use(["2026-01-10T00:00:00Z"])
    january = await bill_month(shop, 2)
    await shop.call("POST", f"/v1/invoices/{january['id']}/void", {})
    assert lines_of(await bill_month(shop, 3)) == [("Requests", "0", "0.00")]
    await shop.use(["2026-01-11T00:00:00Z"])
    march = await bill_month(shop, 4)
    assert lines_of(march)[1:] == [(LATE_JANUARY, "1", "10.00")]
    await shop.call("POST", f"/v1/invoices/{march['id']}/void", {})
    assert lines_of(await bill_month(shop, 5)) == [("Requests", "0", "0.00")]


async def test_events_of_a_slow_transaction_are_billed_whenever_it_commits(shop: Shop, hub) -> None:
    await sell(shop, GRADUATED)
    async with hub.database.session() as slow:
        await slow.execute(
            text("""
                insert into usage_event
                    (key, body_hash, source, event_id, name, customer_ref, timestamp)
                values ('k', 'h', 'slow', 'e', 'request', 'acme', '2026-01-20T00:00:00Z')
            """)
        )
        assert lines_of(await bill_month(shop, 2)) == [("Requests", "0", "0.00")]
        assert await shop.late() == []
        await slow.commit()
    assert [each["quantity"] for each in await shop.late()] == ["1"]
    assert lines_of(await bill_month(shop, 3))[1:] == [(LATE_JANUARY, "1", "10.00")]


async def test_the_report_is_paged_and_its_pages_hold_everything_once(shop: Shop) -> None:
    await sell(shop, GRADUATED, late_events="ignore")
    await shop.customer("other")
    await shop.subscribe("other", start="2026-01-01")
    await bill_month(shop, 6)
    months = [f"2026-0{month}-15T00:00:00Z" for month in range(1, 5)]
    await shop.use(months)
    await shop.use(months, "other")
    seen, cursor = [], ""
    while cursor is not None:
        page = await shop.call("GET", f"/v1/billing/late?limit=3{cursor}")
        seen += [(each["customer"], each["period"]["start"]) for each in page["data"]]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    assert len(seen) == len(set(seen)) == 8
    assert len(await shop.late("other")) == 4


@pytest.mark.parametrize("customers", [3, 30])
async def test_statements_do_not_grow_with_customers_who_have_late_usage(
    shop: Shop, hub, customers: int
) -> None:
    await sell(shop, GRADUATED)
    for number in range(customers):
        await shop.customer(f"c{number}")
        await shop.subscribe(f"c{number}", start="2026-01-01")
        await shop.use(["2026-01-02T00:00:00Z"], f"c{number}")
    await bill_month(shop, 2)
    for number in range(customers):
        await shop.use(["2026-01-03T00:00:00Z"], f"c{number}")
    await shop.clock("2026-03-01T00:00:00Z")
    statements: list[str] = []

    def note(_connection, _cursor, statement, *_rest) -> None:
        statements.append(statement)

    event.listen(hub.database.engine.sync_engine, "before_cursor_execute", note)
    await shop.call("POST", "/v1/billing/run", {"finalize": True})
    event.remove(hub.database.engine.sync_engine, "before_cursor_execute", note)
    assert len(statements) < 45, statements
    amounts = [each["total"] for each in (await shop.call("GET", "/v1/invoices?limit=500"))["data"]]
    assert amounts.count("10.00") == 2 * customers

"""Delivering and collecting, as long as nothing fails."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from atlas_hub.sdk import Rejected
from atlas_hub_stripe.collect import collect
from atlas_hub_stripe.customers import living_customer
from atlas_hub_stripe.invoices import move, read_invoice
from tests.integration.stripe.connector.rig import (
    Crash,
    MemorySteps,
    MiniHub,
    check_paid_once,
    delivered,
    invoice,
)


async def test_an_invoice_is_delivered_and_paid(hub, sandbox, payer):
    bill = invoice("49.00", "8.71", "6.13", "5.00", vendor_id=payer)
    state = await hub.run(bill)
    assert (state.status, state.currency, state.detail) == ("paid", "USD", None)
    assert (state.amount_due, state.amount_paid) == (Decimal("68.84"), Decimal("68.84"))
    assert state.url.startswith("https://")
    check_paid_once(sandbox, bill, 6884)
    [row] = delivered(sandbox)
    assert row["metadata"]["atlas_invoice_number"] == "2026-inv_1"
    assert [line["description"] for line in row["lines"]["data"]] == [f"Line {n}" for n in range(4)]
    assert state.vendor_id == row["id"]


async def test_a_second_look_changes_nothing(hub, sandbox, payer):
    bill = invoice("10.00", vendor_id=payer)
    first = await hub.run(bill)
    before = sandbox.state.revision
    assert await hub.run(bill) == first
    assert sandbox.state.revision == before


async def test_a_customer_is_made_once_and_found_again(hub, sandbox):
    bill = invoice("10.00")
    state = await hub.run(bill)
    assert state.status == "action_required"
    hub.customer_steps, hub.steps = MemorySteps(), MemorySteps()
    await hub.run(invoice("5.00", invoice_id="inv_2"))
    [row] = sandbox.state.customers
    assert (row["name"], row["email"]) == ("Acme", "billing@acme.example")
    assert row["metadata"] == {"atlas_customer_id": "cus_hub"}


@pytest.mark.parametrize("default", [True, False])
async def test_paid_after_a_card_is_added(hub, sandbox, api, customer, give_card, default):
    bill = invoice("10.00", vendor_id=customer.id)
    state = await hub.run(bill)
    assert state.status == "action_required"
    assert "payment method" in state.detail
    assert sandbox.charges == []
    if default:
        give_card(customer.id)
    else:
        api.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    assert (await hub.run(bill)).status == "paid"
    check_paid_once(sandbox, bill, 1000)


async def test_a_declined_card_is_not_tried_again_but_a_new_one_is(
    hub, sandbox, customer, give_card
):
    give_card(customer.id, "pm_card_chargeCustomerFail")
    bill = invoice("10.00", vendor_id=customer.id)
    for _ in range(3):
        state = await hub.run(bill)
        assert (state.status, state.detail) == ("failed", "Your card was declined.")
    assert len(sandbox.ledger.of("POST /v1/invoices/*/pay")) == 1
    give_card(customer.id, "pm_card_visa_chargeDeclinedInsufficientFunds")
    assert (await hub.run(bill)).detail == "Your card has insufficient funds."
    give_card(customer.id)
    assert (await hub.run(bill)).status == "paid"
    check_paid_once(sandbox, bill, 1000)


async def test_a_card_that_wants_confirmation_waits_for_the_customer(hub, customer, give_card):
    give_card(customer.id, "pm_card_authenticationRequired")
    bill = invoice("10.00", vendor_id=customer.id)
    for _ in range(2):
        state = await hub.run(bill)
        assert state.status == "action_required"
        assert "confirm" in state.detail


async def test_without_collecting_the_customer_pays_at_stripe(sandbox, payer):
    hub = MiniHub(sandbox, collect=False)
    state = await hub.run(invoice("10.00", vendor_id=payer))
    assert state.status == "action_required"
    assert sandbox.charges == []
    [row] = delivered(sandbox)
    assert row["collection_method"] == "send_invoice"
    due = datetime.fromtimestamp(row["due_date"], UTC).date()
    assert abs((due - invoice("1").due_date).days) <= 1


async def test_the_statement_descriptor_is_passed_on(sandbox, payer):
    await MiniHub(sandbox, statement_descriptor="ACME API").run(invoice("1.00", vendor_id=payer))
    assert delivered(sandbox)[0]["statement_descriptor"] == "ACME API"


@pytest.mark.parametrize(
    ("currency", "amounts", "units", "total"),
    [
        ("JPY", ("1200", "34"), 1234, "1234"),
        ("KWD", ("1.250", "2.130"), 3380, "3.380"),
        ("ISK", ("1000",), 100000, "1000"),
        ("EUR", ("100.00", "19.00"), 11900, "119.00"),
    ],
)
async def test_currencies(hub, sandbox, payer, currency, amounts, units, total):
    bill = invoice(*amounts, currency=currency, vendor_id=payer)
    state = await hub.run(bill)
    assert (state.status, state.currency) == ("paid", currency)
    assert state.amount_due == state.amount_paid == Decimal(total)
    check_paid_once(sandbox, bill, units)


async def test_a_credit_line_lowers_the_total(hub, sandbox, payer):
    bill = invoice("10.00", "-2.50", vendor_id=payer)
    assert (await hub.run(bill)).status == "paid"
    check_paid_once(sandbox, bill, 750)


async def test_nothing_due_is_paid_without_a_charge(hub, sandbox, payer):
    state = await hub.run(invoice("0.00", vendor_id=payer))
    assert (state.status, state.amount_paid) == ("paid", 0)
    assert sandbox.charges == []


async def test_pending_items_of_the_customer_stay_out(hub, sandbox, api, payer):
    api.invoice_items.create({"customer": payer, "currency": "usd", "amount": 999})
    bill = invoice("10.00", vendor_id=payer)
    await hub.run(bill)
    check_paid_once(sandbox, bill, 1000)


async def test_a_total_that_is_not_ours_is_never_finalized(hub, sandbox, api, payer):
    bill = invoice("10.00", vendor_id=payer)
    hub.steps.crash_at = 8  # after the line, before finalizing
    with pytest.raises(Crash):
        await hub.try_once(bill)
    [draft] = delivered(sandbox)
    item = {"customer": payer, "invoice": draft["id"], "currency": "usd", "amount": 5}
    extra = api.invoice_items.create(item)
    with pytest.raises(Rejected, match=r"10\.05 USD.*10\.00 USD") as caught:
        await hub.try_once(bill)
    assert caught.value.code == "total_mismatch"
    assert delivered(sandbox)[0]["status"] == "draft"
    api.invoice_items.delete(extra.id)
    assert (await hub.run(bill)).status == "paid"
    check_paid_once(sandbox, bill, 1000)


async def test_an_amount_too_small_to_charge_is_told(hub, sandbox, payer):
    state = await hub.run(invoice("0.30", vendor_id=payer))  # too small: Stripe books it
    assert (state.amount_due, state.amount_paid) == (0, 0)
    assert sandbox.charges == []


async def test_what_a_person_added_and_finalized_is_not_collected(hub, sandbox, api, payer):
    bill = invoice("10.00", vendor_id=payer)
    hub.steps.crash_at = 8
    with pytest.raises(Crash):
        await hub.try_once(bill)
    [draft] = delivered(sandbox)
    item = {"customer": payer, "invoice": draft["id"], "currency": "usd", "amount": 500}
    api.invoice_items.create(item)
    api.invoices.finalize_invoice(draft["id"])
    state = await hub.run(bill)
    assert (state.status, state.amount_due) == ("action_required", Decimal("15.00"))
    assert sandbox.charges == []


async def test_a_balance_at_stripe_is_refused_before_finalizing(hub, sandbox, api, payer):
    api.customers.update(payer, {"balance": -500})
    bill = invoice("10.00", vendor_id=payer)
    with pytest.raises(Rejected) as caught:
        await hub.run(bill)
    assert caught.value.code == "customer_balance"
    assert delivered(sandbox)[0]["status"] == "draft"
    api.customers.update(payer, {"balance": 0})
    assert (await hub.run(bill)).status == "paid"


@pytest.mark.parametrize(
    ("bill", "code"),
    [
        (invoice("1.234", currency="KWD"), "amount_not_payable"),
        (invoice("1.50", currency="MGA"), "amount_not_payable"),
        (invoice(*["0.01"] * 251), "too_many_lines"),
    ],
)
async def test_what_stripe_cannot_bill_is_refused_beforehand(hub, sandbox, payer, bill, code):
    with pytest.raises(Rejected) as caught:
        await hub.run(bill.for_customer(payer))
    assert caught.value.code == code
    assert delivered(sandbox) == []


async def test_a_deleted_or_unknown_customer_says_what_to_do(hub, api, customer):
    with pytest.raises(Rejected, match="Link the hub's customer") as caught:
        await hub.run(invoice("1.00", vendor_id="cus_nobody"))
    assert caught.value.code == "customer_missing"
    api.customers.delete(customer.id)
    with pytest.raises(Rejected, match="deleted at Stripe") as caught:
        await hub.run(invoice("1.00", vendor_id=customer.id))
    assert caught.value.code == "customer_deleted"
    with pytest.raises(Rejected) as caught:
        await hub.gateway().deliver(invoice("1.00"), MemorySteps())
    assert caught.value.code == "customer_not_linked"


@pytest.mark.parametrize(
    ("act", "status"),
    [("void_invoice", "void"), ("mark_uncollectible", "uncollectible"), ("pay", "paid")],
)
async def test_what_a_person_did_at_stripe_is_told(hub, sandbox, api, customer, act, status):
    bill = invoice("10.00", vendor_id=customer.id)
    open_state = await hub.run(bill)
    parameters = {"paid_out_of_band": True} if act == "pay" else {}
    getattr(api.invoices, act)(open_state.vendor_id, parameters)
    state = await hub.run(bill)
    assert state.status == status
    assert sandbox.charges == []


async def test_a_draft_deleted_by_a_person_is_told(hub, sandbox, api, payer):
    hub.steps.crash_at = 5
    bill = invoice("10.00", vendor_id=payer)
    with pytest.raises(Crash):
        await hub.try_once(bill)
    api.invoices.delete(delivered(sandbox)[0]["id"])
    with pytest.raises(Rejected) as caught:
        await hub.run(bill)
    assert caught.value.code == "invoice_missing"


async def test_voiding(hub, sandbox, api, customer, give_card):
    vendor_id = (await hub.run(invoice("10.00", vendor_id=customer.id))).vendor_id
    gateway = hub.gateway()
    for _ in range(2):
        assert (await gateway.void(vendor_id, hub.steps)).status == "void"
    assert len(sandbox.ledger.of("POST /v1/invoices/*/void")) == 1
    give_card(customer.id)
    hub.steps = MemorySteps()
    paid = await hub.run(invoice("10.00", vendor_id=customer.id, invoice_id="inv_2"))
    assert (await gateway.void(paid.vendor_id, hub.steps)).status == "paid"
    draft = api.invoices.create({"customer": customer.id})
    with pytest.raises(Rejected) as caught:
        await gateway.void(draft.id, MemorySteps())
    assert caught.value.code == "still_a_draft"
    await gateway.close()


async def test_what_someone_did_just_before_us_is_no_refusal(hub, sandbox, api, payer):
    """Stripe refuses to finalize, pay or void twice; what we wanted is there all the same."""
    gateway = hub.gateway()
    stripe_api = gateway._api
    bill = invoice("10.00", vendor_id=payer)
    hub.steps.crash_at = 8
    with pytest.raises(Crash):
        await hub.try_once(bill)
    vendor_id = delivered(sandbox)[0]["id"]
    invoices = stripe_api.v1.invoices
    api.invoices.finalize_invoice(vendor_id)
    stale = await read_invoice(stripe_api, vendor_id)
    finalize = invoices.finalize_invoice_async
    await move(stripe_api, finalize, vendor_id, {}, "k1", while_in={"draft"})
    api.invoices.pay(vendor_id)
    buyer = await living_customer(stripe_api, payer)
    await collect(stripe_api, buyer, stale, MemorySteps())
    with pytest.raises(Rejected):
        await move(stripe_api, finalize, vendor_id, {}, "k2", while_in={"paid"})
    check_paid_once(sandbox, bill, 1000)
    await gateway.close()

"""Whatever goes wrong at whichever step, a customer pays once and the right amount."""

import random

import pytest

from atlas_hub.sdk import ConnectorError, NotReady, RateLimited, Rejected, UnknownOutcome
from tests.integration.stripe.connector.rig import (
    MemorySteps,
    MiniHub,
    check_paid_once,
    invoice,
)

WRITES = {
    "customer": ("POST /v1/customers", 1),
    "invoice": ("POST /v1/invoices", 1),
    "first line": ("POST /v1/invoiceitems", 1),
    "last line": ("POST /v1/invoiceitems", 2),
    "finalize": ("POST /v1/invoices/*/finalize", 1),
    "collect": ("POST /v1/invoices/*/pay", 1),
}
FAULTS = [
    "429",
    "401",
    "500_before",
    "500_after_apply",
    "hang_before",
    "hang_after_apply",
    "reset_before",
    "reset_after_apply",
    "bad_json",
    "html_200",
]
BILL = invoice("10.00", "2.34")
BOUNDARIES = 4 * 6 + 1  # four in each of six steps, and one when the second look passes the first


@pytest.fixture
def hub(sandbox) -> MiniHub:
    return MiniHub(sandbox, timeout_seconds=1)


@pytest.fixture
def shopper(api, sandbox, give_card):
    """Adds a card to the customer as soon as the hub has made it."""

    def add() -> None:
        for row in sandbox.state.customers:
            if not row["invoice_settings"]["default_payment_method"]:
                give_card(row["id"])

    return add


async def deliver_and_pay(hub, sandbox, shopper, between):
    """Deliver without a card, add one, look again."""
    state = await hub.run(BILL, between=between)
    assert state.status in ("action_required", "paid")
    shopper()
    assert (await hub.run(BILL, between=between)).status == "paid"
    check_paid_once(sandbox, BILL, 1234)


@pytest.mark.parametrize("forget", [False, True], ids=["keys kept", "keys forgotten"])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("step", WRITES)
async def test_one_fault_at_one_write(hub, sandbox, shopper, step, fault, forget):
    match, nth = WRITES[step]
    rule = sandbox.faults.add(match, fault, nth=nth, seconds=3)
    between = sandbox.forget_keys if forget else lambda: None
    await deliver_and_pay(hub, sandbox, shopper, between)
    assert rule.seen >= nth


@pytest.mark.parametrize("fault", ["500_before", "reset_before", "html_200"])
@pytest.mark.parametrize("nth", range(1, 9))
async def test_one_fault_at_one_read(hub, sandbox, shopper, fault, nth):
    rule = sandbox.faults.add("GET /v1/**", fault, nth=nth)
    await deliver_and_pay(hub, sandbox, shopper, lambda: None)
    assert rule.seen >= nth


@pytest.mark.parametrize("forget", [False, True], ids=["keys kept", "keys forgotten"])
@pytest.mark.parametrize("at", range(1, BOUNDARIES + 2))
async def test_a_crash_between_any_two_steps(hub, sandbox, shopper, at, forget):
    died = []
    hub.customer_steps = hub.steps = MemorySteps(crash_at=at)

    def between():
        died.append(at)
        if forget:
            sandbox.forget_keys()

    await deliver_and_pay(hub, sandbox, shopper, between)
    assert died == ([at] if at <= BOUNDARIES else [])


@pytest.mark.parametrize("seed", range(8))
async def test_many_faults_and_crashes_at_once(hub, sandbox, shopper, seed):
    print("seed", seed)
    chance = random.Random(seed)
    quick = [fault for fault in FAULTS if not fault.startswith("hang")]
    for match in ("POST /v1/**", "GET /v1/**"):
        for nth in chance.sample(range(1, 25), 6):
            sandbox.faults.add(match, chance.choice(quick), nth=nth)

    def between():
        hub.steps.passed = hub.customer_steps.passed = 0
        hub.steps.crash_at = hub.customer_steps.crash_at = chance.choice([0, 0, 3, 7, 12])
        if chance.random() < 0.3:
            sandbox.forget_keys()

    hub.steps.crash_at = chance.randint(1, 20)
    await hub.run(BILL, between=between, tries=60)
    sandbox.faults.clear()
    shopper()
    await hub.run(BILL, between=lambda: None)
    check_paid_once(sandbox, BILL, 1234)


async def test_a_lost_decline_is_found_and_not_repeated(hub, sandbox, customer, give_card):
    give_card(customer.id, "pm_card_chargeCustomerFail")
    sandbox.faults.add("POST /v1/invoices/*/pay", "reset_after_apply")
    state = await hub.run(BILL.for_customer(customer.id), between=sandbox.forget_keys)
    assert (state.status, state.detail) == ("failed", "Your card was declined.")
    assert len(sandbox.ledger.of("POST /v1/invoices/*/pay")) == 1


async def test_a_lost_line_is_found_on_the_second_page(hub, sandbox, payer):
    bill = invoice(*["1.00"] * 105, vendor_id=payer)
    sandbox.faults.add("POST /v1/invoiceitems", "reset_after_apply", nth=1)
    sandbox.faults.add("POST /v1/invoiceitems", "reset_after_apply", nth=105)
    assert (await hub.run(bill, between=sandbox.forget_keys)).status == "paid"
    check_paid_once(sandbox, bill, 10500)


async def test_the_wait_that_stripe_asks_for_is_passed_on(hub, sandbox, payer):
    sandbox.faults.add("POST /v1/invoices", "429", retry_after=17)
    with pytest.raises(RateLimited) as caught:
        await hub.try_once(BILL.for_customer(payer))
    assert caught.value.retry_after == 17


@pytest.mark.parametrize(
    ("fault", "kind", "answered"),
    [
        ("500_before", UnknownOutcome, True),
        ("html_200", UnknownOutcome, False),
        ("hang_before", UnknownOutcome, False),
        ("reset_before", UnknownOutcome, False),
    ],
)
async def test_a_write_without_a_good_answer_is_unknown(hub, sandbox, payer, fault, kind, answered):
    sandbox.faults.add("POST /v1/invoices", fault, seconds=3)
    with pytest.raises(kind) as caught:
        await hub.try_once(BILL.for_customer(payer))
    assert caught.value.answered is answered


async def test_a_first_request_under_way_is_waited_for(hub, sandbox, payer):
    """A hung request still runs at Stripe when we ask again with its key."""
    sandbox.faults.add("POST /v1/invoices", "slow", seconds=2)
    bill = BILL.for_customer(payer)
    with pytest.raises(UnknownOutcome):
        await hub.try_once(bill)
    with pytest.raises(NotReady) as caught:
        await hub.try_once(bill)
    assert (caught.value.code, caught.value.retry_after) == ("in_progress", 2)


async def test_nothing_listens(sandbox, payer):
    hub = MiniHub(sandbox)
    sandbox.close()
    with pytest.raises(NotReady, match="cannot be reached") as caught:
        await hub.try_once(BILL.for_customer(payer))
    assert caught.value.code == "unreachable"


async def test_the_key_is_in_no_error(hub, sandbox, payer):
    key = sandbox.credentials["api_key"]
    for fault in FAULTS:
        sandbox.faults.clear()
        sandbox.faults.add("POST /v1/invoices", fault, always=True, seconds=2)
        hub.steps = MemorySteps()
        with pytest.raises(ConnectorError) as caught:
            await hub.try_once(invoice("1.00", vendor_id=payer, invoice_id=f"inv_{fault}"))
        assert key not in f"{caught.value}{caught.value!r}"


async def test_parameters_that_changed_under_a_key_are_loud(hub, payer):
    gateway = hub.gateway()
    api = gateway._api
    create = api.v1.invoices.create_async
    await api.write(create, parameters={"customer": payer, "currency": "usd"}, key="k")
    with pytest.raises(Rejected, match="request log") as caught:
        await api.write(create, parameters={"customer": payer, "currency": "eur"}, key="k")
    assert caught.value.code == "idempotency_conflict"
    await gateway.close()

"""Scripted faults at the Stripe sandbox, and the ledger that tells what really happened."""

import threading
import time

import httpx2
import pytest
import stripe

PAY = "POST /v1/invoices/*/pay"


def control(sandbox, method, name, document=None):
    answer = httpx2.request(method, f"{sandbox.url}/_sandbox/{name}", json=document)
    answer.raise_for_status()
    return answer.json()


@pytest.fixture
def invoice(customer, give_card, bill):
    give_card(customer.id)
    return bill(customer.id, 1000, metadata={"atlas_invoice_id": "inv_9"})


@pytest.mark.parametrize(
    ("action", "error", "charges"),
    [
        ("429", stripe.RateLimitError, 0),
        ("401", stripe.AuthenticationError, 0),
        ("500_before", stripe.APIError, 0),
        ("500_after_apply", stripe.APIError, 1),
        ("hang_before", stripe.APIConnectionError, 0),
        ("hang_after_apply", stripe.APIConnectionError, 1),
        ("reset_before", stripe.APIConnectionError, 0),
        ("reset_after_apply", stripe.APIConnectionError, 1),
        ("bad_json", stripe.APIError, 1),
        ("html_200", stripe.APIError, 0),
    ],
)
def test_each_fault_applies_exactly_what_its_name_says(
    connect, sandbox, invoice, action, error, charges
):
    api = connect(timeout=0.5)
    sandbox.faults.add(PAY, action)
    with pytest.raises(error):
        api.invoices.pay(invoice.id, {}, {"idempotency_key": "k"})
    assert len(sandbox.charges_for("inv_9")) == charges
    [entry] = sandbox.ledger.of(PAY)
    assert (entry.changed, entry.fault, entry.idempotency_key) == (bool(charges), action, "k")
    lost = action.startswith(("hang", "reset"))
    assert (entry.status is None) == lost


@pytest.mark.parametrize("action", ["hang_before", "hang_after_apply", "reset_after_apply"])
def test_a_lost_answer_is_found_again_by_its_key(connect, sandbox, invoice, action):
    api = connect(timeout=0.5)
    sandbox.faults.add(PAY, action)
    for expected in (stripe.APIConnectionError, None):
        if expected is not None:
            with pytest.raises(expected):
                api.invoices.pay(invoice.id, {}, {"idempotency_key": "k"})
        else:
            assert api.invoices.pay(invoice.id, {}, {"idempotency_key": "k"}).status == "paid"
    assert len(sandbox.charges) == 1


def test_a_500_after_the_charge_stays_a_500_for_its_key(api, sandbox, invoice):
    sandbox.faults.add(PAY, "500_after_apply")
    for _ in range(2):
        with pytest.raises(stripe.APIError) as broken:
            api.invoices.pay(invoice.id, {}, {"idempotency_key": "k"})
        assert broken.value.http_status == 500
    assert api.invoices.retrieve(invoice.id).status == "paid"
    assert len(sandbox.charges) == 1


def test_a_500_before_anything_leaves_the_key_fresh(api, sandbox, invoice):
    sandbox.faults.add(PAY, "500_before")
    with pytest.raises(stripe.APIError):
        api.invoices.pay(invoice.id, {}, {"idempotency_key": "k"})
    assert api.invoices.pay(invoice.id, {}, {"idempotency_key": "k"}).status == "paid"


def test_forgotten_keys_and_a_paid_invoice_still_charge_once(api, sandbox, invoice):
    api.invoices.pay(invoice.id, {}, {"idempotency_key": "k"})
    sandbox.forget_keys()
    with pytest.raises(stripe.InvalidRequestError, match="already paid"):
        api.invoices.pay(invoice.id, {}, {"idempotency_key": "k"})
    assert len(sandbox.charges) == 1


def test_rules_count_and_choose(api, sandbox):
    sandbox.faults.add("GET /v1/customers/*", "429", always=True)
    sandbox.faults.add("GET /v1/customers", "429", nth=2, retry_after=7)
    sandbox.faults.add("POST /v1/**", "500_before", nth=2)
    api.customers.list()
    with pytest.raises(stripe.RateLimitError) as limited:
        api.customers.list()
    assert limited.value.headers["Retry-After"] == "7"
    api.customers.list()
    made = api.customers.create({"name": "A"})
    for _ in range(3):
        with pytest.raises(stripe.RateLimitError) as limited:
            api.customers.retrieve(made.id)
        assert "Retry-After" not in limited.value.headers
    with pytest.raises(stripe.APIError):
        api.invoices.create({"customer": made.id})
    sandbox.faults.clear()
    assert api.customers.retrieve(made.id).id == made.id
    for mistake in ({"action": "explode"}, {"action": "429", "nth": 0}, {"action": "ok", "x": 1}):
        with pytest.raises(ValueError, match=r"explode|nth|no x"):
            sandbox.faults.add("*", **mistake)


def test_another_process_scripts_and_reads_it_over_http(api, sandbox, invoice):
    rules = [{"match": PAY, "action": "reset_after_apply"}]
    assert control(sandbox, "POST", "faults", rules)[0]["action"] == "reset_after_apply"
    with pytest.raises(stripe.APIConnectionError):
        api.invoices.pay(invoice.id, {"off_session": True}, {"idempotency_key": "k"})
    assert control(sandbox, "GET", "faults")[0]["seen"] == 1
    assert control(sandbox, "DELETE", "faults") is None
    [charge] = control(sandbox, "GET", "charges")
    assert (charge["amount"], charge["metadata"]) == (1000, {"atlas_invoice_id": "inv_9"})
    last = control(sandbox, "GET", "ledger")[-1]
    assert last["path"] == f"/v1/invoices/{invoice.id}/pay"
    assert (last["body"], last["idempotency_key"]) == ("off_session=true", "k")
    assert (last["status"], last["changed"]) == (None, True)
    assert control(sandbox, "POST", "forget_keys") > 0
    before = control(sandbox, "GET", "clock")
    assert control(sandbox, "POST", "clock", {"advance_seconds": 3600}) > before
    for bad in ({"match": PAY}, {"match": PAY, "action": "explode"}):
        with pytest.raises(httpx2.HTTPStatusError) as refused:
            control(sandbox, "POST", "faults", bad)
        assert refused.value.response.status_code == 400


def test_stopping_does_not_wait_for_hanging_requests(sandbox, connect):
    api = connect(timeout=30)
    sandbox.faults.add("GET /v1/customers", "hang_before", seconds=300)
    gone = []

    def ask():
        with pytest.raises(stripe.APIConnectionError):
            api.customers.list()
        gone.append(True)

    asking = threading.Thread(target=ask)
    asking.start()
    while not len(sandbox.ledger):
        time.sleep(0.01)
    sandbox.close()
    asking.join(5)
    assert gone == [True]

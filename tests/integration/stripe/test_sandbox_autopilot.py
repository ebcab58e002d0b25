"""What the Stripe sandbox does by itself as time passes, and how much it takes at once."""

import time
from datetime import timedelta

import pytest
import stripe

from atlas_hub_stripe.sandbox import StripeSandbox, create_sandbox


@pytest.fixture
def draft(api, customer):
    """A draft of 10.00 that Stripe is to collect by itself."""
    made = api.invoices.create({"customer": customer.id, "currency": "usd", "auto_advance": True})
    item = {"customer": customer.id, "invoice": made.id, "currency": "usd", "amount": 1000}
    api.invoice_items.create(item)
    return made


def status_of(api, invoice):
    return api.invoices.retrieve(invoice.id).status


def test_a_draft_is_finalized_and_collected_after_an_hour(api, sandbox, draft, customer, give_card):
    give_card(customer.id)
    sandbox.clock.advance(timedelta(minutes=59))
    assert status_of(api, draft) == "draft"
    sandbox.clock.advance(timedelta(minutes=2))
    assert status_of(api, draft) == "paid"
    assert len(sandbox.charges) == 1
    [paid] = api.events.list({"type": "invoice.paid"}).data
    assert paid.request.id is None


def test_it_happens_without_any_request(api, sandbox, draft, customer, give_card):
    give_card(customer.id)
    sandbox.clock.advance(timedelta(hours=2))
    end = time.monotonic() + 10
    while not sandbox.charges:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_failed_collection_is_tried_four_times(api, sandbox, draft, customer, give_card):
    give_card(customer.id, "pm_card_chargeCustomerFail")
    sandbox.clock.advance(timedelta(hours=2))
    for attempts in (1, 2, 3, 4):
        seen = api.invoices.retrieve(draft.id)
        assert (seen.status, seen.attempt_count) == ("open", attempts)
        sandbox.clock.advance(timedelta(days=3, seconds=1))
    after = api.invoices.retrieve(draft.id)
    assert (after.attempt_count, after.next_payment_attempt) == (4, None)
    assert len(api.events.list({"type": "invoice.payment_failed"}).data) == 4


def test_a_card_added_later_is_used_by_the_next_attempt(api, sandbox, draft, customer, give_card):
    sandbox.clock.advance(timedelta(hours=2))
    assert status_of(api, draft) == "open"
    give_card(customer.id)
    sandbox.clock.advance(timedelta(days=3, seconds=1))
    assert status_of(api, draft) == "paid"


def test_switching_it_off_stops_it(api, sandbox, draft, customer, give_card):
    give_card(customer.id)
    api.invoices.finalize_invoice(draft.id, {"auto_advance": False})
    sandbox.clock.advance(timedelta(days=30))
    assert status_of(api, draft) == "open"
    assert sandbox.charges == []
    api.invoices.update(draft.id, {"auto_advance": True})
    assert status_of(api, draft) == "paid"


def test_an_empty_draft_fails_to_finalize_and_says_so(api, sandbox, customer):
    empty = api.invoices.create({"customer": customer.id, "auto_advance": True})
    sandbox.clock.advance(timedelta(hours=2))
    seen = api.invoices.retrieve(empty.id)
    assert seen.status == "draft"
    assert seen.last_finalization_error.code == "invoice_no_customer_line_items"
    assert len(api.events.list({"type": "invoice.finalization_failed"}).data) == 1


def test_paying_a_draft_finalizes_it(api, draft, customer, give_card):
    give_card(customer.id)
    paid = api.invoices.pay(draft.id)
    assert (paid.status, paid.number[-5:]) == ("paid", "-0001")


def flood(client):
    for _ in range(200):
        client.customers.list()


def test_the_rate_limit_counts_every_request_of_a_second():
    with StripeSandbox(requests_per_second=5) as limited:
        transport = stripe.RequestsClient(timeout=10)
        base = dict.fromkeys(("api", "files", "connect", "meter_events"), limited.url)
        key = limited.credentials["api_key"]
        client = stripe.StripeClient(key, base_addresses=base, http_client=transport).v1
        begun = time.monotonic()
        with pytest.raises(stripe.RateLimitError) as refused:
            flood(client)
        assert refused.value.headers["Stripe-Rate-Limited-Reason"] == "global-rate"
        answered = sum(entry.status == 200 for entry in limited.ledger)
        assert 5 <= answered <= 5 * (1 + time.monotonic() - begun)
        transport.close()


def test_a_sandbox_for_the_command_line_says_how_to_use_it():
    running = create_sandbox()
    try:
        text = running.describe()
        for needed in (running.url, *running.credentials.values(), "/_sandbox/"):
            assert needed in text
    finally:
        running.close()
        running.close()

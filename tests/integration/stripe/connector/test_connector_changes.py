"""The poll finds what webhooks lost."""

from datetime import UTC, datetime, timedelta

import pytest

from atlas_hub.sdk import NotReady
from atlas_hub_stripe import changes as polls
from tests.integration.stripe.connector.rig import invoice


@pytest.fixture
async def gateway(hub):
    opened = hub.gateway()
    yield opened
    await opened.close()


def invoices_in(changes) -> set[str]:
    return {signal.vendor_id for signal in changes.signals if signal.vendor_id}


def age(sandbox, **by) -> None:
    """Make everything that happened older, as if time had passed."""
    for event in sandbox.state.events:
        event["created"] -= int(timedelta(**by).total_seconds())


async def test_an_empty_account(gateway):
    changes = await gateway.changes(None)
    assert (changes.signals, changes.cursor) == ((), None)


async def test_the_first_poll_sees_the_last_hour(gateway, sandbox, bill, customer):
    old = bill(customer.id, 1000)
    age(sandbox, minutes=61)
    new = bill(customer.id, 2000)
    changes = await gateway.changes(None)
    assert invoices_in(changes) == {new.id}
    assert old.id not in invoices_in(await gateway.changes(changes.cursor))


async def test_a_payment_without_any_webhook_is_found(gateway, sandbox, api, hub, customer):
    state = await hub.run(invoice("10.00", vendor_id=customer.id))
    age(sandbox, hours=2)
    cursor = (await gateway.changes(None)).cursor
    assert (await gateway.changes(cursor)).signals == ()
    api.invoices.pay(state.vendor_id, {"paid_out_of_band": True})
    assert state.vendor_id in invoices_in(await gateway.changes(cursor))


async def test_an_added_card_names_the_customer(gateway, sandbox, give_card, customer):
    give_card(customer.id)
    changes = await gateway.changes(None)
    assert {signal.customer_vendor_id for signal in changes.signals} == {customer.id}


async def test_young_events_are_read_again_and_old_ones_are_not(gateway, sandbox, bill, customer):
    first = bill(customer.id, 1000)
    cursor = (await gateway.changes(None)).cursor
    assert invoices_in(await gateway.changes(cursor)) == {first.id}
    age(sandbox, minutes=6)
    second = bill(customer.id, 2000)
    changes = await gateway.changes(cursor)
    assert invoices_in(changes) == {first.id, second.id}
    assert invoices_in(await gateway.changes(changes.cursor)) == {second.id}


async def test_an_event_that_shows_up_late_is_found(gateway, sandbox, bill, customer):
    bill(customer.id, 1000)
    age(sandbox, minutes=70)
    seen = bill(customer.id, 2000)
    changes = await gateway.changes(None)
    assert invoices_in(changes) == {seen.id}
    known = {event["id"] for event in sandbox.state.events}
    late = bill(customer.id, 3000)
    rows = sandbox.state.events._rows
    earlier = {name: row | {"created": row["created"] - 200} for name, row in rows.items()}
    newest_known = [name for name in known if rows[name]["data"]["object"].get("id") == seen.id]
    late_ones = [name for name in rows if name not in known]
    old = [name for name in rows if name in known and name not in newest_known]
    sandbox.state.events._rows = {
        name: earlier[name] if name in late_ones else rows[name]
        for name in (*old, *late_ones, *newest_known)
    }
    assert late.id in invoices_in(await gateway.changes(changes.cursor))


async def test_many_events_take_many_polls_and_none_is_lost(
    gateway, sandbox, bill, customer, monkeypatch
):
    monkeypatch.setattr(polls, "MOST_PAGES", 2)
    monkeypatch.setattr(polls, "PAGE", 3)
    bill(customer.id, 1000)
    age(sandbox, minutes=70)
    made = {bill(customer.id, amount).id for amount in range(1000, 1030)}
    age(sandbox, minutes=10)
    found: set[str] = set()
    cursor = None
    for _ in range(100):
        changes = await gateway.changes(cursor)
        found |= invoices_in(changes)
        if changes.cursor == cursor:
            break
        cursor = changes.cursor
    assert found == made


async def test_more_young_events_than_one_poll_reads_do_not_stop_it(
    gateway, sandbox, bill, customer, monkeypatch
):
    monkeypatch.setattr(polls, "MOST_PAGES", 1)
    monkeypatch.setattr(polls, "PAGE", 2)
    bill(customer.id, 1000)
    age(sandbox, minutes=70)
    cursor = (await gateway.changes(None)).cursor
    made = {bill(customer.id, amount).id for amount in range(1000, 1010)}
    found: set[str] = set()
    for _ in range(10):
        changes = await gateway.changes(cursor)
        found |= invoices_in(changes)
        cursor = changes.cursor
    assert found == made


async def test_a_cursor_older_than_what_stripe_keeps_starts_over(gateway, sandbox, bill, customer):
    bill(customer.id, 1000)
    age(sandbox, hours=2)
    cursor = (await gateway.changes(None)).cursor
    age(sandbox, days=31)
    new = bill(customer.id, 2000)
    assert invoices_in(await gateway.changes(cursor)) == {new.id}


async def test_a_poll_that_fails_says_so(gateway, sandbox):
    sandbox.faults.add("GET /v1/events", "500_before")
    with pytest.raises(NotReady):
        await gateway.changes(None)


def test_a_cursor_survives_being_stored():
    cursor = polls.Cursor(int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()), "evt_1")
    assert polls.Cursor.parse(str(cursor)) == cursor

"""The life of an invoice at the Stripe sandbox."""

import pytest
import stripe


def kinds(api):
    return [event.type for event in api.events.list({"limit": 100}).data][::-1]


def test_an_invoice_is_made_finalized_and_paid_once(api, sandbox, customer, give_card):
    give_card(customer.id)
    draft = api.invoices.create(
        {
            "customer": customer.id,
            "currency": "usd",
            "auto_advance": False,
            "pending_invoice_items_behavior": "exclude",
            "metadata": {"atlas_invoice_id": "inv_1"},
        }
    )
    assert (draft.status, draft.number, draft.amount_due) == ("draft", None, 0)
    for amount in (4900, 871, 613, 500):
        item = {"customer": customer.id, "invoice": draft.id, "currency": "usd", "amount": amount}
        api.invoice_items.create(item)
    opened = api.invoices.finalize_invoice(draft.id, {"auto_advance": False})
    assert (opened.status, opened.total, opened.amount_due) == ("open", 6884, 6884)
    assert opened.number.endswith("-0001")
    assert [line.amount for line in opened.lines.data] == [4900, 871, 613, 500]
    assert opened.hosted_invoice_url.startswith("https://")
    assert sandbox.charges == []

    paid = api.invoices.pay(draft.id, {"expand": ["payments"]})
    assert (paid.status, paid.amount_paid, paid.amount_remaining) == ("paid", 6884, 0)
    assert paid.attempt_count == 1
    assert paid.status_transitions.paid_at is not None
    assert [payment.status for payment in paid.payments.data] == ["paid"]
    assert "charge" not in paid
    assert "payment_intent" not in paid
    with pytest.raises(stripe.InvalidRequestError, match="already paid"):
        api.invoices.pay(draft.id)
    [charge] = sandbox.charges_for("inv_1")
    assert (charge.amount, charge.currency, charge.invoice) == (6884, "usd", draft.id)
    assert len(sandbox.charges) == 1


def test_events_tell_the_story_in_order(api, customer, give_card, bill):
    give_card(customer.id)
    api.invoices.pay(bill(customer.id, 1000).id)
    story = [kind for kind in kinds(api) if not kind.endswith("updated")]
    assert story == [
        "customer.created",
        "payment_method.attached",
        "invoice.created",
        "invoiceitem.created",
        "payment_intent.created",
        "invoice.finalized",
        "charge.succeeded",
        "payment_intent.succeeded",
        "invoice_payment.paid",
        "invoice.paid",
        "invoice.payment_succeeded",
    ]


DECLINES = {
    "pm_card_chargeCustomerFail": ("card_declined", "generic_decline"),
    "pm_card_chargeDeclined": ("card_declined", "generic_decline"),
    "pm_card_visa_chargeDeclinedInsufficientFunds": ("card_declined", "insufficient_funds"),
    "pm_card_chargeDeclinedExpiredCard": ("expired_card", "expired_card"),
}


@pytest.mark.parametrize("card", DECLINES)
def test_a_declined_card_leaves_the_invoice_open(api, sandbox, customer, give_card, bill, card):
    code, decline_code = DECLINES[card]
    give_card(customer.id, card)
    invoice = bill(customer.id, 1000)
    with pytest.raises(stripe.CardError) as declined:
        api.invoices.pay(invoice.id)
    assert declined.value.http_status == 402
    assert declined.value.code == code
    assert declined.value.json_body["error"]["decline_code"] == decline_code
    after = api.invoices.retrieve(invoice.id)
    assert (after.status, after.attempt_count, after.amount_remaining) == ("open", 1, 1000)
    assert "invoice.payment_failed" in kinds(api)
    assert sandbox.charges == []

    good = give_card(customer.id, "pm_card_visa")
    assert api.invoices.pay(invoice.id, {"payment_method": good.id}).status == "paid"
    assert [charge.amount for charge in sandbox.charges] == [1000]


def test_a_card_that_wants_consent_asks_for_it(api, sandbox, customer, give_card, bill):
    give_card(customer.id, "pm_card_authenticationRequired")
    invoice = bill(customer.id, 1000)
    with pytest.raises(stripe.CardError) as asked:
        api.invoices.pay(invoice.id)
    assert asked.value.code == "invoice_payment_intent_requires_action"
    assert "invoice.payment_action_required" in kinds(api)
    path = "payments.data.payment.payment_intent"
    shown = api.invoices.retrieve(invoice.id, {"expand": ["payments", path]})
    assert shown.payments.data[0].payment.payment_intent.status == "requires_action"
    assert sandbox.charges == []


def test_without_a_card_nothing_is_tried(api, customer, bill):
    invoice = bill(customer.id, 1000)
    with pytest.raises(stripe.InvalidRequestError, match="default_payment_method"):
        api.invoices.pay(invoice.id)
    assert api.invoices.retrieve(invoice.id).attempt_count == 0


def test_a_card_of_someone_else_is_refused(api, customer, bill):
    other = api.customers.create({"name": "Other"})
    card = api.payment_methods.attach("pm_card_visa", {"customer": other.id})
    with pytest.raises(stripe.InvalidRequestError):
        api.invoices.pay(bill(customer.id, 1000).id, {"payment_method": card.id})
    with pytest.raises(stripe.InvalidRequestError, match="already been attached"):
        api.payment_methods.attach(card.id, {"customer": customer.id})


def test_a_finalized_invoice_is_frozen(api, customer, bill):
    invoice = bill(customer.id, 1000)
    [item] = api.invoice_items.list({"invoice": invoice.id}).data
    frozen = [
        lambda: api.invoices.finalize_invoice(invoice.id),
        lambda: api.invoices.update(invoice.id, {"description": "later"}),
        lambda: api.invoices.delete(invoice.id),
        lambda: api.invoice_items.update(item.id, {"amount": 1}),
        lambda: api.invoice_items.delete(item.id),
        lambda: api.invoice_items.create(
            {"customer": customer.id, "invoice": invoice.id, "currency": "usd", "amount": 1}
        ),
    ]
    for change in frozen:
        with pytest.raises(stripe.InvalidRequestError):
            change()
    after = api.invoices.update(invoice.id, {"metadata": {"seen": "yes"}})
    assert (after.total, after.metadata.to_dict()) == (1000, {"seen": "yes"})


def test_void_and_uncollectible(api, customer, bill):
    first, second = bill(customer.id, 1000), bill(customer.id, 2000)
    assert second.number.endswith("-0002")
    assert api.invoices.void_invoice(first.id).status == "void"
    assert api.invoices.mark_uncollectible(second.id).status == "uncollectible"
    with pytest.raises(stripe.InvalidRequestError, match="open or uncollectible"):
        api.invoices.void_invoice(first.id)
    with pytest.raises(stripe.InvalidRequestError, match="void"):
        api.invoices.pay(first.id, {"paid_out_of_band": True})
    paid = api.invoices.pay(second.id, {"paid_out_of_band": True})
    assert (paid.status, paid.amount_paid) == ("paid", 2000)
    assert {"invoice.voided", "invoice.marked_uncollectible"} <= set(kinds(api))


def test_deleting_a_draft_gives_its_items_back(api, customer):
    pending = {"customer": customer.id, "currency": "usd", "amount": 700}
    item = api.invoice_items.create(pending)
    include = {"customer": customer.id, "pending_invoice_items_behavior": "include"}
    draft = api.invoices.create(include)
    assert draft.total == 700
    assert api.invoices.delete(draft.id).deleted is True
    with pytest.raises(stripe.InvalidRequestError) as gone:
        api.invoices.retrieve(draft.id)
    assert gone.value.http_status == 404
    assert api.invoice_items.retrieve(item.id).invoice is None
    assert [i.id for i in api.invoice_items.list({"pending": True}).data] == [item.id]


def test_excluded_items_stay_pending(api, customer):
    api.invoice_items.create({"customer": customer.id, "currency": "usd", "amount": 700})
    draft = api.invoices.create({"customer": customer.id})
    assert (draft.total, draft.lines.data) == (0, [])
    with pytest.raises(stripe.InvalidRequestError, match="no line items"):
        api.invoices.finalize_invoice(draft.id)


def test_amounts_from_quantities_round_half_up(api, customer):
    draft = api.invoices.create({"customer": customer.id, "currency": "usd"})
    base = {"customer": customer.id, "invoice": draft.id, "currency": "usd"}
    priced = {"unit_amount_decimal": "0.15", "quantity": 1234}
    item = api.invoice_items.create({**base, **priced})
    assert item.amount == 185  # 185.1
    half = api.invoice_items.create({**base, "unit_amount_decimal": "0.5", "quantity": 1})
    assert half.amount == 1
    credit = api.invoice_items.create({**base, "amount": -36})
    assert api.invoices.retrieve(draft.id).total == 150
    api.invoice_items.delete(credit.id)
    assert api.invoices.retrieve(draft.id).total == 186
    with pytest.raises(stripe.InvalidRequestError, match="only specify one"):
        api.invoice_items.create({**base, "amount": 5, "quantity": 2})


def test_more_than_ten_lines_come_in_pages(api, customer, bill):
    invoice = bill(customer.id, *range(100, 125))
    assert (len(invoice.lines.data), invoice.lines.has_more) == (10, True)
    amounts = [line.amount for line in invoice.lines.auto_paging_iter()]
    assert amounts == list(range(100, 125))


@pytest.mark.parametrize(("amount", "balance"), [(0, 0), (20, 20), (-300, -300)])
def test_what_is_too_small_to_charge_moves_to_the_balance(
    api, sandbox, customer, bill, amount, balance
):
    invoice = bill(customer.id, amount)
    assert (invoice.status, invoice.amount_due, invoice.amount_paid) == ("paid", 0, 0)
    assert api.customers.retrieve(customer.id).balance == balance
    following = bill(customer.id, 1000)
    assert following.amount_due == 1000 + balance
    assert sandbox.charges == []


def test_invoices_that_are_sent_have_a_due_date(api, customer, bill):
    sent = {"collection_method": "send_invoice", "days_until_due": 30}
    invoice = bill(customer.id, 1000, **sent)
    assert invoice.due_date == invoice.created + 30 * 86_400
    assert api.invoices.send_invoice(invoice.id).status == "open"
    create = api.invoices.create
    with pytest.raises(stripe.InvalidRequestError, match="due_date or days_until_due"):
        create({"customer": customer.id, "collection_method": "send_invoice"})
    with pytest.raises(stripe.InvalidRequestError, match="send_invoice"):
        create({"customer": customer.id, "days_until_due": 30})

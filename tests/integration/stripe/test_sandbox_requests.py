"""What the Stripe sandbox accepts and refuses: keys, parameters, paging, errors."""

import asyncio
import base64
import http.client
import threading
from datetime import timedelta

import pytest
import stripe


def error_of(call, *args):
    with pytest.raises(stripe.StripeError) as refused:
        call(*args)
    return refused.value


def raw(sandbox, method, path, body="", **headers):
    """A request as a foreign client makes it: status, headers, text."""
    connection = http.client.HTTPConnection("127.0.0.1", int(sandbox.url.rpartition(":")[2]))
    try:
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def test_wrong_and_missing_keys_are_refused(sandbox, connect):
    error = error_of(connect("sk_test_wrong_key_0000").customers.list)
    assert isinstance(error, stripe.AuthenticationError)
    assert "sk_test_wrong_key" not in str(error)
    assert raw(sandbox, "GET", "/v1/customers")[0] == 401
    user = base64.b64encode(b"sk_test_for_tests:").decode()
    assert raw(sandbox, "GET", "/v1/customers", Authorization=f"Basic {user}")[0] == 200


def test_another_api_version_is_refused(sandbox):
    headers = {"Authorization": "Bearer sk_test_for_tests", "Stripe-Version": "2023-08-16"}
    status, _, text = raw(sandbox, "GET", "/v1/customers", **headers)
    assert status == 400
    assert "Invalid Stripe API version: 2023-08-16" in text


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"emaill": "a@b.example"}, "parameter_unknown", "emaill"),
        ({"address": {"town": "Ulm"}}, "parameter_unknown", "address[town]"),
        ({"email": "nonsense"}, "email_invalid", "email"),
        ({"balance": "many"}, "parameter_invalid_integer", "balance"),
        ({"address": "Ulm"}, None, "address"),
        ({"metadata": {"k" * 41: "v"}}, None, "metadata"),
        ({"metadata": {"k": "v" * 501}}, None, "metadata"),
        ({"metadata": {f"k{i}": "v" for i in range(51)}}, None, "metadata"),
        ({"tax_exempt": "maybe"}, None, "tax_exempt"),
        ({"payment_method": "pm_nobody"}, "resource_missing", "payment_method"),
    ],
)
def test_bad_parameters_are_named(api, sandbox, params, code, param):
    error = error_of(api.customers.create, params)
    assert isinstance(error, stripe.InvalidRequestError)
    assert (error.http_status, error.code, error.param) == (400, code, param)
    assert error.request_id.startswith("req_")
    assert api.customers.list().data == []
    assert not any(entry.changed for entry in sandbox.ledger)


def test_missing_parameters_and_objects(api, customer):
    error = error_of(api.invoice_items.create, {"amount": 5, "currency": "usd"})
    assert (error.code, error.param) == ("parameter_missing", "customer")
    error = error_of(api.invoices.create, {"customer": "cus_nobody"})
    assert (error.http_status, error.code, error.param) == (400, "resource_missing", "customer")
    error = error_of(api.customers.retrieve, "cus_nobody")
    assert (error.http_status, error.code) == (404, "resource_missing")


def test_an_unknown_address_is_404(sandbox):
    status, _, text = raw(sandbox, "GET", "/v1/plans", Authorization="Bearer sk_test_for_tests")
    assert status == 404
    assert "Unrecognized request URL" in text


def test_customers_change_and_go(api):
    made = api.customers.create(
        {"name": "A", "metadata": {"a": "1", "b": "2"}, "address": {"city": "Ulm"}}
    )
    changed = api.customers.update(made.id, {"name": "B", "metadata": {"a": "", "c": "3"}})
    assert (changed.name, changed.metadata.to_dict()) == ("B", {"b": "2", "c": "3"})
    assert changed.address.city == "Ulm"
    assert api.customers.update(made.id, {"metadata": ""}).metadata.to_dict() == {}
    [event] = api.events.list({"type": "customer.updated", "limit": 1}).data
    assert event.data.previous_attributes.to_dict() == {"metadata": {"b": "2", "c": "3"}}
    assert api.customers.delete(made.id).deleted is True
    assert api.customers.retrieve(made.id).deleted is True
    assert api.customers.list().data == []
    assert error_of(api.customers.update, made.id, {"name": "C"}).code == "resource_missing"
    assert error_of(api.invoices.create, {"customer": made.id}).code == "resource_missing"


def test_cards_attach_detach_and_list(api, customer, give_card):
    method = give_card(customer.id)
    assert method.customer == customer.id
    listed = api.customers.payment_methods.list(customer.id, {"type": "card"})
    assert [row.id for row in listed.data] == [method.id]
    assert api.payment_methods.detach(method.id).customer is None
    default = api.customers.retrieve(customer.id).invoice_settings.default_payment_method
    assert default is None
    made = api.payment_methods.create({"type": "card", "card": {"token": "tok_mastercard"}})
    assert (made.card.brand, made.card.last4) == ("mastercard", "4444")
    error = error_of(
        api.customers.update,
        customer.id,
        {"invoice_settings": {"default_payment_method": made.id}},
    )
    assert "must be attached" in str(error)


def test_a_customer_arrives_with_its_card(api):
    settings = {"default_payment_method": "pm_card_visa"}
    arriving = {"name": "A", "payment_method": "pm_card_visa", "invoice_settings": settings}
    made = api.customers.create(arriving, {"stripe_version": "2026-10-28.endive"})
    method_id = made.invoice_settings.default_payment_method
    assert api.payment_methods.retrieve(method_id).customer == made.id
    taken = {"payment_method": method_id}
    loose = api.payment_methods.create({"type": "card", "card": {"token": "tok_visa"}})
    foreign = {"invoice_settings": {"default_payment_method": loose.id}}
    for params in (taken, foreign, {"payment_method": loose.id, "expand": ["name"]}):
        error_of(api.customers.create, params)
    assert [row.id for row in api.customers.list().data] == [made.id]
    assert api.payment_methods.retrieve(loose.id).customer is None


def test_expanding(api, customer, give_card, bill):
    give_card(customer.id)
    invoice = api.invoices.pay(bill(customer.id, 1000).id)
    paths = ["data.customer.invoice_settings.default_payment_method", "data.confirmation_secret"]
    [seen] = api.invoices.list({"expand": paths}).data
    assert seen.customer.invoice_settings.default_payment_method.card.last4 == "4242"
    assert seen.confirmation_secret.type == "payment_intent"
    [payment] = api.invoice_payments.list(
        {"invoice": invoice.id, "expand": ["data.payment.payment_intent.latest_charge"]}
    ).data
    assert payment.payment.payment_intent.latest_charge.amount == 1000
    for path in ("name", "customer", "a.b.c.d.e.f"):
        error = error_of(api.customers.retrieve, customer.id, {"expand": [path]})
        assert (error.http_status, error.param) == (400, "expand")


def test_lists_come_newest_first_in_pages(api):
    made = [
        api.customers.create({"name": f"{i}", "email": f"{i % 2}@x.example"}).id for i in range(23)
    ]
    first = api.customers.list()
    assert ([row.id for row in first.data], first.has_more) == (made[:-11:-1], True)
    assert [row.id for row in first.auto_paging_iter()] == made[::-1]
    back = api.customers.list({"ending_before": made[0], "limit": 3})
    assert ([row.id for row in back.data], back.has_more) == (made[3:0:-1], True)
    even = api.customers.list({"email": "0@x.example", "limit": 12})
    assert ([row.id for row in even.data], even.has_more) == (made[::-2], False)
    for limit in (0, 101):
        assert error_of(api.customers.list, {"limit": limit}).param == "limit"
    error = error_of(api.customers.list, {"starting_after": "cus_nobody"})
    assert error.code == "resource_missing"


def test_events_are_filtered_by_type_and_time(api, sandbox):
    api.customers.create({"name": "early"})
    sandbox.clock.advance(timedelta(hours=1))
    late = api.customers.create({"name": "late"})
    api.payment_methods.attach("pm_card_visa", {"customer": late.id})
    since = {"created": {"gte": late.created}}
    kinds = [event.type for event in api.events.list(since).data]
    assert kinds == ["payment_method.attached", "customer.created"]
    some = api.events.list({"types": ["customer.created", "invoice.paid"], **since}).data
    assert [event.data.object.name for event in some] == ["late"]
    assert api.events.retrieve(some[0].id).id == some[0].id
    sandbox.clock.advance(timedelta(days=30))
    assert api.events.list().data == []
    assert error_of(api.events.retrieve, some[0].id).http_status == 404


def test_a_repeated_key_replays_the_first_answer(api, sandbox):
    options = {"idempotency_key": "once"}
    first = api.customers.create({"name": "A"}, options)
    again = api.customers.create({"name": "A"}, options)
    assert again.id == first.id
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.last_response.headers
    error = error_of(api.customers.create, {"name": "B"}, options)
    assert isinstance(error, stripe.IdempotencyError)
    assert isinstance(
        error_of(api.invoices.create, {"customer": first.id}, options), stripe.IdempotencyError
    )
    assert len(api.customers.list().data) == 1
    assert [entry.changed for entry in sandbox.ledger.of("POST /v1/customers")] == [
        True,
        False,
        False,
    ]


def test_a_decline_is_replayed_too_and_charges_nothing(api, sandbox, customer, give_card, bill):
    give_card(customer.id, "pm_card_chargeCustomerFail")
    invoice = bill(customer.id, 1000)
    options = {"idempotency_key": "pay-1"}
    first = error_of(api.invoices.pay, invoice.id, {}, options)
    give_card(customer.id, "pm_card_visa")
    second = error_of(api.invoices.pay, invoice.id, {}, options)
    assert (first.http_status, second.http_status) == (402, 402)
    assert api.invoices.retrieve(invoice.id).attempt_count == 1
    assert api.invoices.pay(invoice.id, {}, {"idempotency_key": "pay-2"}).status == "paid"
    assert len(sandbox.charges) == 1


def test_failed_validation_does_not_use_up_the_key(api):
    options = {"idempotency_key": "retry"}
    assert error_of(api.customers.create, {"nam": "A"}, options).code == "parameter_unknown"
    assert api.customers.create({"name": "A"}, options).name == "A"


@pytest.mark.parametrize("how", ["forget_keys", "a day passes"])
def test_keys_are_forgotten_after_a_day(api, sandbox, how):
    options = {"idempotency_key": "old"}
    first = api.customers.create({"name": "A"}, options)
    if how == "forget_keys":
        assert sandbox.forget_keys() == 1
    else:
        sandbox.clock.advance(timedelta(hours=24, seconds=1))
    assert api.customers.create({"name": "A"}, options).id != first.id


def test_a_key_in_use_is_a_conflict(connect, sandbox):
    sandbox.faults.add("POST /v1/customers", "slow", seconds=1)
    options = {"idempotency_key": "busy"}
    slow, fast = connect(), connect()
    made = []
    thread = threading.Thread(
        target=lambda: made.append(slow.customers.create({"name": "A"}, options))
    )
    thread.start()
    while not sandbox.faults.documents()[0]["seen"]:
        pass
    error = error_of(fast.customers.create, {"name": "A"}, options)
    assert error.http_status == 409
    assert error.json_body["error"]["code"] == "idempotency_key_in_use"
    thread.join()
    assert fast.customers.create({"name": "A"}, options).id == made[0].id


async def test_twenty_threads_share_one_client(api):
    names = [f"customer {i}" for i in range(20)]
    makes = (asyncio.to_thread(api.customers.create, {"name": name}) for name in names)
    made = await asyncio.gather(*makes)
    assert [row.name for row in made] == names
    assert len({row.id for row in made}) == 20
    listed = await asyncio.to_thread(api.customers.list, {"limit": 7})
    seen = await asyncio.to_thread(lambda: [row.id for row in listed.auto_paging_iter()])
    assert sorted(seen) == sorted(row.id for row in made)

"""Webhooks of the Stripe sandbox: signed, retried, and broken on demand."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import stripe

SECRET = "whsec_for_tests"


class Inbox:
    """A receiver that verifies signatures with Stripe's own code and can refuse for a while."""

    def __init__(self) -> None:
        self.events: list[stripe.Event] = []
        self.forged = 0
        self.refuse = 0
        inbox = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(inbox.receive(body, self.headers["Stripe-Signature"]))
                self.end_headers()

            def log_message(self, *args: object) -> None:
                """Stay quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def receive(self, body: bytes, header: str) -> int:
        try:
            event = stripe.Webhook.construct_event(body, header, SECRET)
        except stripe.SignatureVerificationError:
            self.forged += 1
            return 400
        if self.refuse:
            self.refuse -= 1
            return 503
        self.events.append(event)
        return 200

    @property
    def kinds(self) -> list[str]:
        return [event.type for event in self.events]

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    box = Inbox()
    yield box
    box.close()


@pytest.fixture
def endpoint(api, inbox):
    params = {"url": inbox.url, "enabled_events": ["customer.created", "invoice.paid"]}
    return api.webhook_endpoints.create(params)


def test_events_asked_for_arrive_signed(api, sandbox, inbox, endpoint, customer, give_card, bill):
    assert endpoint.secret == SECRET
    assert "secret" not in api.webhook_endpoints.retrieve(endpoint.id)
    give_card(customer.id)
    invoice = api.invoices.pay(bill(customer.id, 1000).id)
    assert sandbox.webhooks.settle()
    assert sorted(inbox.kinds) == ["customer.created", "invoice.paid"]
    paid = next(event for event in inbox.events if event.type == "invoice.paid")
    assert (paid.data.object.id, paid.data.object.status) == (invoice.id, "paid")
    assert paid.api_version == "2026-10-28.endive"
    assert api.events.retrieve(paid.id).to_dict()["data"] == paid.to_dict()["data"]
    assert sandbox.webhooks.counters["delivered"] == 2


def test_a_removed_or_disabled_endpoint_hears_nothing(api, sandbox, inbox, endpoint):
    api.webhook_endpoints.update(endpoint.id, {"disabled": True})
    api.customers.create({"name": "A"})
    api.webhook_endpoints.update(endpoint.id, {"disabled": False})
    api.customers.create({"name": "B"})
    assert api.webhook_endpoints.delete(endpoint.id).deleted is True
    assert api.webhook_endpoints.list().data == []
    api.customers.create({"name": "C"})
    assert sandbox.webhooks.settle()
    assert [event.data.object.name for event in inbox.events] == ["B"]


def test_refused_webhooks_are_sent_again(api, sandbox, inbox, endpoint):
    inbox.refuse = 1
    api.customers.create({"name": "A"})
    assert sandbox.webhooks.settle()
    assert inbox.kinds == ["customer.created"]
    assert (sandbox.webhooks.counters["refused"], sandbox.webhooks.counters["attempts"]) == (1, 2)


@pytest.mark.parametrize(
    ("rule", "arrived", "counter"),
    [
        ({"action": "dup", "copies": 3}, ["A", "A", "A", "B"], ("delivered", 4)),
        ({"action": "drop"}, ["B"], ("dropped", 1)),
        ({"action": "delay", "seconds": 0.4}, ["B", "A"], ("delivered", 2)),
        ({"action": "reorder", "copies": 1}, ["B", "A"], ("delivered", 2)),
    ],
)
def test_scripted_webhook_faults(api, sandbox, inbox, endpoint, rule, arrived, counter):
    sandbox.webhooks.faults.add("customer.*", **rule)
    for name in ("A", "B"):
        api.customers.create({"name": name})
    assert sandbox.webhooks.settle()
    names = [event.data.object.name for event in inbox.events]
    assert names == arrived if rule["action"] != "dup" else sorted(names) == arrived
    assert sandbox.webhooks.counters[counter[0]] == counter[1]
    if rule["action"] == "dup":
        assert len({event.id for event in inbox.events}) == 2


def test_a_forged_signature_is_refused_and_the_true_one_follows(api, sandbox, inbox, endpoint):
    sandbox.webhooks.faults.add("customer.created", "bad_sig")
    api.customers.create({"name": "A"})
    assert sandbox.webhooks.settle()
    assert (inbox.forged, inbox.kinds) == (1, ["customer.created"])


def test_an_endpoint_that_is_not_there_does_no_harm(api, sandbox):
    params = {"url": "http://127.0.0.1:9/nobody", "enabled_events": ["*"]}
    api.webhook_endpoints.create(params)
    api.customers.create({"name": "A"})
    assert not sandbox.webhooks.settle(timeout=0.2)
    assert sandbox.webhooks.counters["refused"] >= 1

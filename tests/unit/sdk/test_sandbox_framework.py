"""The sandbox framework with the smallest vendor there can be: a counter."""

import hashlib
import json
import socket
from collections.abc import Iterator, Mapping

import httpx2
import pytest

from atlas_hub.sdk.sandbox import Answer, Endpoint, Request, Rule, Sandbox, WebhookAction


class Counter(Sandbox):
    """POST adds one and tells it, GET reads."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(credentials={"token": "t"}, port=port)
        self.count = 0

    async def answer(self, request: Request) -> Answer:
        await request.work()
        changed = request.method == "POST"
        if changed:
            self.count += 1
            self.webhooks.publish("counter.changed", str(self.count).encode())
        return Answer(200, {"count": self.count}, changed=changed)

    def refuse(self, request: Request, status: int, retry_after: int | None) -> Answer:
        return Answer(status, {"problem": status, "after": retry_after})

    def sign(self, endpoint: Endpoint, body: bytes, at: int) -> Mapping[str, str]:
        return {"X-Digest": hashlib.sha256(endpoint.secret.encode() + body).hexdigest()}


@pytest.fixture
def counter() -> Iterator[Counter]:
    with Counter() as running:
        yield running


def post(counter, path="/count"):
    return httpx2.post(f"{counter.url}{path}", content=b"x=1", timeout=0.5)


def test_it_listens_on_loopback_only_and_frees_its_port(counter):
    assert counter.url.startswith("http://127.0.0.1:")
    port = int(counter.url.rpartition(":")[2])
    post(counter)
    counter.close()
    with pytest.raises(httpx2.ConnectError):
        post(counter)
    with Counter(port=port) as again:
        assert again.url == counter.url


def test_a_port_in_use_is_an_error_at_once():
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        Counter(port=taken.getsockname()[1])


def test_faults_wrap_any_vendor(counter):
    counter.faults.add("POST /count", "500_before")
    counter.faults.add("POST /count", "500_after_apply", nth=2)
    counter.faults.add("POST /count", "reset_after_apply", nth=3)
    counter.faults.add("POST /count", "bad_json", nth=4)
    assert post(counter).json() == {"problem": 500, "after": None}
    assert counter.count == 0
    assert post(counter).status_code == 500
    assert counter.count == 1
    with pytest.raises(httpx2.ReadError):
        post(counter)
    assert counter.count == 2
    with pytest.raises(json.JSONDecodeError):
        post(counter).json()
    assert post(counter).json() == {"count": 4}
    assert [(e.status, e.changed) for e in counter.ledger] == [
        (500, False),
        (500, True),
        (None, True),
        (200, True),
        (200, True),
    ]
    assert [entry.number for entry in counter.ledger] == [1, 2, 3, 4, 5]


def test_webhooks_go_to_the_endpoints_that_want_them(counter):
    with Counter() as receiver:
        for name, kinds in (("all", ("*",)), ("some", ("counter.*",)), ("none", ("other.*",))):
            endpoint = Endpoint(name, f"{receiver.url}/{name}", "secret", kinds)
            counter.webhooks.endpoints[name] = endpoint
        post(counter)
        assert counter.webhooks.settle()
        assert sorted(entry.path for entry in receiver.ledger) == ["/all", "/some"]
        assert {entry.body for entry in receiver.ledger} == {"1"}


@pytest.mark.parametrize(
    ("match", "subject", "fits"),
    [
        ("POST /v1/invoices/*/pay", "POST /v1/invoices/in_1/pay", True),
        ("POST /v1/invoices/*/pay", "POST /v1/invoices/in_1/x/pay", False),
        ("POST /v1/invoices/*/pay", "GET /v1/invoices/in_1/pay", False),
        ("* /v1/**", "DELETE /v1/a/b/c", True),
        ("GET /v1/a.b", "GET /v1/axb", False),
        ("invoice.*", "invoice.paid", True),
        ("invoice.*", "invoiceitem.created", False),
        ("*", "anything.at_all", True),
    ],
)
def test_patterns(match, subject, fits):
    assert Rule(match, WebhookAction.DROP).fires(subject) == fits


def test_unknown_controls_are_named(counter):
    answer = httpx2.get(f"{counter.url}/_sandbox/nothing")
    assert answer.status_code == 404
    assert "GET ledger" in answer.json()["known"]
    assert httpx2.post(f"{counter.url}/_sandbox/clock", content=b"{").status_code == 400
    back = httpx2.post(f"{counter.url}/_sandbox/clock", json={"advance_seconds": -1})
    assert (back.status_code, "forward" in back.json()["error"]) == (400, True)

"""Redis flushed or away, PostgreSQL killed: work waits, and nothing is lost or done twice."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator

import pytest
import redis

from atlas_hub.cli.demo.command import running_sandbox
from atlas_hub.cli.demo.shopper import Shopper
from atlas_hub.cli.demo.stage import Stage, running_hub
from atlas_hub.runtime import attach
from atlas_hub.sdk import Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox() as running:
        yield running


@pytest.fixture(scope="module")
def stage(tmp_path_factory, sandbox: Sandbox) -> Iterator[Stage]:
    """A whole hub as `serve` runs it, with a plan that bills at once and a gateway."""
    with running_hub(tmp_path_factory.mktemp("hub") / "data") as running:
        running.call("POST", "/v1/test_clock", {"now": "2026-01-01T00:00:00Z"})
        plan = running.call("POST", "/v1/plans", {"key": "fee", "name": "Fee", "currency": "EUR"})
        item = {
            "fee": "Set-up",
            "cadence": "once",
            "timing": "advance",
            "price": {"type": "flat", "amount": "30.00"},
        }
        running.call("POST", f"/v1/plans/{plan['id']}/items", item)
        running.call("POST", f"/v1/plans/{plan['id']}/publish", {})
        connection = {
            "connector": "stripe",
            "name": "Stripe",
            "config": {"api_base": sandbox.url},
            "secrets": dict(sandbox.credentials),
        }
        running.call("POST", "/v1/connections", connection)
        yield running


class Shop:
    """Makes customers with cards, and invoices for them."""

    def __init__(self, stage: Stage, sandbox: Sandbox) -> None:
        self.stage, self.sandbox, self.count = stage, sandbox, 0

    def invoice(self, name: str) -> str:
        """Finalize an invoice of a new customer who has a card."""
        self.stage.call(
            "POST", "/v1/customers", {"name": name, "email": "a@b.example", "external_id": name}
        )
        shopper = Shopper(self.sandbox)
        vendor = shopper.sign_up(name, "a@b.example")
        shopper.save_card(vendor)
        pair = {"connection": "Stripe", "resource": "customer", "hub": name, "vendor": vendor}
        self.stage.call("POST", "/v1/links", pair)
        self.stage.call("POST", "/v1/subscriptions", {"customer": name, "plan": "fee"})
        run = self.stage.call("POST", "/v1/billing/run", {"finalize": True})
        (invoice,) = run["invoices"]
        return str(invoice)

    def wait_until_paid(self, invoice: str, seconds: float = 30) -> None:
        """Wait for one paid invoice with one charge; the hub may be away meanwhile."""
        deadline = time.monotonic() + seconds
        while self.status(invoice) != "paid":
            assert time.monotonic() < deadline, self.status(invoice)
            time.sleep(0.2)
        (charge,) = self.sandbox.charges_for(invoice)
        assert charge.amount == 3000

    def status(self, invoice: str) -> str:
        """Return the invoice's status, or why it cannot be had."""
        response = self.stage.client.get(f"/v1/invoices/{invoice}")
        return str(response.json().get("status" if response.is_success else "code"))


@pytest.fixture(scope="module")
def shop(stage: Stage, sandbox: Sandbox) -> Shop:
    return Shop(stage, sandbox)


def redis_of(stage: Stage) -> "redis.Redis":
    url = attach(stage.folder).redis_url
    assert url is not None
    return redis.Redis.from_url(url)


def child_of(stage: Stage, program: str) -> int:
    """Return the process id of a server that the hub runs."""
    listed = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(stage.process.pid)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    (line,) = [each for each in listed if program in each]
    return int(line.split()[0])


def test_a_flushed_redis_loses_no_delivery(stage: Stage, shop: Shop) -> None:
    with redis_of(stage) as client:
        for number in range(3):
            invoice = shop.invoice(f"flush-{number}")
            client.flushall()
            shop.wait_until_paid(invoice)


def test_deliveries_go_on_while_redis_is_away(stage: Stage, shop: Shop) -> None:
    """Stopped, not killed: connections hang instead of failing, which is the harder case."""
    valkey = child_of(stage, "valkey-server")
    os.kill(valkey, signal.SIGSTOP)
    try:
        shop.wait_until_paid(shop.invoice("redis-hangs"))
    finally:
        os.kill(valkey, signal.SIGCONT)
    shop.wait_until_paid(shop.invoice("redis-back"))


def test_a_killed_redis_comes_back(stage: Stage, shop: Shop) -> None:
    invoice = shop.invoice("redis-killed")
    os.kill(child_of(stage, "valkey-server"), signal.SIGKILL)
    shop.wait_until_paid(invoice)


def test_a_killed_postgres_comes_back_with_everything(stage: Stage, shop: Shop) -> None:
    """The API answers 503 with a remedy meanwhile; the delivery ends as if nothing had been."""
    invoice = shop.invoice("postgres-killed")
    os.kill(child_of(stage, "postgres"), signal.SIGKILL)
    seen = {shop.status(invoice)}
    shop.wait_until_paid(invoice)
    assert seen <= {"database_unavailable", "open", "paid"}


def test_a_killed_worker_is_replaced(stage: Stage, shop: Shop) -> None:
    invoice = shop.invoice("worker-killed")
    os.kill(child_of(stage, "worker"), signal.SIGKILL)
    shop.wait_until_paid(invoice)

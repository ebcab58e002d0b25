"""The story: from files of usage to paid invoices, through the public API and commands only."""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from atlas_hub.cli.demo import offer
from atlas_hub.cli.demo.inputs import Input, generated, given
from atlas_hub.cli.demo.shopper import Shopper
from atlas_hub.cli.demo.stage import Stage, running_hub
from atlas_hub.cli.demo.tell import Teller
from atlas_hub.cli.services import installed_plugins
from atlas_hub.sdk import Sandbox
from atlas_hub.settings import load_settings
from atlas_hub_core.errors import Unavailable
from atlas_hub_core.periods import add_months, local_date, midnight

PAID_SECONDS: Final = 60  # how long gateway and webhook may take before the demo calls it a failure


@dataclass(frozen=True, slots=True)
class _Customer:
    """A customer of the demo, here and at the gateway."""

    usage: Input
    id: str
    stripe_id: str | None


def demo(files: Sequence[Path], *, keep: bool) -> None:
    """Play the demo; with `keep`, leave hub and sandbox running until Ctrl-C."""
    teller = Teller(Console(soft_wrap=False, highlight=False))
    with tempfile.TemporaryDirectory(prefix="atlas-demo-") as home:
        folder = Path(home)
        inputs = given(files) if files else generated(folder)
        with running_sandbox() as sandbox, running_hub(folder / "data") as stage:
            _play(stage, sandbox, inputs, teller)
            if keep:
                _stay(stage, sandbox, teller)


@contextmanager
def running_sandbox() -> Iterator[Sandbox]:
    """Yield the simulated Stripe that the Stripe connector brings."""
    connectors = installed_plugins(load_settings()).connectors()
    if "stripe" not in connectors:
        message = "The demo needs the Stripe connector: pip install atlas-hub-stripe"
        raise Unavailable(message, code="connector_missing")
    sandbox = connectors["stripe"]().sandbox()
    if sandbox is None:
        message = "The Stripe connector brings no sandbox; install a newer one."
        raise Unavailable(message, code="no_sandbox")
    try:
        yield sandbox
    finally:
        sandbox.close()


def _play(stage: Stage, sandbox: Sandbox, inputs: Sequence[Input], teller: Teller) -> None:
    month = local_date(min(each.first for each in inputs), "UTC").replace(day=1)
    start, end = midnight(month, "UTC"), midnight(add_months(month, 1), "UTC")
    shopper = Shopper(sandbox)
    teller.title("Atlas Hub: usage in, paid invoices out")
    with teller.step("A hub and a simulated Stripe start on this machine"):
        _move_clock(stage, start)
        connection = _connect(stage, sandbox, shopper)
        teller.fact(f"hub {stage.url}, Stripe {sandbox.url}, business time {start:%Y-%m-%d}")
    with teller.step("An admin says what counts and what it costs"):
        _make_offer(stage, teller)
    with teller.step("Customers subscribe; all but the last have a card at Stripe"):
        customers = [
            _subscribe(stage, shopper, connection, each, start, card=each is not inputs[-1])
            for each in inputs
        ]
        for customer in customers:
            known = f"Stripe {customer.stripe_id}" if customer.stripe_id else "no card yet"
            teller.fact(f"{customer.usage.name} ({customer.id}), {known}")
    with teller.step("Their usage is imported, twice: repeats change nothing"):
        for customer in customers:
            teller.fact(f"{customer.usage.name}: {_import(stage, customer)}")
            teller.fact(f"{' ' * len(customer.usage.name)}  {_import(stage, customer)}")
    with teller.step(f"The month is over: the billing run of {end:%Y-%m-%d}"):
        _move_clock(stage, end)
        ran = stage.call(
            "POST", "/v1/billing/run", {"as_of": f"{end:%Y-%m-%d}T00:00:00Z", "finalize": True}
        )
        teller.fact(f"{len(ran['invoices'])} invoices finalized and handed to the gateway")
    with teller.step("Stripe collects and reports by signed webhook"):
        _settle(stage, shopper, customers, teller)
    for customer in customers:
        invoice = _invoice(stage, customer)
        working = stage.call("GET", f"/v1/invoices/{invoice['id']}/explain")["lines"]
        teller.invoice(invoice, working, customer.usage.name)


def _move_clock(stage: Stage, now: datetime) -> None:
    stage.call("POST", "/v1/test_clock", {"now": now.isoformat()})


def _connect(stage: Stage, sandbox: Sandbox, shopper: Shopper) -> str:
    body = {
        "connector": "stripe",
        "name": "Stripe",
        "config": {"api_base": sandbox.url},
        "secrets": {
            "api_key": sandbox.credentials["api_key"],
            "webhook_secret": "whsec_not_yet_known",
        },
    }
    connection = str(stage.call("POST", "/v1/connections", body)["id"])
    secret = shopper.listen(f"{stage.url}/v1/connections/{connection}/webhook")
    stage.call("PATCH", f"/v1/connections/{connection}", {"secrets": {"webhook_secret": secret}})
    return connection


def _make_offer(stage: Stage, teller: Teller) -> None:
    for metric in offer.METRICS:
        stage.call("POST", "/v1/metrics", metric)
        teller.fact(f"metric {metric['key']}: {offer.describe_metric(metric)}")
    entitlement = stage.call("POST", "/v1/entitlements", offer.ENTITLEMENT)
    plan = stage.call("POST", "/v1/plans", offer.PLAN)
    for item in offer.items(entitlement["entitlement_key"]):
        stage.call("POST", f"/v1/plans/{plan['id']}/items", item)
        teller.fact(f"plan item {offer.describe_item(item)}")
    stage.call("POST", f"/v1/plans/{plan['id']}/publish", {})


def _subscribe(
    stage: Stage, shopper: Shopper, connection: str, usage: Input, start: datetime, *, card: bool
) -> _Customer:
    email = f"billing@{usage.customer}.example"
    body = {"name": usage.name, "email": email, "external_id": usage.customer}
    customer = stage.call("POST", "/v1/customers", body)
    stripe_id = None
    if card:
        stripe_id = shopper.sign_up(usage.name, email)
        shopper.save_card(stripe_id)
        pair = {"connection": connection, "resource": "customer"}
        stage.call("POST", "/v1/links", {**pair, "hub": customer["id"], "vendor": stripe_id})
    subscription = {
        "customer": customer["id"],
        "plan": offer.PLAN["key"],
        "start": f"{start:%Y-%m-%d}",
    }
    stage.call("POST", "/v1/subscriptions", subscription)
    return _Customer(usage, customer["id"], stripe_id)


def _import(stage: Stage, customer: _Customer) -> str:
    printed = stage.run(
        "events",
        "import",
        str(customer.usage.file),
        *("--event-name", offer.EVENT),
        *("--customer", customer.usage.customer),
        *("--timestamp-column", "TIMESTAMP", "--timezone", "UTC"),
        *("--property", "context_tokens=ContextTokens:integer"),
        *("--property", "generated_tokens=GeneratedTokens:integer"),
    )
    return printed.strip().splitlines()[-1]


def _settle(stage: Stage, shopper: Shopper, customers: Sequence[_Customer], teller: Teller) -> None:
    """Wait until every invoice is paid; who has no card adds one when Stripe asks for it."""
    for customer in customers:
        if customer.stripe_id is None:
            _wait_for(stage, customer, "action_required")
            link = stage.call("GET", f"/v1/links?hub={customer.id}")["data"][0]
            teller.fact(f"{customer.usage.name} has no card: Stripe asks for one, and gets it")
            shopper.save_card(link["vendor"])
    for customer in customers:
        _wait_for(stage, customer, "paid")
    teller.fact("every invoice is paid, at Stripe and in the hub\n")


def _wait_for(stage: Stage, customer: _Customer, status: str) -> None:
    deadline = time.monotonic() + PAID_SECONDS
    while time.monotonic() < deadline:
        invoice = _invoice(stage, customer)
        if status in (invoice["status"], *(each["status"] for each in invoice["payments"])):
            return
        time.sleep(0.1)
    message = f"The invoice of {customer.usage.name} did not become {status}: {invoice['payments']}"
    raise Unavailable(message, code="demo_failed")


def _invoice(stage: Stage, customer: _Customer) -> dict[str, Any]:
    found: list[dict[str, Any]] = stage.call("GET", f"/v1/customers/{customer.id}/invoices")["data"]
    return found[0]


def _stay(stage: Stage, sandbox: Sandbox, teller: Teller) -> None:
    teller.fact(f"Still running: the hub at {stage.url} (API key {stage.key}),")
    teller.fact(f"the simulated Stripe at {sandbox.url} (key {sandbox.credentials['api_key']}).")
    teller.fact(f"Try: curl -H 'Authorization: Bearer {stage.key}' {stage.url}/v1/invoices")
    teller.fact("Ctrl-C stops both.")
    try:
        stage.process.wait()
    except KeyboardInterrupt:
        teller.fact("Stopped.")

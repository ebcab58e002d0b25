"""The tutorial, done by a reader: every call of it, in its order, against a hub of one's own."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from atlas_hub.cli.demo.command import running_sandbox
from atlas_hub.cli.demo.shopper import Shopper
from atlas_hub.cli.demo.stage import Stage, running_hub
from atlas_hub.sdk import Sandbox

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"
CALLS = re.findall(r"^```http\n(GET|POST) (\S+)\n(.*?)^```$", PAGE.read_text(), re.M | re.S)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox() as running:
        yield running


@pytest.fixture
def stage(tmp_path) -> Iterator[Stage]:
    with running_hub(tmp_path / "data") as running:
        yield running


def filled_in(text: str, sandbox: Sandbox) -> Any:
    """Return a body with what the sandbox printed put in."""
    for name, value in {
        "$STRIPE_URL": sandbox.url,
        "$STRIPE_KEY": sandbox.credentials["api_key"],
        "$STRIPE_WEBHOOK_SECRET": sandbox.credentials["webhook_secret"],
    }.items():
        text = text.replace(name, value)
    return json.loads(text) if text.strip() else None


def test_the_tutorial_leads_to_the_invoice_it_promises(stage: Stage, sandbox: Sandbox) -> None:
    assert len(CALLS) > 12
    answers = {
        path: stage.call(method, path, filled_in(body, sandbox)) for method, path, body in CALLS
    }
    assert answers["/v1/connections/Stripe/test"]["ok"]
    assert answers["/v1/events"] == {"accepted": 2, "duplicates": 0, "rejected": []}
    assert answers["/v1/metrics/preview"]["quantity"] == "1500"
    (invoice,) = answers["/v1/customers/acme/invoices"]["data"]
    assert [line["amount"] for line in invoice["lines"]] == ["49.00", "12.50"]
    assert (invoice["tax"], invoice["total"]) == ("11.69", "73.19")
    explained = answers["/v1/invoices/INV-000001/explain"]["lines"][1]["steps"]
    assert any("500 x 0.005 = 2.50" in step for step in explained)

    delivered = wait_for(stage, "action_required")
    link = stage.call("GET", "/v1/links")["data"][0]
    assert delivered["status"] == "open"
    Shopper(sandbox).save_card(link["vendor"])
    assert wait_for(stage, "paid", seconds=60)["amount_paid"] == "73.19"


def wait_for(stage: Stage, status: str, seconds: float = 30) -> dict[str, Any]:
    """Return the invoice once it, or its payment, has this status; polling finds it by itself."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        invoice: dict[str, Any] = stage.call("GET", "/v1/invoices/INV-000001")
        if status in (invoice["status"], *(each["status"] for each in invoice["payments"])):
            return invoice
        time.sleep(0.2)
    pytest.fail(f"not {status}: {invoice}")

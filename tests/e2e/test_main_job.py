"""The main job on real usage, through commands and HTTP only: files in, paid invoices out."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from atlas_hub.cli.demo import offer
from atlas_hub.cli.demo.command import running_sandbox
from atlas_hub.cli.demo.shopper import Shopper
from atlas_hub.cli.demo.stage import Stage, running_hub
from atlas_hub.cli.demo.traffic import Traffic, write_traffic
from atlas_hub.sdk import Sandbox

# Rows and sums of the published trace, counted independently of this project.
TRAFFIC = {
    "conv": Traffic(19_366, 22_361_870, 4_088_665),
    "code": Traffic(8_819, 18_059_974, 245_896),
}
LINES = {
    "conv": ["49.00", "8.71", "6.13", "5.00"],
    "code": ["49.00", "7.42", "0.37", "2.25"],
}
TOTALS = {"conv": "68.84", "code": "59.04"}


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, Path]:
    """The real trace where it lies, else seeded files with the same rows and sums."""
    folder = os.environ.get("ATLAS_TEST_DATA")
    if folder is not None:
        found = {name: Path(folder) / "azure-llm-2023" / f"{name}.csv" for name in TRAFFIC}
        assert all(file.exists() for file in found.values()), found
        return found
    made = tmp_path_factory.mktemp("usage")
    start = datetime(2023, 11, 16, 18, tzinfo=UTC)
    for seed, (name, traffic) in enumerate(TRAFFIC.items()):
        write_traffic(made / f"{name}.csv", traffic, start=start, seed=seed)
    return {name: made / f"{name}.csv" for name in TRAFFIC}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running_sandbox() as running:
        yield running


@pytest.fixture(scope="module")
def stage(tmp_path_factory) -> Iterator[Stage]:
    with running_hub(tmp_path_factory.mktemp("hub") / "data") as running:
        yield running


def bring_in(stage: Stage, name: str, file: Path) -> str:
    return stage.run(
        *("events", "import", str(file), "--event-name", offer.EVENT, "--customer", name),
        *("--timestamp-column", "TIMESTAMP", "--timezone", "UTC"),
        *("--property", "context_tokens=ContextTokens:integer"),
        *("--property", "generated_tokens=GeneratedTokens:integer"),
    )


def count_events(stage: Stage, customer: str) -> int:
    preview = stage.call(
        "POST", "/v1/metrics/preview", {"metric": "requests", "customer": customer}
    )
    return int(preview["matched"])


def wait_until_paid(stage: Stage, customer: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        (invoice,) = stage.call("GET", f"/v1/customers/{customer}/invoices")["data"]
        if invoice["status"] == "paid":
            return invoice
        time.sleep(0.2)
    pytest.fail(f"not paid: {invoice}")


def test_a_month_of_real_usage_becomes_two_paid_invoices(
    stage: Stage, sandbox: Sandbox, files: dict[str, Path]
) -> None:
    """Set up in November, import, bill on the first of December: exact lines, paid at Stripe."""
    stage.call("POST", "/v1/test_clock", {"now": "2023-11-01T00:00:00Z"})
    for metric in offer.METRICS:
        stage.call("POST", "/v1/metrics", metric)
    plan = stage.call("POST", "/v1/plans", offer.PLAN)
    for item in offer.items("")[:-1]:
        stage.call("POST", f"/v1/plans/{plan['id']}/items", item)
    stage.call("POST", f"/v1/plans/{plan['id']}/publish", {})
    shopper = Shopper(sandbox)
    connection = stage.call(
        "POST",
        "/v1/connections",
        {
            "connector": "stripe",
            "name": "Stripe",
            "config": {"api_base": sandbox.url},
            "secrets": dict(sandbox.credentials),
        },
    )
    shopper.listen(f"{stage.url}/v1/connections/{connection['id']}/webhook")
    for name in files:
        body = {"name": name, "email": f"{name}@example.com", "external_id": name}
        stage.call("POST", "/v1/customers", body)
        vendor = shopper.sign_up(name, body["email"])
        shopper.save_card(vendor)
        pair = {"connection": "Stripe", "resource": "customer", "hub": name, "vendor": vendor}
        stage.call("POST", "/v1/links", pair)
        subscription = {"customer": name, "plan": "llm-pro", "start": "2023-11-01"}
        stage.call("POST", "/v1/subscriptions", subscription)

    for name, file in files.items():
        bring_in(stage, name, file)
    assert {name: count_events(stage, name) for name in files} == {
        name: traffic.requests for name, traffic in TRAFFIC.items()
    }
    for name, file in files.items():
        bring_in(stage, name, file)
    assert {name: count_events(stage, name) for name in files} == {
        name: traffic.requests for name, traffic in TRAFFIC.items()
    }

    stage.call("POST", "/v1/test_clock", {"now": "2023-12-01T00:00:00Z"})
    run = {"as_of": "2023-12-01T00:00:00Z"}
    drafts = stage.call("POST", "/v1/billing/run", run)["invoices"]
    assert len(drafts) == 2
    assert stage.call("POST", "/v1/billing/run", run)["invoices"] == drafts
    for draft in drafts:
        assert stage.call("GET", f"/v1/invoices/{draft}")["status"] == "draft"
        stage.call("POST", f"/v1/invoices/{draft}/finalize", {})

    for name in files:
        invoice = wait_until_paid(stage, name)
        assert [line["amount"] for line in invoice["lines"]] == LINES[name]
        assert (invoice["total"], invoice["amount_paid"]) == (TOTALS[name], TOTALS[name])
        assert invoice["due_date"] == "2023-12-31T00:00:00Z"
        (charge,) = sandbox.charges_for(invoice["id"])
        assert Decimal(charge.amount).scaleb(-2) == Decimal(TOTALS[name])
    assert stage.call("POST", "/v1/billing/run", run)["invoices"] == []
    assert "0 differences" in stage.run("verify")

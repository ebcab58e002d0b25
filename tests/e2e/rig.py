"""A rig for crashes: an API in this process, workers in others, and the gateway as the judge."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx2

from atlas_hub_stripe.sandbox.sandbox import StripeSandbox

_numbers = count(1)


@dataclass
class Rig:
    """What one crash case needs. `api` is the hub's API, `database_url` what workers are given."""

    api: httpx2.AsyncClient
    sandbox: StripeSandbox
    database_url: str
    folder: Path
    redis_url: str = ""

    async def call(self, method: str, path: str, body: Any | None = None) -> Any:
        """Call the API; a refusal fails the test with its words."""
        response = await self.api.request(method, path, json=body)
        assert response.is_success, response.text
        return response.json()

    async def prepare(self) -> None:
        """Make the plan, fees that are due at once, and the connection to the gateway."""
        self.folder.mkdir()  # workers remember there that the plugins passed their probe
        plan = await self.call(
            "POST", "/v1/plans", {"key": "fee", "name": "Fee", "currency": "USD"}
        )
        for name, amount in (("Set-up", "30.00"), ("Hardware", "12.34")):
            item = {
                "fee": name,
                "cadence": "once",
                "timing": "advance",
                "price": {"type": "flat", "amount": amount},
            }
            await self.call("POST", f"/v1/plans/{plan['id']}/items", item)
        await self.call("POST", f"/v1/plans/{plan['id']}/publish", {})
        connection = {
            "connector": "stripe",
            "name": "Stripe",
            "config": {"api_base": self.sandbox.url},
            "secrets": dict(self.sandbox.credentials),
        }
        await self.call("POST", "/v1/connections", connection)

    async def invoice(self) -> str:
        """Finalize an invoice of a new customer who can pay; nobody delivers it yet."""
        number = next(_numbers)
        body = {"name": f"Customer {number}", "email": "a@example.com", "external_id": f"c{number}"}
        await self.call("POST", "/v1/customers", body)
        pair = {"connection": "Stripe", "resource": "customer", "hub": f"c{number}"}
        await self.call("POST", "/v1/links", {**pair, "vendor": self.paying_customer()})
        await self.call("POST", "/v1/subscriptions", {"customer": f"c{number}", "plan": "fee"})
        run = await self.call("POST", "/v1/billing/run", {"finalize": True})
        (invoice,) = run["invoices"]
        return str(invoice)

    def paying_customer(self) -> str:
        """Make a customer with a good card at the gateway."""
        customer = self._at_gateway("/v1/customers", {"name": "payer"})["id"]
        card = "/v1/payment_methods/pm_card_visa/attach"
        method = self._at_gateway(card, {"customer": customer})["id"]
        default = {"invoice_settings[default_payment_method]": method}
        self._at_gateway(f"/v1/customers/{customer}", default)
        return str(customer)

    def _at_gateway(self, path: str, form: dict[str, str]) -> Any:
        headers = {"Authorization": f"Bearer {self.sandbox.credentials['api_key']}"}
        response = httpx2.post(f"{self.sandbox.url}{path}", data=form, headers=headers)
        assert response.is_success, response.text
        return response.json()

    @contextmanager
    def worker(self, failpoints: str = "") -> Iterator[subprocess.Popen[bytes]]:
        """Run a worker process; kill it at the end if it still lives."""
        environment = {
            **os.environ,
            "ATLAS_DATABASE_URL": self.database_url,
            "ATLAS_REDIS_URL": self.redis_url,
            "ATLAS_DATA_DIR": str(self.folder),
            "ATLAS_TEST_CLOCK": "1",
            "ATLAS_LOG_LEVEL": "warning",
            "ATLAS_FAILPOINTS": failpoints,
        }
        command = [sys.executable, "-m", "atlas_hub.cli", "worker", "--lease-seconds", "1"]
        process = subprocess.Popen(command, env=environment)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()

    async def wait_until_paid(self, invoice: str, seconds: float = 60) -> dict[str, Any]:
        """Return the invoice once it is paid."""
        deadline = time.monotonic() + seconds
        while True:
            answer: dict[str, Any] = await self.call("GET", f"/v1/invoices/{invoice}")
            if answer["status"] == "paid":
                return answer
            assert time.monotonic() < deadline, answer
            await asyncio.sleep(0.1)

    async def wait_for_death_or_payment(
        self, worker: subprocess.Popen[bytes], invoice: str, seconds: float = 60
    ) -> None:
        """Wait until the worker has met its failpoint, or the invoice is paid without."""
        deadline = time.monotonic() + seconds
        while worker.poll() is None:
            answer = await self.call("GET", f"/v1/invoices/{invoice}")
            if answer["status"] == "paid":
                return
            assert time.monotonic() < deadline, answer
            await asyncio.sleep(0.1)

    def break_gateway(self, dice: random.Random) -> None:
        """Let one of the gateway's next answers fail in a way that leaves the outcome open."""
        action = dice.choice(
            "500_before 500_after_apply reset_before reset_after_apply 429 bad_json".split()
        )
        self.sandbox.faults.add("POST /v1/**", action, nth=dice.randrange(1, 6))

    async def judge(self, invoice: str) -> None:
        """Assert one paid invoice at the gateway, one charge, the right sum, and no dead job."""
        answer = await self.call("GET", f"/v1/invoices/{invoice}")
        assert answer["total"] == "42.34", answer
        charges = self.sandbox.charges_for(invoice)
        assert [charge.amount for charge in charges] == [4234]
        theirs = [
            each
            for each in self.sandbox.state.invoices
            if each["metadata"].get("atlas_invoice_id") == invoice
        ]
        assert [each["status"] for each in theirs] == ["paid"], theirs
        assert (await self.call("GET", "/v1/jobs?state=dead"))["data"] == []

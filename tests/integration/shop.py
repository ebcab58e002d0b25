"""A shop on the hub's API: sells plans, sends usage, bills."""

from collections.abc import Sequence
from typing import Any

import httpx2

MONTHLY = {"cadence": "month", "timing": "arrears"}
REQUESTS = {
    "key": "requests",
    "name": "Requests",
    "event_name": "request",
    "aggregation": {"type": "count"},
}


def fee(name: str, amount: str, **terms: str) -> dict[str, Any]:
    """Return a flat fee as a plan item, monthly in arrears unless told otherwise."""
    return {"fee": name, "price": {"type": "flat", "amount": amount}, **MONTHLY, **terms}


def usage(metric: str, unit: str, **terms: str) -> dict[str, Any]:
    """Return a metric at a price per unit as a plan item."""
    return {"metric": metric, "price": {"type": "per_unit", "unit": unit}, **MONTHLY, **terms}


class Shop:
    """Calls the API and fails the test with its words if it refuses."""

    def __init__(self, api: httpx2.AsyncClient) -> None:
        self.api = api

    async def call(self, method: str, path: str, body: Any | None = None) -> Any:
        response = await self.api.request(method, path, json=body)
        assert response.is_success, response.text
        return response.json()

    async def clock(self, now: str) -> None:
        await self.call("POST", "/v1/test_clock", {"now": now})

    async def plan(self, *items: dict[str, Any], key: str = "pro", currency: str = "EUR") -> None:
        body = {"key": key, "name": key, "currency": currency, "payment_terms": {"net_days": 14}}
        plan = await self.call("POST", "/v1/plans", body)
        for item in items:
            await self.call("POST", f"/v1/plans/{plan['id']}/items", item)
        await self.call("POST", f"/v1/plans/{plan['id']}/publish", {})

    async def customer(self, name: str = "acme", **fields: Any) -> None:
        body = {"name": name, "email": f"{name}@example.com", "external_id": name, **fields}
        await self.call("POST", "/v1/customers", body)

    async def subscribe(
        self, customer: str = "acme", plan: str = "pro", **fields: Any
    ) -> dict[str, Any]:
        body = {"customer": customer, "plan": plan, **fields}
        subscription: dict[str, Any] = await self.call("POST", "/v1/subscriptions", body)
        return subscription

    async def use(self, times: Sequence[str], customer: str = "acme") -> None:
        """Send one request event at each time."""
        events = [
            {"id": f"{customer}-{time}", "name": "request", "customer": customer, "timestamp": time}
            for time in times
        ]
        await self.send(events)

    async def send(self, events: Sequence[dict[str, Any]]) -> None:
        """Send events that all have to be accepted."""
        answer = await self.call("POST", "/v1/events", events)
        assert answer["rejected"] == [], answer

    async def late(self, customer: str = "acme") -> list[dict[str, Any]]:
        """Return the late usage of a customer that is not billed."""
        page: dict[str, Any] = await self.call("GET", f"/v1/billing/late?customer={customer}")
        late: list[dict[str, Any]] = page["data"]
        return late

    async def bill(self, **body: Any) -> list[dict[str, Any]]:
        """Run billing and return the invoices, oldest period first."""
        ids = (await self.call("POST", "/v1/billing/run", body))["invoices"]
        found = [await self.call("GET", f"/v1/invoices/{invoice}") for invoice in ids]
        return sorted(found, key=lambda invoice: invoice["period"]["start"])


def lines_of(invoice: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return description, quantity and amount of each line."""
    return [(line["description"], line["quantity"], line["amount"]) for line in invoice["lines"]]

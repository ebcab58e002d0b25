"""Invoices at a gateway: delivered once, paid only by the gateway's word, about the same money."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import stripe

from atlas_hub.jobs.kinds import Registry
from atlas_hub.jobs.worker import JobWorker
from atlas_hub.payments import jobs as payment_jobs
from atlas_hub_stripe.sandbox.sandbox import StripeSandbox
from tests.integration.shop import Shop, fee


class Gateway:
    """The simulated Stripe, and the hub's worker that talks to it when told to."""

    def __init__(self, shop: Shop, sandbox: StripeSandbox, hub) -> None:
        self.shop, self.sandbox, self.hub = shop, sandbox, hub

    def post(self, path: str, form: dict[str, str]) -> Any:
        headers = {"Authorization": f"Bearer {self.sandbox.credentials['api_key']}"}
        response = httpx2.post(f"{self.sandbox.url}{path}", data=form, headers=headers)
        assert response.is_success, response.text
        return response.json()

    def customer(self, card: str | None = "pm_card_visa") -> str:
        customer = str(self.post("/v1/customers", {"name": "payer"})["id"])
        if card is not None:
            self.save_card(customer, card)
        return customer

    def save_card(self, customer: str, card: str) -> None:
        method = self.post(f"/v1/payment_methods/{card}/attach", {"customer": customer})["id"]
        default = {"invoice_settings[default_payment_method]": method}
        self.post(f"/v1/customers/{customer}", default)

    async def connect(self, name: str = "Stripe") -> None:
        body = {
            "connector": "stripe",
            "name": name,
            "config": {"api_base": self.sandbox.url},
            "secrets": dict(self.sandbox.credentials),
        }
        await self.shop.call("POST", "/v1/connections", body)

    async def link(self, customer: str, vendor: str) -> None:
        pair = {"connection": "Stripe", "resource": "customer", "hub": customer, "vendor": vendor}
        await self.shop.call("POST", "/v1/links", pair)

    async def invoice(self, name: str = "acme") -> str:
        await self.shop.subscribe(name)
        (invoice,) = await self.shop.bill(finalize=True)
        return str(invoice["id"])

    async def work(self, seconds: float = 20) -> None:
        """Run the room's jobs until none is due any more."""
        worker = JobWorker(self.hub.database, Registry(*payment_jobs.kinds(self.hub)))
        stop = asyncio.Event()
        running = asyncio.create_task(worker.run(stop))
        deadline = time.monotonic() + seconds
        try:
            while await self.waiting():
                assert time.monotonic() < deadline, await self.waiting()
                await asyncio.sleep(0.05)
        finally:
            stop.set()
            await running

    async def waiting(self) -> list[dict[str, Any]]:
        jobs = (await self.shop.call("GET", "/v1/jobs"))["data"]
        return [job for job in jobs if job["state"] != "dead"]

    async def webhook(self, kind: str, about: dict[str, Any], *, secret: str | None = None) -> Any:
        """Send the hub a webhook as the gateway signs it."""
        event = {"id": f"evt_{time.time_ns()}", "object": "event", "type": kind,
                 "data": {"object": about}}  # fmt: skip
        payload = json.dumps(event)
        at = int(time.time())
        signature = stripe.WebhookSignature._compute_signature(
            f"{at}.{payload}", secret or self.sandbox.credentials["webhook_secret"]
        )
        return await self.shop.api.post(
            "/v1/connections/Stripe/webhook",
            content=payload,
            headers={"Stripe-Signature": f"t={at},v1={signature}"},
        )


@pytest.fixture
async def gateway(shop: Shop, hub) -> AsyncIterator[Gateway]:
    with StripeSandbox() as sandbox:
        made = Gateway(shop, sandbox, hub)
        await shop.plan(fee("Set-up", "30.00", cadence="once", timing="advance"))
        await shop.customer()
        yield made


async def read(gateway: Gateway, invoice: str) -> dict[str, Any]:
    return await gateway.shop.call("GET", f"/v1/invoices/{invoice}")


async def test_an_invoice_is_delivered_and_paid(gateway: Gateway) -> None:
    await gateway.connect()
    await gateway.link("acme", gateway.customer())
    invoice = await gateway.invoice()
    await gateway.work()
    paid = await read(gateway, invoice)
    assert (paid["status"], paid["amount_paid"]) == ("paid", "30.00")
    (payment,) = paid["payments"]
    assert payment["status"] == "paid"
    assert len(gateway.sandbox.charges_for(invoice)) == 1


async def test_without_a_card_it_waits_and_is_paid_once_there_is_one(gateway: Gateway) -> None:
    await gateway.connect()
    invoice = await gateway.invoice()
    await gateway.work()
    (payment,) = (await read(gateway, invoice))["payments"]
    assert payment["status"] == "action_required"
    (link,) = (await gateway.shop.call("GET", "/v1/links"))["data"]
    gateway.save_card(link["vendor"], "pm_card_visa")
    about = {"id": link["vendor"], "object": "customer"}
    assert (await gateway.webhook("customer.updated", about)).status_code == 200
    await gateway.work()
    assert (await read(gateway, invoice))["status"] == "paid"


async def test_a_declined_card_is_not_tried_again_but_another_is(gateway: Gateway) -> None:
    await gateway.connect()
    vendor = gateway.customer("pm_card_chargeDeclined")
    await gateway.link("acme", vendor)
    invoice = await gateway.invoice()
    await gateway.work()
    (payment,) = (await read(gateway, invoice))["payments"]
    assert payment["status"] == "failed"
    assert "declined" in payment["detail"]
    await gateway.shop.call("POST", f"/v1/invoices/{invoice}/deliver", {})
    await gateway.work()
    assert (await read(gateway, invoice))["status"] == "open"
    gateway.save_card(vendor, "pm_card_visa")
    await gateway.shop.call("POST", f"/v1/invoices/{invoice}/deliver", {})
    await gateway.work()
    assert (await read(gateway, invoice))["status"] == "paid"
    assert len(gateway.sandbox.charges_for(invoice)) == 1


async def test_a_poll_finds_what_no_webhook_told(gateway: Gateway) -> None:
    await gateway.connect()
    invoice = await gateway.invoice()
    await gateway.work()
    (link,) = (await gateway.shop.call("GET", "/v1/links"))["data"]
    gateway.save_card(link["vendor"], "pm_card_visa")
    async with gateway.hub.database.transaction() as session:
        from atlas_hub.jobs.queue import enqueue

        await enqueue(session, "payments.poll_all", "all")
    await gateway.work()
    assert (await read(gateway, invoice))["status"] == "paid"


async def test_a_webhook_counts_only_if_the_gateway_signed_it(gateway: Gateway) -> None:
    await gateway.connect()
    forged = await gateway.webhook("invoice.paid", {"id": "in_1"}, secret="whsec_other")
    assert (forged.status_code, forged.json()["code"]) == (400, "invalid_signature")


async def test_a_webhook_alone_pays_nothing(gateway: Gateway) -> None:
    """It only rings: what the gateway says when asked is what counts."""
    await gateway.connect()
    invoice = await gateway.invoice()
    await gateway.work()
    (payment,) = (await read(gateway, invoice))["payments"]
    about = {"id": payment["vendor_id"], "object": "invoice", "status": "paid"}
    for _ in range(3):
        assert (await gateway.webhook("invoice.paid", about)).status_code == 200
    await gateway.work()
    assert (await read(gateway, invoice))["status"] == "open"


async def test_an_unknown_kind_of_webhook_is_taken(gateway: Gateway) -> None:
    await gateway.connect()
    answer = await gateway.webhook("moon.phase_changed", {"id": "x", "object": "moon"})
    assert (answer.status_code, answer.json()) == (200, {"received": 0})


async def test_a_voided_invoice_is_void_at_the_gateway_too(gateway: Gateway) -> None:
    await gateway.connect()
    invoice = await gateway.invoice()
    await gateway.work()
    await gateway.shop.call("POST", f"/v1/invoices/{invoice}/void", {})
    await gateway.work()
    void = await read(gateway, invoice)
    assert (void["status"], void["payments"][0]["status"]) == ("void", "void")
    theirs = [each["status"] for each in gateway.sandbox.state.invoices]
    assert theirs == ["void"]


async def test_without_a_connection_an_invoice_waits_to_be_delivered_by_hand(
    gateway: Gateway,
) -> None:
    invoice = await gateway.invoice()
    await gateway.work()
    assert (await read(gateway, invoice))["payments"] == []
    refused = await gateway.shop.api.post(f"/v1/invoices/{invoice}/deliver", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "no_payment_connection")
    await gateway.connect()
    await gateway.link("acme", gateway.customer())
    await gateway.shop.call("POST", f"/v1/invoices/{invoice}/deliver", {})
    await gateway.work()
    assert (await read(gateway, invoice))["status"] == "paid"


async def test_of_two_connections_the_preferred_one_delivers(gateway: Gateway) -> None:
    await gateway.connect()
    await gateway.connect("Second")
    invoice = await gateway.invoice()
    refused = await gateway.shop.api.post(f"/v1/invoices/{invoice}/deliver", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "no_default_connection")
    second = await gateway.shop.call("PATCH", "/v1/connections/Second", {"preferred": True})
    await gateway.shop.call("POST", f"/v1/invoices/{invoice}/deliver", {})
    await gateway.work()
    (payment,) = (await read(gateway, invoice))["payments"]
    assert payment["connection"] == second["id"]


async def test_money_that_is_not_the_invoices_pays_nothing(gateway: Gateway) -> None:
    """Somebody changed the draft at the gateway while the hub was away."""
    await gateway.connect()
    await gateway.link("acme", gateway.customer())
    gateway.sandbox.faults.add("POST /v1/invoices/*/finalize", "500_before", always=True)
    invoice = await gateway.invoice()
    with pytest.raises(AssertionError):
        await gateway.work(seconds=2)
    (theirs,) = gateway.sandbox.state.invoices
    extra = {
        "customer": theirs["customer"],
        "invoice": theirs["id"],
        "amount": "1",
        "currency": "eur",
    }
    gateway.post("/v1/invoiceitems", extra)
    gateway.sandbox.faults.clear()
    await gateway.work()
    answer = await read(gateway, invoice)
    assert (answer["status"], answer["payments"][0]["status"]) == ("open", "failed")
    assert "30.01" in answer["payments"][0]["detail"]
    assert gateway.sandbox.charges == []


async def test_an_invoice_is_never_at_two_gateways(gateway: Gateway) -> None:
    """Both could collect it; the second is refused, by the API and by the database."""
    await gateway.connect()
    await gateway.connect("Second")
    await gateway.shop.call("PATCH", "/v1/connections/Stripe", {"preferred": True})
    invoice = await gateway.invoice()
    await gateway.work()
    again = {"connection": "Second"}
    refused = await gateway.shop.api.post(f"/v1/invoices/{invoice}/deliver", json=again)
    assert (refused.status_code, refused.json()["code"]) == (409, "already_delivered")


async def test_voided_after_the_gateway_collected_unheard_it_says_refund(gateway: Gateway) -> None:
    await gateway.connect()
    await gateway.link("acme", gateway.customer())
    gateway.sandbox.faults.add("POST /v1/invoices/*/pay", "reset_after_apply", always=True)
    gateway.sandbox.faults.add("GET /v1/invoices/**", "500_before", nth=4, always=True)
    invoice = await gateway.invoice()
    with pytest.raises(AssertionError):
        await gateway.work(seconds=3)
    assert len(gateway.sandbox.charges_for(invoice)) == 1
    await gateway.shop.call("POST", f"/v1/invoices/{invoice}/void", {})
    gateway.sandbox.faults.clear()
    await gateway.work()
    answer = await read(gateway, invoice)
    assert (answer["status"], answer["payments"][0]["status"]) == ("void", "paid")
    assert "refund" in answer["payments"][0]["detail"]


async def test_an_uncollectible_invoice_can_still_be_paid(gateway: Gateway) -> None:
    await gateway.connect()
    invoice = await gateway.invoice()
    await gateway.work()
    (payment,) = (await read(gateway, invoice))["payments"]
    about = {"id": payment["vendor_id"], "object": "invoice"}
    gateway.post(f"/v1/invoices/{payment['vendor_id']}/mark_uncollectible", {})
    await gateway.webhook("invoice.marked_uncollectible", about)
    await gateway.work()
    assert (await read(gateway, invoice))["status"] == "uncollectible"
    gateway.post(f"/v1/invoices/{payment['vendor_id']}/pay", {"paid_out_of_band": "true"})
    await gateway.webhook("invoice.paid", about)
    await gateway.work()
    assert (await read(gateway, invoice))["status"] == "paid"


async def test_a_disabled_connection_charges_nobody_until_it_is_enabled(gateway: Gateway) -> None:
    await gateway.connect()
    await gateway.link("acme", gateway.customer())
    gateway.sandbox.faults.add("POST /v1/invoices", "500_before", nth=1)
    invoice = await gateway.invoice()
    await gateway.shop.call("PATCH", "/v1/connections/Stripe", {"enabled": False})
    await gateway.work()
    assert gateway.sandbox.charges == []
    await gateway.shop.call("PATCH", "/v1/connections/Stripe", {"enabled": True})
    await gateway.shop.call("POST", f"/v1/invoices/{invoice}/deliver", {})
    await gateway.work()
    assert (await read(gateway, invoice))["status"] == "paid"

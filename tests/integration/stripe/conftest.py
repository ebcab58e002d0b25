"""A Stripe sandbox, driven by Stripe's own client over HTTP."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import stripe

from atlas_hub_stripe.sandbox import StripeSandbox

SPECS = Path(os.environ["ATLAS_TEST_SPECS"], "stripe") if os.getenv("ATLAS_TEST_SPECS") else None


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say what the sandbox was held against."""
    published = f"Stripe's published description and sample objects in {SPECS}"
    more = f" and {published}" if SPECS else "; ATLAS_TEST_SPECS is not set, so by nothing else"
    line = f"Stripe sandbox checked by the types of stripe {stripe.VERSION}{more}"
    terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def published() -> Callable[[str], Any]:
    """Reads a file Stripe published; None when `ATLAS_TEST_SPECS` is not set."""
    return lambda name: json.loads((SPECS / name).read_text()) if SPECS else None


@pytest.fixture
def sandbox() -> Iterator[StripeSandbox]:
    with StripeSandbox(api_key="sk_test_for_tests", webhook_secret="whsec_for_tests") as running:
        yield running


def client_for(sandbox: StripeSandbox, http: Any, api_key: str | None = None) -> Any:
    """The services of Stripe's client, sent to the sandbox."""
    base = dict.fromkeys(("api", "files", "connect", "meter_events"), sandbox.url)
    key = api_key or sandbox.credentials["api_key"]
    return stripe.StripeClient(key, base_addresses=base, http_client=http).v1


@pytest.fixture
def connect(sandbox: StripeSandbox) -> Iterator[Callable[..., Any]]:
    """Makes clients; closes their connections at the end."""
    transports: list[Any] = []

    def make(api_key: str | None = None, timeout: float = 10) -> Any:
        transports.append(stripe.RequestsClient(timeout=timeout))
        return client_for(sandbox, transports[-1], api_key)

    yield make
    for transport in transports:
        transport.close()


@pytest.fixture
def api(connect: Callable[..., Any]) -> Any:
    return connect()


@pytest.fixture
def customer(api: Any) -> Any:
    return api.customers.create({"name": "Acme", "email": "billing@acme.example"})


@pytest.fixture
def give_card(api: Any) -> Callable[[str, str], Any]:
    """Attaches a test card to a customer and makes it the default."""

    def give(customer_id: str, card: str = "pm_card_visa") -> Any:
        method = api.payment_methods.attach(card, {"customer": customer_id})
        settings = {"default_payment_method": method.id}
        api.customers.update(customer_id, {"invoice_settings": settings})
        return method

    return give


@pytest.fixture
def bill(api: Any) -> Callable[..., Any]:
    """Makes an invoice with one line per amount and finalizes it."""

    def make(customer_id: str, *amounts: int, **params: Any) -> Any:
        draft = api.invoices.create({"customer": customer_id, "currency": "usd", **params})
        for amount in amounts:
            item = {"customer": customer_id, "invoice": draft.id, "currency": "usd"}
            api.invoice_items.create({**item, "amount": amount, "description": f"Line {amount}"})
        return api.invoices.finalize_invoice(draft.id)

    return make

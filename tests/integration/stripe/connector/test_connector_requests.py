"""Every request the connector sends is one that Stripe describes.

Held against the client's typed parameters, and against the published form schemas where they are
at hand; what those, from 2023, do not know must be in the client's types.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest
import stripe.params

from atlas_hub_stripe.sandbox.form import decode
from atlas_hub_stripe.sandbox.routes import find
from atlas_hub_stripe.sandbox.sandbox import ROUTES
from tests.integration.stripe.connector.rig import MemorySteps, MiniHub, invoice
from tests.integration.stripe.test_sandbox_request_oracle import (
    TYPED,
    client_knows,
    named,
    objections,
    schema_of,
)


@pytest.fixture
async def ledger(sandbox, customer, give_card):
    """The requests of a whole life: made, declined, paid, voided, polled, tested."""
    hub = MiniHub(sandbox, statement_descriptor="ACME API")
    sandbox.faults.add("POST /v1/**", "reset_after_apply", nth=2)
    sandbox.faults.add("POST /v1/**", "reset_after_apply", nth=4)
    await hub.run(invoice("10.00", "-1.00"))
    give_card(customer.id, "pm_card_chargeCustomerFail")
    hub.steps = MemorySteps()
    await hub.run(invoice("5.00", vendor_id=customer.id, invoice_id="inv_2"))
    give_card(customer.id)
    await hub.run(invoice("5.00", vendor_id=customer.id, invoice_id="inv_2"))
    by_hand = MiniHub(sandbox, collect=False)
    sent = await by_hand.run(invoice("7.00", vendor_id=customer.id, invoice_id="inv_3"))
    gateway = hub.gateway()
    await gateway.void(sent.vendor_id, MemorySteps())
    cursor = (await gateway.changes(None)).cursor
    await gateway.changes(cursor)
    for event in sandbox.state.events:
        event["created"] -= 7200
    await gateway.changes((await gateway.changes(None)).cursor)
    await gateway.close()
    return list(sandbox.ledger)


def names(tree: dict[str, Any], prefix: str = "") -> Iterator[str]:
    """Dotted names of the parameters sent; places in lists are left out."""
    for name, value in tree.items():
        inside = "metadata" in prefix or name.isdigit()
        path = prefix if inside else f"{prefix}.{name}".lstrip(".")
        yield path
        if isinstance(value, dict):
            yield from names(value, path)


def document(tree: Any) -> Any:
    """The form as JSON of the types that a form can tell: lists, numbers, booleans and text."""
    if not isinstance(tree, dict):
        return {"true": True, "false": False}.get(tree, tree)
    if tree and all(name.isdigit() for name in tree):
        return [document(value) for value in tree.values()]
    return {name: document(value) for name, value in tree.items()}


def numbered(schema: Any, value: Any) -> Any:
    """The document with text turned into numbers where the schema wants integers."""
    if isinstance(value, dict):
        known = schema.get("properties", {}) if isinstance(schema, dict) else {}
        variants = schema.get("anyOf", []) if isinstance(schema, dict) else []
        for variant in variants:
            known = known | variant.get("properties", {})
        return {name: numbered(known.get(name, {}), inner) for name, inner in value.items()}
    kinds = [schema.get("type"), *(v.get("type") for v in schema.get("anyOf", []))]
    is_number = isinstance(value, str) and value.lstrip("-").isdigit()
    return int(value) if is_number and "integer" in kinds else value


def sent(entry) -> dict[str, Any]:
    text = entry.body if entry.method == "POST" else entry.query
    return decode(parse_qsl(text, keep_blank_values=True))


def test_the_life_covers_what_the_connector_can_send(ledger):
    routes = {named(find(ROUTES, entry.method, entry.path)[0]) for entry in ledger}
    assert routes >= {
        "POST /v1/customers",
        "POST /v1/invoices",
        "POST /v1/invoiceitems",
        "POST /v1/invoices/{invoice}/finalize",
        "POST /v1/invoices/{invoice}/pay",
        "POST /v1/invoices/{invoice}/void",
        "GET /v1/customers",
        "GET /v1/customers/{customer}",
        "GET /v1/customers/{customer}/payment_methods",
        "GET /v1/invoices",
        "GET /v1/invoices/{invoice}",
        "GET /v1/invoiceitems",
        "GET /v1/events",
    }


def test_no_request_is_refused_for_its_form(ledger):
    refused = [(e.method, e.path, e.status) for e in ledger if e.status in (400, 404)]
    assert refused == []


def test_every_write_has_its_own_key(ledger):
    ours = [entry for entry in ledger if (entry.idempotency_key or "").split("-")[0].isdigit()]
    assert len(ours) > 10
    assert len({(e.path, e.body) for e in ours}) == len({e.idempotency_key for e in ours})


def test_the_client_and_the_description_know_every_parameter(ledger, published):
    description = published("spec3-2023-08-16-core.json")
    for entry in ledger:
        route, _ = find(ROUTES, entry.method, entry.path)
        tree = sent(entry)
        known = client_knows(getattr(stripe.params, TYPED[named(route)]))
        assert set(names(tree)) - known == set(), entry
        if description is not None and route.path in description["paths"]:
            schema = schema_of(description["paths"][route.path][route.method.lower()], route.method)
            found = objections(schema, numbered(schema, document(tree)))
            wrong = [pair for pair in found if pair[1] != "unknown" or pair[0] not in known]
            assert wrong == [], entry

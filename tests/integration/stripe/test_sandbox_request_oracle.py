"""Every parameter the sandbox accepts is one Stripe accepts.

Held against the client's own typed parameters, and against Stripe's published form schemas where
they are at hand. Those are from 2023: what they do not know must be in the client's types.
"""

import re
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import stripe
import stripe.params
from jsonschema import Draft4Validator

from atlas_hub_stripe.sandbox.params import (
    Boolean,
    Choice,
    Field,
    Hash,
    Integer,
    ListOf,
    Metadata,
    Number,
    Range,
)
from atlas_hub_stripe.sandbox.sandbox import ROUTES

TYPED = {
    "POST /v1/customers": "CustomerCreateParams",
    "GET /v1/customers": "CustomerListParams",
    "GET /v1/customers/{customer}": "CustomerRetrieveParams",
    "POST /v1/customers/{customer}": "CustomerUpdateParams",
    "GET /v1/customers/{customer}/payment_methods": "CustomerListPaymentMethodsParams",
    "POST /v1/payment_methods": "PaymentMethodCreateParams",
    "GET /v1/payment_methods": "PaymentMethodListParams",
    "GET /v1/payment_methods/{payment_method}": "PaymentMethodRetrieveParams",
    "POST /v1/payment_methods/{payment_method}": "PaymentMethodUpdateParams",
    "POST /v1/payment_methods/{payment_method}/attach": "PaymentMethodAttachParams",
    "POST /v1/payment_methods/{payment_method}/detach": "PaymentMethodDetachParams",
    "POST /v1/invoiceitems": "InvoiceItemCreateParams",
    "GET /v1/invoiceitems": "InvoiceItemListParams",
    "GET /v1/invoiceitems/{invoiceitem}": "InvoiceItemRetrieveParams",
    "POST /v1/invoiceitems/{invoiceitem}": "InvoiceItemUpdateParams",
    "POST /v1/invoices": "InvoiceCreateParams",
    "GET /v1/invoices": "InvoiceListParams",
    "GET /v1/invoices/{invoice}": "InvoiceRetrieveParams",
    "POST /v1/invoices/{invoice}": "InvoiceUpdateParams",
    "GET /v1/invoices/{invoice}/lines": "InvoiceListLinesParams",
    "POST /v1/invoices/{invoice}/finalize": "InvoiceFinalizeInvoiceParams",
    "POST /v1/invoices/{invoice}/pay": "InvoicePayParams",
    "POST /v1/invoices/{invoice}/send": "InvoiceSendInvoiceParams",
    "POST /v1/invoices/{invoice}/void": "InvoiceVoidInvoiceParams",
    "POST /v1/invoices/{invoice}/mark_uncollectible": "InvoiceMarkUncollectibleParams",
    "GET /v1/payment_intents": "PaymentIntentListParams",
    "GET /v1/payment_intents/{intent}": "PaymentIntentRetrieveParams",
    "GET /v1/charges": "ChargeListParams",
    "GET /v1/charges/{charge}": "ChargeRetrieveParams",
    "GET /v1/invoice_payments": "InvoicePaymentListParams",
    "GET /v1/invoice_payments/{invoice_payment}": "InvoicePaymentRetrieveParams",
    "GET /v1/events": "EventListParams",
    "GET /v1/events/{id}": "EventRetrieveParams",
    "POST /v1/webhook_endpoints": "WebhookEndpointCreateParams",
    "GET /v1/webhook_endpoints": "WebhookEndpointListParams",
    "GET /v1/webhook_endpoints/{webhook_endpoint}": "WebhookEndpointRetrieveParams",
    "POST /v1/webhook_endpoints/{webhook_endpoint}": "WebhookEndpointUpdateParams",
}
RAW_CARD = {"number", "cvc", "exp_month", "exp_year"}
"""Card numbers: in the description, but the client's types only leave them as `card`."""

OF_THEN = {"api_version": "2023-08-16", "enabled_events": ["invoice.paid"]}
"""Values of parameters whose allowed words the description lists, as of its date."""


def named(route) -> str:
    return f"{route.method} {route.path}"


WITH_FIELDS = [route for route in ROUTES if route.fields]


def sample(field: Field) -> Any:
    """A value the field accepts, as JSON."""
    if isinstance(field, Hash):
        inner = {name: sample(below) for name, below in field.fields.items()}
        return {k: v for k, v in inner.items() if "token" not in inner or k not in RAW_CARD}
    if isinstance(field, ListOf):
        return [sample(field.item)]
    if isinstance(field, Choice):
        return field.words[0]
    if isinstance(field, Integer | Range):
        return max(1, getattr(field, "least", 1))
    plain = {Boolean: True, Number: "1.5", Metadata: {"key": "value"}}
    return plain.get(type(field), "text")


def accepted(fields: Any, prefix: str = "") -> Iterator[str]:
    """Dotted names of all parameters a route accepts."""
    for name, field in fields.items():
        yield f"{prefix}{name}"
        inner = field.item if isinstance(field, ListOf) else field
        if isinstance(inner, Hash):
            yield from accepted(inner.fields, f"{prefix}{name}.")


def client_knows(params: Any) -> set[str]:
    """Dotted names of all parameters in one of the client's typed dictionaries."""
    module = vars(sys.modules[params.__module__])
    found = set(params.__annotations__)
    for name, kind in params.__annotations__.items():
        classes = (module.get(word) for word in re.findall(r"\w+", str(kind)))
        for inner in classes:
            if hasattr(inner, "__total__"):
                found |= {f"{name}.{below}" for below in client_knows(inner)}
    return found


def schema_of(operation: Any, method: str) -> Any:
    """The published schema of a request's form or query."""
    if method == "POST":
        return operation["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]
    query = {p["name"]: p["schema"] for p in operation["parameters"] if p["in"] == "query"}
    return {"type": "object", "properties": query, "additionalProperties": False}


def objections(schema: Any, document: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """What the schema says against the document: (dotted parameter, complaint)."""
    for error in Draft4Validator(schema).iter_errors(document):
        where = ".".join(str(part) for part in error.absolute_path if not isinstance(part, int))
        if error.validator != "additionalProperties":
            yield where, error.message
            continue
        unknown = error.instance.keys() - error.schema.get("properties", {}).keys()
        yield from ((f"{where}.{name}".lstrip("."), "unknown") for name in unknown)


@pytest.mark.parametrize("route", WITH_FIELDS, ids=named)
def test_the_client_knows_every_parameter(route):
    known = client_knows(getattr(stripe.params, TYPED[named(route)]))
    strange = set(accepted(route.fields)) - known
    assert strange - {f"card.{name}" for name in RAW_CARD | {"token"}} == set()


@pytest.mark.parametrize("route", WITH_FIELDS, ids=named)
def test_the_published_schema_takes_every_parameter(route, published):
    description = published("spec3-2023-08-16-core.json")
    newer = client_knows(getattr(stripe.params, TYPED[named(route)]))
    if description is None or route.path.startswith("/v1/invoice_payments"):
        assert set(TYPED) == {named(each) for each in WITH_FIELDS}
        return  # without the description, and for what is newer than it, the client's types decide
    schema = schema_of(description["paths"][route.path][route.method.lower()], route.method)
    document = {name: sample(field) for name, field in route.fields.items()}
    document |= {name: OF_THEN[name] for name in OF_THEN if name in document}
    found = list(objections(schema, document))
    assert [pair for pair in found if pair[1] != "unknown" or pair[0] not in newer] == []


def test_the_oracle_sees_a_wrong_parameter(published):
    assert "emaill" not in client_knows(stripe.params.CustomerCreateParams)
    assert "address.city" in client_knows(stripe.params.CustomerCreateParams)
    description = published("spec3-2023-08-16-core.json")
    if description is not None:
        schema = schema_of(description["paths"]["/v1/customers"]["post"], "POST")
        document = {"emaill": "x", "name": 5}
        assert {name for name, _ in objections(schema, document)} == {"emaill", "name"}

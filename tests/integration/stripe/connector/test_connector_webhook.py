"""Webhooks: only what Stripe signed, just now, and what they are taken to mean."""

import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest

from atlas_hub.sdk import ConnectionSettings, InvalidSignature, Signal
from atlas_hub_stripe import StripeConnector

NOW = 1_800_000_000
SECRET = "whsec_for_tests"
EVENT = {"id": "evt_1", "type": "invoice.paid", "data": {"object": {"object": "invoice"}}}
EVENT["data"]["object"]["id"] = "in_1"
BODY = json.dumps(EVENT, indent=2).encode()


def mac(body: bytes, secret: str = SECRET, at: int = NOW) -> str:
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def signed(body: bytes = BODY, secret: str = SECRET, at: int = NOW) -> str:
    return f"t={at},v1={mac(body, secret, at)}"


def gateway(secret: str | None = SECRET):
    connector = StripeConnector()
    secrets = connector.secrets_model(api_key="sk_test_unused", webhook_secret=secret)
    return connector.payments(ConnectionSettings("cnx_1", connector.config_model(), secrets))


async def verify(header: str | None, body: bytes = BODY, secret: str | None = SECRET):
    headers = {} if header is None else {"stripe-signature": header}
    opened = gateway(secret)
    try:
        return await opened.verify(headers, body, datetime.fromtimestamp(NOW, UTC))
    finally:
        await opened.close()


GOOD = mac(BODY)


@pytest.mark.parametrize(
    "header",
    [
        signed(),
        f"t={NOW},v1={'0' * 64},v1={GOOD}",
        f"t={NOW},v1={GOOD},v0={'0' * 64}",
        signed(at=NOW - 299),
        signed(at=NOW - 300),
        signed(at=NOW + 300),
    ],
)
async def test_genuine_webhooks_are_taken(header):
    assert await verify(header) == (Signal("evt_1", "invoice.paid", vendor_id="in_1"),)


async def test_the_name_of_the_header_is_found_in_any_case():
    opened = gateway()
    headers = {"Stripe-Signature": signed()}
    assert await opened.verify(headers, BODY, datetime.fromtimestamp(NOW, UTC))
    await opened.close()


@pytest.mark.parametrize(
    ("header", "body", "code"),
    [
        (None, BODY, "invalid_signature"),
        ("", BODY, "invalid_signature"),
        ("nonsense", BODY, "invalid_signature"),
        (f"v1={GOOD}", BODY, "invalid_signature"),
        (f"t={NOW}", BODY, "invalid_signature"),
        (f"t=now,v1={GOOD}", BODY, "invalid_signature"),
        (f"t={NOW},v0={GOOD}", BODY, "invalid_signature"),
        (f"t={NOW},v1={GOOD[:-1]}", BODY, "invalid_signature"),
        (f"t={NOW},v1=é{GOOD[1:]}", BODY, "invalid_signature"),
        (f"t={NOW + 1},v1={GOOD}", BODY, "invalid_signature"),
        (f"t={NOW - 1},t={NOW},v1={GOOD}", BODY, "invalid_signature"),
        (signed(secret="whsec_other"), BODY, "invalid_signature"),
        (signed(), json.dumps(EVENT).encode(), "invalid_signature"),
        (signed(), BODY + b"\n", "invalid_signature"),
        (signed(), b"", "invalid_signature"),
        (signed(), b"\xff\xfe", "invalid_signature"),
        (signed(at=NOW - 301), BODY, "stale_signature"),
        (signed(at=NOW + 301), BODY, "stale_signature"),
        (signed(at=0), BODY, "stale_signature"),
    ],
)
async def test_everything_else_is_refused(header, body, code):
    with pytest.raises(InvalidSignature) as caught:
        await verify(header, body)
    assert caught.value.code == code
    assert SECRET not in str(caught.value)


async def test_every_single_bit_counts():
    header = signed()
    opened = gateway()
    now = datetime.fromtimestamp(NOW, UTC)
    for position in range(len(BODY) * 8):
        flipped = bytearray(BODY)
        flipped[position // 8] ^= 1 << position % 8
        with pytest.raises(InvalidSignature):
            await opened.verify({"stripe-signature": header}, bytes(flipped), now)
    await opened.close()


@pytest.mark.parametrize(
    ("secret", "code"), [(None, "webhook_secret_missing"), (" ", "invalid_signature")]
)
async def test_without_a_secret_nothing_is_taken(secret, code):
    with pytest.raises(InvalidSignature) as caught:
        await verify(signed(secret=secret or ""), secret=secret)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ({"object": "invoice", "id": "in_1"}, ("in_1", None)),
        ({"object": "invoice_payment", "id": "inpay_1", "invoice": "in_1"}, ("in_1", None)),
        ({"object": "customer", "id": "cus_1"}, (None, "cus_1")),
        ({"object": "payment_method", "id": "pm_1", "customer": "cus_1"}, (None, "cus_1")),
        ({"object": "payment_intent", "id": "pi_1", "customer": "cus_1"}, (None, "cus_1")),
    ],
)
async def test_what_an_event_is_about(subject, expected):
    body = json.dumps({"id": "evt_1", "type": "a.b", "data": {"object": subject}}).encode()
    [signal] = await verify(signed(body), body)
    assert signal == Signal("evt_1", "a.b", *expected)


@pytest.mark.parametrize(
    "document",
    [
        {"id": "evt_1", "type": "payout.paid", "data": {"object": {"object": "payout", "id": "p"}}},
        {"id": "evt_1", "type": "x", "data": {"object": {"object": "payment_method"}}},
        {"id": "evt_1", "type": "x", "data": {"object": {"object": "invoice", "id": 5}}},
        {"id": "evt_1", "object": "v2.core.event", "type": "v1.billing.meter.no_meter_found"},
        {"id": 5, "type": None, "data": None},
        {"data": []},
        [],
        "text",
    ],
)
async def test_genuine_but_not_about_invoices(document):
    body = json.dumps(document).encode()
    assert await verify(signed(body), body) == ()


async def test_genuine_but_no_json():
    assert await verify(signed(b"hello"), b"hello") == ()

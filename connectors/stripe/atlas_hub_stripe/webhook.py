"""Webhooks: proven to come from Stripe, now, and read as hints."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final

import stripe
from pydantic import SecretStr

from atlas_hub.sdk import InvalidSignature, Signal
from atlas_hub_stripe.signals import signals_of

TOLERANCE_SECONDS: Final = 300


def verified(
    headers: Mapping[str, str], body: bytes, secret: SecretStr | None, now: datetime
) -> tuple[Signal, ...]:
    """Return the hints in a genuine webhook; kinds of events we do not know give none.

    The signature covers the raw bytes and their time, which may be 300 seconds off either way.

    Raises:
        InvalidSignature: It is not proven that Stripe sent this, just now, to this connection.
    """
    if secret is None:
        message = "This connection has no webhook_secret. Add the endpoint's signing secret."
        raise InvalidSignature(message, code="webhook_secret_missing")
    header = next((v for name, v in headers.items() if name.lower() == "stripe-signature"), None)
    try:
        stripe.WebhookSignature.verify_header(body, header, secret.get_secret_value())
    except (stripe.SignatureVerificationError, UnicodeDecodeError, TypeError) as error:
        message = "The Stripe-Signature header does not sign this body with the webhook_secret."
        raise InvalidSignature(message, code="invalid_signature") from error
    age = now.timestamp() - _signed_at(header or "")
    if abs(age) > TOLERANCE_SECONDS:
        message = (
            f"The webhook was signed {age:.0f} seconds ago, {TOLERANCE_SECONDS} either way are "
            "taken. Is it a replay, or is a clock wrong?"
        )
        raise InvalidSignature(message, code="stale_signature")
    return _read(body)


def _signed_at(header: str) -> int:
    """Return the time that was verified: the first `t`, as Stripe's client takes it."""
    items = (item.split("=") for item in header.split(","))
    return next(int(item[1]) for item in items if item[0] == "t")


def _read(body: bytes) -> tuple[Signal, ...]:
    try:
        event = json.loads(body)
    except ValueError:
        return ()
    return signals_of(event) if isinstance(event, dict) else ()

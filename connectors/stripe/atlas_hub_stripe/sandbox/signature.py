"""Signing webhooks: `Stripe-Signature: t=...,v1=...`."""

import hashlib
import hmac


def signature_header(body: bytes, secret: str, at: int) -> str:
    """The header's value: HMAC-SHA256 over `t.body` with the endpoint's secret."""
    signed = f"{at}.".encode() + body
    return f"t={at},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"

"""Who may call: the API key as bearer token or as the user name of basic authentication."""

import base64
import binascii
import hmac
from collections.abc import Mapping

from atlas_hub_stripe.sandbox.errors import Refusal
from atlas_hub_stripe.sandbox.objects import API_VERSION


def check_key(headers: Mapping[str, str], api_key: str) -> None:
    """Refuse with 401 unless the request carries `api_key`."""
    given = _given(headers.get("authorization", ""))
    if not given:
        message = (
            "You did not provide an API key. You need to provide your API key in the "
            "Authorization header, using Bearer auth ('Authorization: Bearer YOUR_SECRET_KEY')."
        )
        raise Refusal(message, status=401)
    if not hmac.compare_digest(given.encode(), api_key.encode()):
        shown = f"{given[:8]}{'*' * 8}{given[-4:]}"
        raise Refusal(f"Invalid API Key provided: {shown}", status=401)


def check_version(headers: Mapping[str, str]) -> None:
    """Refuse a request made for another API version: answers have the shape of one only."""
    version = headers.get("stripe-version", API_VERSION)
    if version != API_VERSION:
        message = f"Invalid Stripe API version: {version}. This sandbox speaks {API_VERSION}."
        raise Refusal(message)


def _given(header: str) -> str:
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""

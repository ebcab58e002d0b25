"""Stripe's errors, sorted by what the hub does next."""

import re
from typing import Final

import stripe

from atlas_hub.sdk import (
    AuthFailed,
    ConnectorError,
    NotReady,
    RateLimited,
    Rejected,
    UnknownOutcome,
)
from atlas_hub_stripe.transport import Unsent

SECRET: Final = re.compile(r"\b(sk|rk|pk|whsec)_[\w*]+")
LONGEST: Final = 500
IN_PROGRESS_SECONDS: Final = 2.0


class Declined(Rejected):
    """A payment method did not pay: refused by its bank, or a person has to confirm."""


def translated(error: stripe.StripeError, *, write: bool) -> ConnectorError:
    """Return what the hub understands. `write` says whether the request could change anything."""
    if isinstance(error, stripe.APIConnectionError):
        return _no_answer(error, write=write)
    if not _from_stripe(error):
        return _unreadable(error, write=write)
    if (error.http_status or 0) >= 500:
        return _broken(error, write=write)
    return _for_now(error) or _for_good(error)


def _for_now(error: stripe.StripeError) -> ConnectorError | None:
    """Stripe did nothing yet, and may do it later."""
    wait = _retry_after(error)
    if isinstance(error, stripe.RateLimitError):
        return RateLimited(_told(error), code=_code(error) or "rate_limited", retry_after=wait)
    if error.http_status == 409:
        wait = wait or IN_PROGRESS_SECONDS
        return NotReady(_told(error), code="in_progress", retry_after=wait)
    return None


def _for_good(error: stripe.StripeError) -> ConnectorError:
    """Stripe said no."""
    told = _told(error)
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        return AuthFailed(f"{told} Check the API key and its permissions.", code="auth_failed")
    if isinstance(error, stripe.IdempotencyError):
        message = f"{told} Nothing is sent again under this key: look at Stripe's request log."
        return Rejected(message, code="idempotency_conflict")
    kind = Declined if isinstance(error, stripe.CardError) else Rejected
    param = getattr(error, "param", None)
    return kind(told, code=_code(error) or "invalid_request", field=param)


def _no_answer(error: stripe.APIConnectionError, *, write: bool) -> ConnectorError:
    if isinstance(error, Unsent):
        return NotReady(f"Stripe cannot be reached: {error.user_message}.", code="unreachable")
    if write:
        message = f"Stripe may have done it or not: {error.user_message}."
        return UnknownOutcome(message, code="no_answer", answered=False)
    return NotReady(f"Stripe did not answer: {error.user_message}.", code="no_answer")


def _unreadable(error: stripe.StripeError, *, write: bool) -> ConnectorError:
    """Something in between answered, or the answer was cut. It proves nothing."""
    message = (
        f"What came back is not Stripe's (HTTP status {error.http_status}). "
        "Is something in between?"
    )
    if write:
        return UnknownOutcome(message, code="unreadable", answered=False)
    return NotReady(message, code="unreadable", retry_after=_retry_after(error))


def _broken(error: stripe.StripeError, *, write: bool) -> ConnectorError:
    """Stripe itself failed, and keeps that answer for the idempotency key."""
    if write:
        return UnknownOutcome(_told(error), code="vendor_error", answered=True)
    return NotReady(_told(error), code="vendor_error", retry_after=_retry_after(error))


def _from_stripe(error: stripe.StripeError) -> bool:
    body = error.json_body
    return isinstance(body, dict) and isinstance(body.get("error"), dict)


def _code(error: stripe.StripeError) -> str | None:
    return error.code or (error.error.code if error.error else None)


def _told(error: stripe.StripeError) -> str:
    text = SECRET.sub(r"\1_...", error.user_message or "no reason given")[:LONGEST]
    request = f" (request {error.request_id})" if error.request_id else ""
    return f"Stripe{request}: {text}"


def _retry_after(error: stripe.StripeError) -> float | None:
    given = {name.lower(): value for name, value in (error.headers or {}).items()}
    text = given.get("retry-after", "")
    return float(text) if re.fullmatch(r"\d{1,6}", text) else None

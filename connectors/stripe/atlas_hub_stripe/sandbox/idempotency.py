"""Idempotency keys as Stripe has them: POST only, kept a day, replayed with status and body."""

from dataclasses import dataclass
from typing import Any

from atlas_hub_stripe.sandbox.errors import Refusal

KEPT = 24 * 3_600
LONGEST = 255


@dataclass(slots=True)
class Saved:
    """What a key stands for. `status` is None while its first request still runs."""

    fingerprint: Any
    at: int
    request_id: str
    status: int | None = None
    content: Any = None


class Keys:
    """The keys of an account."""

    def __init__(self) -> None:
        self._saved: dict[str, Saved] = {}

    def begin(self, key: str, fingerprint: Any, now: int, request_id: str) -> Saved | None:
        """What to replay for `key`, or None when the request is the first with it.

        Refuses a key used with other parameters (400) and one whose first request still runs
        (409). After None, `keep` or `release` must follow.
        """
        if len(key) > LONGEST:
            message = f"Idempotency keys can be at most {LONGEST} characters long."
            raise Refusal(message, kind="idempotency_error")
        saved = self._saved.get(key)
        if saved is None or saved.at <= now - KEPT:
            self._saved[key] = Saved(fingerprint, now, request_id)
            return None
        if saved.fingerprint != fingerprint:
            message = (
                "Keys for idempotent requests can only be used with the same parameters they were "
                f"first used with. Try using a key other than '{key}' if you meant to execute a "
                "different request."
            )
            raise Refusal(message, kind="idempotency_error")
        if saved.status is None:
            message = (
                "There is currently another in-progress request using this Idempotent Key "
                f"(that probably means you submitted twice): {key}. Please try again later."
            )
            code = "idempotency_key_in_use"
            raise Refusal(message, status=409, kind="idempotency_error", code=code)
        return saved

    def keep(self, key: str, status: int, content: Any) -> None:
        """Remember the answer to the first request with `key`, whatever it was."""
        if (saved := self._saved.get(key)) is not None:
            saved.status, saved.content = status, content

    def release(self, key: str) -> None:
        """Forget a key whose request failed validation, so never began to execute."""
        del self._saved[key]

    def forget(self) -> int:
        """Forget all keys, as after a long outage; says how many there were."""
        count = len(self._saved)
        self._saved.clear()
        return count

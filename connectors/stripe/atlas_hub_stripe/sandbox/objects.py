"""What every Stripe object has: an id with a prefix, as JSON."""

import secrets
import string
from typing import Any

Object = dict[str, Any]
"""A Stripe object in its wire shape. Times are seconds since 1970, amounts minor units."""

API_VERSION = "2026-10-28.endive"
ALPHABET = string.ascii_letters + string.digits


def new_id(prefix: str, length: int = 24) -> str:
    """A fresh id such as `in_9fK...`."""
    return f"{prefix}_{''.join(secrets.choice(ALPHABET) for _ in range(length))}"


def deleted(stored: Object) -> Object:
    """What Stripe answers about an object that is gone."""
    return {"id": stored["id"], "object": stored["object"], "deleted": True}


def merged_metadata(old: dict[str, str], new: dict[str, str] | None) -> dict[str, str]:
    """Metadata after an update: names merge, an empty value removes its name, None clears all."""
    if new is None:
        return {}
    return {name: value for name, value in (old | new).items() if value != ""}

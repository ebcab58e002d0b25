"""Permissions: `room:read` and `room:write`; a key's scopes are permissions, `room:*` or `*`."""

from typing import Final

from atlas_hub_core.errors import InvalidInput

ROOMS: Final = (
    "api_keys audit billing catalog clock connections customers invoices jobs subscriptions usage"
).split()
PERMISSIONS: Final = frozenset(f"{room}:{act}" for room in ROOMS for act in ("read", "write"))
SCOPES: Final = PERMISSIONS | {f"{room}:*" for room in ROOMS} | {"*"}


def check_scopes(scopes: list[str]) -> None:
    """Raise `InvalidInput` unless every scope exists."""
    for scope in scopes:
        if scope not in SCOPES:
            known = ", ".join(sorted(SCOPES))
            message = f"{scope!r} is no scope. The scopes are: {known}."
            raise InvalidInput(message, code="unknown_scope", field="scopes")

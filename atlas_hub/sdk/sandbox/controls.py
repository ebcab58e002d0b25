"""Control routes under `/_sandbox/`: faults, ledger, webhooks, clock, and what a vendor adds."""

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from atlas_hub.sdk.sandbox.messages import Answer, Control

if TYPE_CHECKING:
    from atlas_hub.sdk.sandbox.sandbox import Sandbox


def control(sandbox: "Sandbox", method: str, name: str, body: bytes) -> Answer:
    """Answer a control request: 404 for an unknown one, 400 for a document it cannot use."""
    known = _common(sandbox) | dict(sandbox.controls())
    handler = known.get(f"{method} {name}")
    if handler is None:
        return Answer(404, {"error": f"No {method} {name}.", "known": sorted(known)})
    try:
        return Answer(200, handler(json.loads(body) if body else None))
    except (ValueError, TypeError, KeyError) as error:
        return Answer(400, {"error": f"{type(error).__name__}: {error}"})


def _common(sandbox: "Sandbox") -> dict[str, Control]:
    return {
        "GET faults": lambda _: sandbox.faults.documents(),
        "POST faults": lambda rules: _add(sandbox.faults, rules),
        "DELETE faults": lambda _: sandbox.faults.clear(),
        "GET ledger": lambda _: [entry.document() for entry in sandbox.ledger],
        "GET webhooks": lambda _: _webhooks(sandbox),
        "POST webhooks/faults": lambda rules: _add(sandbox.webhooks.faults, rules),
        "DELETE webhooks/faults": lambda _: sandbox.webhooks.faults.clear(),
        "GET clock": lambda _: sandbox.clock.now().isoformat(),
        "POST clock": lambda move: _advance(sandbox, move["advance_seconds"]),
    }


def _add(faults: Any, rules: Any) -> list[dict[str, Any]]:
    """Add one rule or a list of them."""
    added = [faults.add(**rule) for rule in (rules if isinstance(rules, list) else [rules])]
    return [rule.document() for rule in added]


def _webhooks(sandbox: "Sandbox") -> dict[str, Any]:
    webhooks = sandbox.webhooks
    return {
        "counters": dict(webhooks.counters),
        "pending": webhooks.pending,
        "endpoints": [{"id": e.id, "url": e.url} for e in webhooks.endpoints.values()],
        "faults": webhooks.faults.documents(),
    }


def _advance(sandbox: "Sandbox", seconds: float) -> str:
    sandbox.clock.advance(timedelta(seconds=seconds))
    return sandbox.clock.now().isoformat()

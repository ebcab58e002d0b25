"""Framework for sandboxes: simulated vendors that speak a vendor's wire protocol on loopback.

A connector subclasses :class:`Sandbox`, answers requests and signs webhooks. The framework brings
the server, scripted faults, the ledger of what really happened, webhook delivery and the clock.
Nothing in `atlas_hub.sdk` imports this package, so the SDK itself stays free of web servers.
"""

from atlas_hub.sdk.sandbox.clock import Clock
from atlas_hub.sdk.sandbox.faults import RequestAction, Rule, Rules, WebhookAction
from atlas_hub.sdk.sandbox.ledger import Entry, Ledger
from atlas_hub.sdk.sandbox.limits import RateLimit
from atlas_hub.sdk.sandbox.messages import Answer, Control, Request
from atlas_hub.sdk.sandbox.sandbox import Sandbox
from atlas_hub.sdk.sandbox.webhooks import Endpoint, Webhooks

__all__ = [
    "Answer",
    "Clock",
    "Control",
    "Endpoint",
    "Entry",
    "Ledger",
    "RateLimit",
    "Request",
    "RequestAction",
    "Rule",
    "Rules",
    "Sandbox",
    "WebhookAction",
    "Webhooks",
]

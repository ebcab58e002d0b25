"""A simulated Stripe on loopback: stateful, with signed webhooks, faults and a ledger."""

from atlas_hub_stripe.sandbox.charges import Collected
from atlas_hub_stripe.sandbox.sandbox import StripeSandbox

__all__ = ["Collected", "StripeSandbox", "create_sandbox"]


def create_sandbox(port: int = 0) -> StripeSandbox:
    """A running Stripe sandbox on `port` (0: a free one), with fresh credentials."""
    sandbox = StripeSandbox(port=port)
    sandbox.start()
    return sandbox

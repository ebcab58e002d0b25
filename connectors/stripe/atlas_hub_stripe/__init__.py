"""Stripe connector for Atlas Hub."""

from atlas_hub.sdk import Connector, hookimpl
from atlas_hub_stripe.connector import StripeConnector

__all__ = ["StripeConnector", "atlas_connectors"]


@hookimpl
def atlas_connectors() -> list[type[Connector]]:
    """Return the connector."""
    return [StripeConnector]

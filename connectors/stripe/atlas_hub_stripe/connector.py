"""What the hub gets to see of Stripe. Stripe's client is only loaded when it is used."""

from __future__ import annotations

from atlas_hub.sdk import Check, ConnectionSettings, Connector, PaymentGateway, Sandbox
from atlas_hub_stripe.settings import StripeConfig, StripeSecrets


class StripeConnector(Connector):
    """Delivers invoices to Stripe and collects them there."""

    slug = "stripe"
    config_model = StripeConfig
    secrets_model = StripeSecrets

    async def test(self, connection: ConnectionSettings) -> tuple[Check, ...]:
        """Find out whether Stripe can be reached, accepts the key and agrees on the time."""
        from atlas_hub_stripe.checks import check_connection

        return await check_connection(connection)

    def payments(self, connection: ConnectionSettings) -> PaymentGateway:
        """Open a gateway; close it in the event loop that used it."""
        from atlas_hub_stripe.gateway import StripeGateway

        return StripeGateway(connection)

    def sandbox(self, port: int = 0) -> Sandbox:
        """Start a simulated Stripe."""
        from atlas_hub_stripe.sandbox import StripeSandbox

        sandbox = StripeSandbox(port=port)
        sandbox.start()
        return sandbox

"""The capability `payments` at Stripe."""

from collections.abc import Mapping
from datetime import UTC, datetime

from atlas_hub.sdk import (
    Changes,
    ConnectionSettings,
    GatewayState,
    PaymentCustomer,
    PaymentInvoice,
    Signal,
    Steps,
)
from atlas_hub_stripe import changes, customers, void, webhook
from atlas_hub_stripe.client import StripeApi
from atlas_hub_stripe.deliver import Delivery
from atlas_hub_stripe.settings import StripeConfig, StripeSecrets


class StripeGateway:
    """`sdk.PaymentGateway` for one Stripe account."""

    def __init__(self, connection: ConnectionSettings) -> None:
        self._config = StripeConfig.model_validate(connection.config)
        self._secrets = StripeSecrets.model_validate(connection.secrets)
        self._api = StripeApi(self._config, self._secrets)

    async def deliver(self, invoice: PaymentInvoice, steps: Steps) -> GatewayState:
        """Draft, fill, finalize and collect the invoice, as far as that is not done yet."""
        return await Delivery(self._api, self._config, invoice, steps).run()

    async def link_customer(self, customer: PaymentCustomer, steps: Steps) -> str:
        """Return the Stripe customer with our id in its metadata, made if there is none."""
        return await customers.link_customer(self._api, customer, steps)

    async def void(self, vendor_id: str, steps: Steps) -> GatewayState:
        """Void a delivered, unpaid invoice."""
        return await void.void(self._api, vendor_id, steps)

    async def verify(
        self, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> tuple[Signal, ...]:
        """Return the hints in a webhook; raise `InvalidSignature` unless it is genuine."""
        return webhook.verified(headers, body, self._secrets.webhook_secret, now)

    async def changes(self, cursor: str | None) -> Changes:
        """Return hints from Stripe's list of events since `cursor`."""
        return await changes.changes(self._api, cursor, datetime.now(UTC))

    async def close(self) -> None:
        """Close all connections."""
        await self._api.close()

"""The connection test: what Stripe lets us do, found without changing anything there."""

from datetime import UTC, datetime
from typing import Final

from atlas_hub.sdk import AuthFailed, Check, ConnectionSettings, ConnectorError
from atlas_hub_stripe.client import StripeApi
from atlas_hub_stripe.settings import StripeConfig, StripeSecrets
from atlas_hub_stripe.webhook import TOLERANCE_SECONDS

WARN_SECONDS: Final = 60
NOT_REACHED: Final = "Check api_base, the network and any firewall or proxy in between."


async def check_connection(connection: ConnectionSettings) -> tuple[Check, ...]:
    """Return what was found, most fundamental first."""
    secrets = StripeSecrets.model_validate(connection.secrets)
    api = StripeApi(StripeConfig.model_validate(connection.config), secrets)
    try:
        found = await _reach(api)
        if all(check.status == "ok" for check in found):
            found += [await _permissions(api)]
    finally:
        await api.close()
    return (*found, _mode(secrets), _webhook(secrets))


async def _reach(api: StripeApi) -> list[Check]:
    try:
        server = await api.server_time()
    except AuthFailed as error:
        reached = Check("reachable", "ok", "Stripe answers.")
        remedy = "Copy the secret key again from the Dashboard, Developers, API keys."
        return [reached, Check("authenticated", "failed", error.message, remedy)]
    except ConnectorError as error:
        return [Check("reachable", "failed", error.message, NOT_REACHED)]
    authenticated = Check("authenticated", "ok", "Stripe accepts the API key.")
    return [Check("reachable", "ok", "Stripe answers."), authenticated, _clock(server)]


def _clock(server: datetime | None) -> Check:
    if server is None:
        return Check("clock", "ok", "Stripe does not tell its time.")
    off = abs((datetime.now(UTC) - server).total_seconds())
    if off <= WARN_SECONDS:
        return Check("clock", "ok", "This machine and Stripe agree on the time.")
    message = f"This machine's clock and Stripe's are {off:.0f} seconds apart."
    remedy = f"Synchronize the clock (NTP): webhooks {TOLERANCE_SECONDS} seconds off are refused."
    return Check("clock", "failed" if off > TOLERANCE_SECONDS else "warning", message, remedy)


async def _permissions(api: StripeApi) -> Check:
    lists = {
        "Invoices": api.v1.invoices.list_async,
        "Events": api.v1.events.list_async,
        "Invoice payments": api.v1.invoice_payments.list_async,
        "Payment intents": api.v1.payment_intents.list_async,
    }
    for name, call in lists.items():
        try:
            await api.read(call, limit=1)
        except ConnectorError as error:
            remedy = f"Let the restricted key read {name} at Stripe, or use a secret key."
            return Check("permissions", "failed", f"{name}: {error.message}", remedy)
    return Check("permissions", "ok", "The key reads all that the hub looks at.")


def _mode(secrets: StripeSecrets) -> Check:
    key = secrets.api_key.get_secret_value()
    if key.startswith(("sk_live_", "rk_live_")):
        return Check("mode", "ok", "Live mode: invoices collect real money.")
    if key.startswith(("sk_test_", "rk_test_")):
        return Check("mode", "ok", "Test mode: no real money moves.")
    message = "The API key is neither a secret key (sk_...) nor a restricted one (rk_...)."
    return Check("mode", "failed", message, "Use the secret key; a publishable key cannot bill.")


def _webhook(secrets: StripeSecrets) -> Check:
    secret = secrets.webhook_secret
    if secret is not None and secret.get_secret_value().startswith("whsec_"):
        return Check("webhook", "ok", "Webhooks are verified with the signing secret.")
    message = "No webhook_secret is set."
    if secret is not None:
        message = "The webhook_secret does not look like a signing secret (whsec_...)."
    remedy = (
        "Add the connection's webhook URL as an endpoint at Stripe and copy its signing secret. "
        "Until then payments are found by polling."
    )
    return Check("webhook", "warning", message, remedy)

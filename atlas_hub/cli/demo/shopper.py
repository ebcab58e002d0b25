"""A shopper at the simulated Stripe: saves a card through Stripe's API, as a checkout page does."""

from dataclasses import dataclass
from typing import Any

import httpx2

from atlas_hub.sdk import Sandbox
from atlas_hub_core.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Shopper:
    """Talks to the simulated Stripe as a checkout page would."""

    sandbox: Sandbox

    def sign_up(self, name: str, email: str) -> str:
        """Make a Stripe customer and return its id."""
        return str(self._post("/v1/customers", {"name": name, "email": email})["id"])

    def save_card(self, customer: str) -> str:
        """Attach a card that works to a Stripe customer, for all later invoices."""
        card = str(
            self._post("/v1/payment_methods/pm_card_visa/attach", {"customer": customer})["id"]
        )
        default = {"invoice_settings[default_payment_method]": card}
        self._post(f"/v1/customers/{customer}", default)
        return card

    def listen(self, url: str) -> str:
        """Have Stripe send webhooks to `url`; return the secret that signs them."""
        answer = self._post("/v1/webhook_endpoints", {"url": url, "enabled_events[]": "*"})
        return str(answer["secret"])

    def _post(self, path: str, form: dict[str, str]) -> dict[str, Any]:
        key = self.sandbox.credentials["api_key"]
        response = httpx2.post(
            f"{self.sandbox.url}{path}",
            data=form,
            headers={"Authorization": f"Bearer {key}"},
            timeout=30,
        )
        if not response.is_success:
            message = f"The simulated Stripe refused {path}: {response.text}"
            raise Unavailable(message, code="demo_failed")
        answer: dict[str, Any] = response.json()
        return answer

"""Calls to Stripe through its own client, with answers checked and errors translated."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import stripe

from atlas_hub.sdk import JsonObject, NotReady, UnknownOutcome
from atlas_hub_stripe.errors import translated
from atlas_hub_stripe.settings import StripeConfig, StripeSecrets
from atlas_hub_stripe.transport import Transport

API_VERSION: Final = "2026-10-28.endive"
PAGE: Final = 100

Call = Callable[..., Awaitable[Any]]
"""An async method of Stripe's client: path parameters, then parameters, then options."""


class StripeApi:
    """One account at Stripe. `v1` are the client's services; pass their methods to the verbs."""

    def __init__(self, config: StripeConfig, secrets: StripeSecrets) -> None:
        self._transport = Transport(config.timeout_seconds)
        base = config.api_base
        client = stripe.StripeClient(
            secrets.api_key.get_secret_value(),
            stripe_version=API_VERSION,
            base_addresses={"api": base, "files": base, "connect": base, "meter_events": base},
            max_network_retries=0,
            http_client=self._transport,
        )
        self.v1 = client.v1

    async def read(self, call: Call, *path: str, **parameters: Any) -> JsonObject:
        """Return what Stripe answers to a GET.

        Raises:
            ConnectorError: As `errors.translated` sorts it.
        """
        try:
            answer = await call(*path, parameters)
        except stripe.StripeError as error:
            raise translated(error, write=False) from error
        found = _plain(answer)
        if found is None:
            raise NotReady("Stripe's answer is no object of Stripe's.", code="unreadable")
        return found

    async def write(self, call: Call, *path: str, parameters: JsonObject, key: str) -> JsonObject:
        """Return what Stripe answers to a POST under an idempotency key.

        Raises:
            ConnectorError: As `errors.translated` sorts it.
        """
        try:
            answer = await call(*path, parameters, {"idempotency_key": key})
        except stripe.StripeError as error:
            raise translated(error, write=True) from error
        made = _plain(answer)
        if made is None or not isinstance(made.get("id"), str):
            message = "Stripe's answer to a write is no object of Stripe's."
            raise UnknownOutcome(message, code="unreadable", answered=False)
        return made

    async def each(self, call: Call, *path: str, **parameters: Any) -> AsyncIterator[JsonObject]:
        """Yield the objects of a list, newest first, page after page."""
        after: dict[str, str] = {}
        while True:
            page = await self.read(call, *path, **parameters, **after, limit=PAGE)
            for item in page["data"]:
                yield item
            if not page["has_more"] or not page["data"]:
                return
            after = {"starting_after": page["data"][-1]["id"]}

    async def server_time(self) -> datetime | None:
        """Return Stripe's clock, if it tells; raises like `read`."""
        try:
            answer = await self.v1.customers.list_async({"limit": 1})
        except stripe.StripeError as error:
            raise translated(error, write=False) from error
        headers = answer.last_response.headers if answer.last_response else {}
        told = headers.get("date")
        return parsedate_to_datetime(told) if told else None

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.close_async()


def _plain(answer: Any) -> JsonObject | None:
    """Return an answer as JSON, or None if it is not an object as Stripe makes them."""
    found = answer.to_dict(for_json=True) if isinstance(answer, stripe.StripeObject) else None
    return found if found and isinstance(found.get("object"), str) else None

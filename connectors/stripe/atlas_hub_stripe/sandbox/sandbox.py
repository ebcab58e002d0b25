"""The simulated Stripe: from a request on the wire to an answer in Stripe's form."""

import json
import secrets
from collections.abc import Mapping
from typing import Any

from atlas_hub.sdk.sandbox import Answer, Control, Endpoint, RateLimit, Request, Sandbox
from atlas_hub_stripe.sandbox import (
    customers,
    events,
    invoice_items,
    money_routes,
    payment_methods,
    webhook_endpoints,
)
from atlas_hub_stripe.sandbox.account import Account
from atlas_hub_stripe.sandbox.auth import check_key, check_version
from atlas_hub_stripe.sandbox.autopilot import catch_up
from atlas_hub_stripe.sandbox.charges import Collected, collected
from atlas_hub_stripe.sandbox.errors import Refusal
from atlas_hub_stripe.sandbox.expand import check_expand, expanded
from atlas_hub_stripe.sandbox.form import Tree, decode
from atlas_hub_stripe.sandbox.idempotency import Keys
from atlas_hub_stripe.sandbox.invoices import routes as invoices
from atlas_hub_stripe.sandbox.objects import API_VERSION, Object, new_id
from atlas_hub_stripe.sandbox.params import read_params
from atlas_hub_stripe.sandbox.routes import Call, Route, find
from atlas_hub_stripe.sandbox.signature import signature_header

ROUTES: list[Route] = [
    *customers.ROUTES,
    *payment_methods.ROUTES,
    *invoice_items.ROUTES,
    *invoices.ROUTES,
    *money_routes.ROUTES,
    *events.ROUTES,
    *webhook_endpoints.ROUTES,
]
METADATA_KEY = "atlas_invoice_id"


class StripeSandbox(Sandbox):
    """Stripe on loopback, API version 2026-10-28.endive, one account, test mode.

    `state` is the account; `charges` is the money that really moved, the judge in tests of faults.
    All webhook endpoints share one signing secret, so that it can be configured beforehand.
    Without `requests_per_second` there is no rate limit (Stripe's in test mode is 25).
    """

    def __init__(
        self,
        *,
        api_key: str | None = None,
        webhook_secret: str | None = None,
        requests_per_second: int | None = None,
        port: int = 0,
    ) -> None:
        self._api_key = api_key or f"sk_test_{secrets.token_hex(16)}"
        self._webhook_secret = webhook_secret or f"whsec_{secrets.token_hex(16)}"
        credentials = {"api_key": self._api_key, "webhook_secret": self._webhook_secret}
        super().__init__(credentials=credentials, port=port)
        self._keys = Keys()
        self._limit = RateLimit(requests_per_second)
        self.state = Account(self.clock, self._publish, self._webhook_secret)

    @property
    def charges(self) -> list[Collected]:
        """The money that really moved, oldest first."""
        return collected(self.state)

    def charges_for(self, hub_invoice_id: str) -> list[Collected]:
        """The money that moved for one invoice of the hub."""
        return [c for c in self.charges if c.metadata.get(METADATA_KEY) == hub_invoice_id]

    def forget_keys(self) -> int:
        """Forget all idempotency keys, as Stripe does after a day; says how many."""
        return self._keys.forget()

    async def answer(self, request: Request) -> Answer:
        """Authenticate, route, replay or execute."""
        request_id = new_id("req", 14)
        try:
            check_key(request.headers, self._api_key)
            check_version(request.headers)
            if not self._limit.admit():
                return self.refuse(request, 429, None)
            self.tick()
            route, target = find(ROUTES, request.method, request.path)
            tree = decode(request.form())
            if request.method == "POST" and request.idempotency_key is not None:
                return await self._once(request, route, target, tree, request_id)
            await request.work()
            return self._execute(request, route, target, tree, request_id)
        except Refusal as refusal:
            return self._reply(request, request_id, refusal.status, refusal.body(request_id))

    async def _once(
        self, request: Request, route: Route, target: str, tree: Tree, request_id: str
    ) -> Answer:
        key = request.idempotency_key or ""
        fingerprint = [request.method, request.path, tree]
        saved = self._keys.begin(key, fingerprint, self.state.now(), request_id)
        if saved is not None:
            again = {"Idempotent-Replayed": "true", "Original-Request": saved.request_id}
            return self._reply(request, request_id, saved.status or 500, saved.content, again)
        try:
            await request.work()
            answer = self._execute(request, route, target, tree, request_id)
        except BaseException:
            self._keys.release(key)
            raise
        self._keys.keep(key, answer.status, answer.content)
        return answer

    def _execute(
        self, request: Request, route: Route, target: str, tree: Tree, request_id: str
    ) -> Answer:
        """Read the parameters (a Refusal means nothing began), then do it."""
        params = read_params(route.fields, tree)
        check_expand(params.get("expand", []))
        account = self.state
        account.request = {"id": request_id, "idempotency_key": request.idempotency_key}
        before = account.revision
        try:
            result = route.run(Call(account, params, request.path, target))
            status, content = 200, expanded(account, result, params.get("expand", []))
        except Refusal as refusal:
            status, content = refusal.status, refusal.body(request_id)
        changed = account.revision != before
        return self._reply(request, request_id, status, content, changed=changed)

    def refuse(self, request: Request, status: int, retry_after: int | None) -> Answer:
        """Stripe's 401, 429 or 500."""
        texts = {
            401: ("Invalid API Key provided: the key was revoked.", "invalid_request_error", None),
            429: ("Request rate limit exceeded.", "invalid_request_error", "rate_limit"),
            500: ("An unknown error occurred.", "api_error", None),
        }
        message, kind, code = texts[status]
        request_id = new_id("req", 14)
        body = Refusal(message, status=status, kind=kind, code=code).body(request_id)
        extra = {} if retry_after is None else {"Retry-After": str(retry_after)}
        if status == 429:
            extra["Stripe-Rate-Limited-Reason"] = "global-rate"
        return self._reply(request, request_id, status, body, extra)

    def failed(self, request: Request, answer: Answer) -> Answer:
        """Stripe keeps the result of the first try with a key even when it is a 500."""
        broken = super().failed(request, answer)
        if request.method == "POST" and request.idempotency_key is not None:
            self._keys.keep(request.idempotency_key, broken.status, broken.content)
        return broken

    def sign(self, endpoint: Endpoint, body: bytes, at: int) -> Mapping[str, str]:
        """The signature header."""
        return {"Stripe-Signature": signature_header(body, endpoint.secret, at)}

    def tick(self) -> None:
        """Let Stripe do what is due."""
        catch_up(self.state)

    def controls(self) -> Mapping[str, Control]:
        """Control routes for tests in another process."""
        return {
            "GET charges": lambda _: [charge.document() for charge in self.charges],
            "POST forget_keys": lambda _: self.forget_keys(),
        }

    def _publish(self, event: Object) -> int:
        self.webhooks.endpoints = {
            row["id"]: Endpoint(
                row["id"], row["url"], self._webhook_secret, tuple(row["enabled_events"])
            )
            for row in self.state.webhook_endpoints
            if row["status"] == "enabled"
        }
        return self.webhooks.publish(event["type"], json.dumps(event, indent=2).encode())

    def _reply(
        self,
        request: Request,
        request_id: str,
        status: int,
        content: Any,
        extra: Mapping[str, str] | None = None,
        *,
        changed: bool = False,
    ) -> Answer:
        headers = {"Request-Id": request_id, "Stripe-Version": API_VERSION}
        if request.idempotency_key is not None:
            headers["Idempotency-Key"] = request.idempotency_key
        return Answer(status, content, headers | dict(extra or {}), changed)

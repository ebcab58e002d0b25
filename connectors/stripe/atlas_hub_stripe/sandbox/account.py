"""A Stripe account: all its objects, and the events that tell what happened to them."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

from atlas_hub.sdk.sandbox import Clock
from atlas_hub_stripe.sandbox.errors import missing_object
from atlas_hub_stripe.sandbox.objects import API_VERSION, Object, new_id

Publish = Callable[[Object], int]
"""Sends an event to the webhook endpoints that want it and says how many do."""


class Table:
    """The objects of one kind, in order of creation."""

    def __init__(self, kind: str, prefix: str) -> None:
        self.kind = kind
        self._prefix = prefix
        self._rows: dict[str, Object] = {}

    def add(self, row: Object) -> Object:
        """Keep a new object under a fresh id, which it is given."""
        row["id"] = new_id(self._prefix, 14 if self._prefix == "cus" else 24)
        self._rows[row["id"]] = row
        return row

    def remove(self, row: Object) -> None:
        """Forget an object."""
        del self._rows[row["id"]]

    def get(self, object_id: str) -> Object | None:
        """The object, or None."""
        return self._rows.get(object_id)

    def in_path(self, object_id: str) -> Object:
        """The object a request's path names; 404 without one."""
        if (row := self._rows.get(object_id)) is None:
            raise missing_object(self.kind, object_id, "id", status=404)
        return row

    def in_param(self, object_id: str, param: str) -> Object:
        """The object a parameter names; 400 without one, or when it is deleted."""
        row = self._rows.get(object_id)
        if row is None or row.get("deleted"):
            raise missing_object(self.kind, object_id, param)
        return row

    def __iter__(self) -> Iterator[Object]:
        """Oldest first."""
        return iter(tuple(self._rows.values()))

    def newest_first(self) -> list[Object]:
        """As lists are answered."""
        return list(reversed(self._rows.values()))


class Account:
    """The state behind one API key. `revision` grows with every change."""

    def __init__(self, clock: Clock, publish: Publish, webhook_secret: str) -> None:
        self.clock = clock
        self.webhook_secret = webhook_secret
        self.revision = 0
        self.customers = Table("customer", "cus")
        self.payment_methods = Table("PaymentMethod", "pm")
        self.invoice_items = Table("invoiceitem", "ii")
        self.invoices = Table("invoice", "in")
        self.invoice_payments = Table("invoice_payment", "inpay")
        self.payment_intents = Table("payment_intent", "pi")
        self.charges = Table("charge", "ch")
        self.events = Table("event", "evt")
        self.webhook_endpoints = Table("webhook endpoint", "we")
        self.test_cards: dict[str, str] = {}  # payment method -> name of its test card
        self.pulled_items: set[str] = set()  # items that were pending when their invoice was made
        self.request: Object = {"id": None, "idempotency_key": None}
        self._publish = publish

    def now(self) -> int:
        """The account's time in seconds since 1970."""
        return self.clock.timestamp()

    def touch(self) -> None:
        """Note that something changed."""
        self.revision += 1

    def emit(self, kind: str, subject: Object, previous: Object | None = None) -> None:
        """Note a change and tell it: the event keeps the object as it is now."""
        self.touch()
        data: dict[str, Any] = {"object": deepcopy(subject)}
        if previous is not None:
            data["previous_attributes"] = previous
        event = {
            "object": "event",
            "api_version": API_VERSION,
            "created": self.now(),
            "data": data,
            "livemode": False,
            "pending_webhooks": 0,
            "request": dict(self.request),
            "type": kind,
        }
        self.events.add(event)
        event["pending_webhooks"] = self._publish(event)

    def update(self, row: Object, changes: Object) -> Object:
        """Apply `changes` and return the old values of what really changed."""
        previous = {name: row.get(name) for name, new in changes.items() if row.get(name) != new}
        row |= changes
        return previous

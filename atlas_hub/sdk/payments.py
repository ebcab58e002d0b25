"""The capability `payments`: deliver invoices to a gateway, collect, report."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, Literal, Protocol

GatewayStatus = Literal["open", "action_required", "failed", "paid", "void", "uncollectible"]
JsonObject = dict[str, Any]

INVOICE_STEP: Final = "invoice"
"""Name of the step that makes the invoice at the gateway; its answer has the invoice's `id`."""


@dataclass(frozen=True, slots=True)
class PaymentLine:
    """One line to be shown at the gateway; `amount` in major units, rounded to the currency."""

    id: str
    description: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class PaymentCustomer:
    """Who pays; `vendor_id` if the customer is already linked to one at the gateway."""

    id: str
    name: str
    email: str
    vendor_id: str | None


@dataclass(frozen=True, slots=True)
class PaymentInvoice:
    """A finalized invoice as a gateway needs it. Lines, tax included, sum to `amount_due`.

    `currency` is the upper-case ISO 4217 code, amounts are in major units.
    """

    id: str
    number: str
    currency: str
    customer: PaymentCustomer
    lines: tuple[PaymentLine, ...]
    amount_due: Decimal
    due_date: date

    def for_customer(self, vendor_id: str) -> PaymentInvoice:
        """Return the same invoice for a customer that is now linked."""
        return replace(self, customer=replace(self.customer, vendor_id=vendor_id))


@dataclass(frozen=True, slots=True)
class GatewayState:
    """What the gateway says of one invoice, amounts in major units.

    `action_required`: delivered, but a person has to pay or add a payment method.
    `failed`: the last attempt to collect was refused; `detail` says why.
    """

    vendor_id: str
    status: GatewayStatus
    currency: str
    amount_due: Decimal
    amount_paid: Decimal
    url: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """A hint that something at the gateway may have changed: look again.

    `vendor_id` names an invoice, `customer_vendor_id` all open invoices of a customer.
    """

    event_id: str
    type: str
    vendor_id: str | None = None
    customer_vendor_id: str | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What a poll found, and where the next one begins."""

    signals: tuple[Signal, ...]
    cursor: str | None


class Steps(Protocol):
    """Carries out vendor writes at most once each, whatever crashes.

    The hub commits what is about to be sent before `call` runs, and its answer afterwards. Run
    again, a finished step returns its stored answer without a call; of an interrupted one `find`
    is asked first, and what it does not know is sent again with the same parameters and key. A
    step that raised `Rejected` raises it again without a call.
    """

    async def run(
        self,
        step: str,
        parameters: JsonObject,
        call: Callable[[JsonObject, str], Awaitable[JsonObject]],
        find: Callable[[], Awaitable[JsonObject | None]],
    ) -> JsonObject:
        """Return the answer of step `step`.

        Args:
            step: name, unique within one invoice, the same on every run.
            parameters: what to send; of an interrupted step the stored ones are sent instead.
            call: sends `parameters` under an idempotency key; returns what later steps need.
            find: returns the answer of an earlier, lost call by the hub's own id at the vendor.
        """
        ...


class PaymentGateway(Protocol):
    """One open connection to a payment gateway. Its own errors become `sdk.errors`."""

    async def deliver(self, invoice: PaymentInvoice, steps: Steps) -> GatewayState:
        """Bring the gateway to where it holds this invoice, collected if it can be.

        Runs any number of times: after a crash, on a signal, from the poll. The customer is linked
        by then. A refused collection is an answer (`failed`), not an error; it is tried again once
        the customer has another payment method.
        """
        ...

    async def link_customer(self, customer: PaymentCustomer, steps: Steps) -> str:
        """Return the gateway's id of the customer, made if there is none yet."""
        ...

    async def void(self, vendor_id: str, steps: Steps) -> GatewayState:
        """Void a delivered, unpaid invoice at the gateway."""
        ...

    async def verify(
        self, headers: Mapping[str, str], body: bytes, now: datetime
    ) -> tuple[Signal, ...]:
        """Return the signals in a webhook; raise `InvalidSignature` unless it is genuine."""
        ...

    async def changes(self, cursor: str | None) -> Changes:
        """Return what changed since `cursor`, with enough overlap to miss nothing."""
        ...

    async def close(self) -> None:
        """Release sockets and threads."""
        ...

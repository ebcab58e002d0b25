"""A hub in miniature around the connector: steps that survive crashes, and the tries of a job."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from atlas_hub.sdk import (
    AuthFailed,
    ConnectionSettings,
    GatewayState,
    NotReady,
    PaymentCustomer,
    PaymentInvoice,
    PaymentLine,
    RateLimited,
    Rejected,
    UnknownOutcome,
)
from atlas_hub_stripe import StripeConnector
from atlas_hub_stripe.sandbox import StripeSandbox

PASSING = (NotReady, RateLimited, UnknownOutcome, AuthFailed)


class Crash(Exception):
    """The process died here."""


@dataclass
class Intent:
    key: str
    parameters: dict[str, Any]
    state: str = "prepared"
    tries: int = 1
    result: dict[str, Any] | None = None
    refusal: Rejected | None = None


@dataclass
class MemorySteps:
    """`sdk.Steps` as the hub keeps them, in memory. It crashes at the `crash_at`th boundary."""

    crash_at: int = 0
    passed: int = 0
    intents: dict[str, Intent] = field(default_factory=dict)

    def boundary(self) -> None:
        self.passed += 1
        if self.passed == self.crash_at:
            raise Crash

    async def run(self, step, parameters, call, find):
        stored = json.loads(json.dumps(parameters))
        intent = self.intents.setdefault(step, Intent(f"{id(self)}-{step}", stored))
        self.boundary()
        if intent.state == "done":
            return intent.result
        if intent.refusal is not None:
            raise intent.refusal
        if intent.state in ("sent", "answered") and (found := await find()) is not None:
            return self.finish(intent, found)
        if intent.state == "answered":
            intent.tries += 1
        intent.state = "sent"
        self.boundary()
        try:
            result = await call(intent.parameters, f"{intent.key}-{intent.tries}")
        except Rejected as refusal:
            intent.refusal = refusal
            raise
        except UnknownOutcome as unknown:
            intent.state = "answered" if unknown.answered else "sent"
            raise
        self.boundary()
        return self.finish(intent, result)

    def finish(self, intent: Intent, result: dict[str, Any]) -> dict[str, Any]:
        intent.state, intent.result = "done", json.loads(json.dumps(result))
        self.boundary()
        return intent.result


def invoice(
    *amounts: str,
    currency: str = "USD",
    vendor_id: str | None = None,
    invoice_id: str = "inv_1",
    due: str | None = None,
) -> PaymentInvoice:
    lines = tuple(
        PaymentLine(f"{invoice_id}-line-{index}", f"Line {index}", Decimal(amount))
        for index, amount in enumerate(amounts)
    )
    total = sum((line.amount for line in lines), Decimal(0))
    customer = PaymentCustomer("cus_hub", "Acme", "billing@acme.example", vendor_id)
    return PaymentInvoice(
        id=invoice_id,
        number=f"2026-{invoice_id}",
        currency=currency,
        customer=customer,
        lines=lines,
        amount_due=Decimal(due) if due else total,
        due_date=date(2026, 12, 31),
    )


class MiniHub:
    """Runs the delivery job of one invoice against the sandbox, every try with a new gateway."""

    def __init__(self, sandbox: StripeSandbox, **config: Any) -> None:
        connector = StripeConnector()
        self.sandbox = sandbox
        self.connection = ConnectionSettings(
            "cnx_1",
            connector.config_model(api_base=sandbox.url, **config),
            connector.secrets_model(**sandbox.credentials),
        )
        self.customer_steps: Any = MemorySteps()
        self.steps: Any = MemorySteps()

    def gateway(self):
        return StripeConnector().payments(self.connection)

    async def try_once(self, bill: PaymentInvoice) -> GatewayState:
        gateway = self.gateway()
        try:
            if bill.customer.vendor_id is None:
                linked = await gateway.link_customer(bill.customer, self.customer_steps)
                bill = bill.for_customer(linked)
            return await gateway.deliver(bill, self.steps)
        finally:
            await gateway.close()

    async def run(
        self, bill: PaymentInvoice, *, between: Callable[[], Any] = lambda: None, tries: int = 12
    ) -> GatewayState:
        """Try until it ends, as the job engine does; `between` runs after every failed try."""
        for _ in range(tries):
            try:
                return await self.try_once(bill)
            except (*PASSING, Crash):
                between()
        raise AssertionError(f"{tries} tries and no end")


def delivered(sandbox: StripeSandbox, invoice_id: str = "inv_1") -> list[dict[str, Any]]:
    """The invoices at Stripe that stand for one of the hub's."""
    rows = sandbox.state.invoices
    return [row for row in rows if row["metadata"].get("atlas_invoice_id") == invoice_id]


def check_paid_once(sandbox: StripeSandbox, bill: PaymentInvoice, units: int) -> None:
    """Exactly one customer, invoice and item per line, and the money moved exactly once."""
    [row] = delivered(sandbox, bill.id)
    assert (row["status"], row["total"], row["amount_paid"]) == ("paid", units, units)
    items = [item for item in sandbox.state.invoice_items if item["invoice"] == row["id"]]
    names = sorted(item["metadata"]["atlas_line_id"] for item in items)
    assert names == sorted(line.id for line in bill.lines)
    assert [charge.amount for charge in sandbox.charges_for(bill.id)] == [units]
    ours = [c for c in sandbox.state.customers if c["metadata"].get("atlas_customer_id")]
    assert len(ours) <= 1

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from atlas_hub_paper.gateway import PaperGateway

from atlas_hub.sdk import (
    InvalidSignature,
    JsonObject,
    PaymentCustomer,
    PaymentInvoice,
    PaymentLine,
    Rejected,
)

INVOICE = PaymentInvoice(
    id="inv_1",
    number="2026-0001",
    currency="USD",
    customer=PaymentCustomer("cus_1", "Acme", "pay@acme.test", None),
    lines=(PaymentLine("ilr_1", "Fee", Decimal("49.00")),),
    amount_due=Decimal("49.00"),
    due_date=date(2026, 12, 31),
)


class Once:
    """Runs each step once, as the hub does, and keeps the answers."""

    def __init__(self) -> None:
        self.answers: dict[str, JsonObject] = {}

    async def run(
        self,
        step: str,
        parameters: JsonObject,
        call: Callable[[JsonObject, str], Awaitable[JsonObject]],
        find: Callable[[], Awaitable[JsonObject | None]],
    ) -> JsonObject:
        if step not in self.answers:
            self.answers[step] = await find() or await call(parameters, f"key-{step}")
        return self.answers[step]


async def test_an_invoice_waits_until_its_payment_is_written_down(tmp_path: Path) -> None:
    gateway, steps = PaperGateway(tmp_path), Once()
    state = await gateway.deliver(INVOICE, steps)
    assert (state.status, state.amount_due, state.amount_paid) == ("action_required", 49, 0)

    file = tmp_path / "inv_1.json"
    content = json.loads(file.read_text())
    assert content["lines"] == [{"description": "Fee", "amount": "49.00"}]
    file.write_text(json.dumps({**content, "paid": "49.00"}))
    state = await gateway.deliver(INVOICE, steps)
    assert (state.status, state.amount_paid) == ("paid", Decimal("49.00"))


async def test_a_lost_answer_does_not_overwrite_the_file(tmp_path: Path) -> None:
    gateway = PaperGateway(tmp_path)
    await gateway.deliver(INVOICE, Once())
    file = tmp_path / "inv_1.json"
    file.write_text(file.read_text().replace('"paid": "0"', '"paid": "49.00"'))
    assert (await gateway.deliver(INVOICE, Once())).status == "paid"


async def test_void(tmp_path: Path) -> None:
    gateway, steps = PaperGateway(tmp_path), Once()
    await gateway.deliver(INVOICE, steps)
    assert (await gateway.void("inv_1", steps)).status == "void"


async def test_the_poll_finds_changed_files(tmp_path: Path) -> None:
    gateway = PaperGateway(tmp_path)
    assert (await gateway.changes(None)).signals == ()
    await gateway.deliver(INVOICE, Once())
    found = await gateway.changes(None)
    assert [signal.vendor_id for signal in found.signals] == ["inv_1"]
    assert (await gateway.changes(str(int(found.cursor or 0) + 1))).signals == ()


@pytest.mark.parametrize("paid", ['"much"', '"NaN"', "null", "49.0", "[]"])
async def test_an_unreadable_amount_is_refused(tmp_path: Path, paid: str) -> None:
    gateway = PaperGateway(tmp_path)
    await gateway.deliver(INVOICE, Once())
    file = tmp_path / "inv_1.json"
    file.write_text(file.read_text().replace('"paid": "0"', f'"paid": {paid}'))
    with pytest.raises(Rejected, match=r'write "paid" as text'):
        await gateway.deliver(INVOICE, Once())


async def test_no_webhook_is_genuine(tmp_path: Path) -> None:
    with pytest.raises(InvalidSignature):
        await PaperGateway(tmp_path).verify({}, b"", datetime.now(UTC))

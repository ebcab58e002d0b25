"""The capability `payments`: one JSON file per invoice, which people may edit."""

import asyncio
import json
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from atlas_hub.sdk import (
    Changes,
    GatewayState,
    InvalidSignature,
    JsonObject,
    PaymentCustomer,
    PaymentInvoice,
    Rejected,
    Signal,
    Steps,
)


class PaperGateway:
    """Invoices of one folder. The file `ID.json` is the invoice with the hub's id."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def deliver(self, invoice: PaymentInvoice, steps: Steps) -> GatewayState:
        """Write the file unless it is there, and say what the file says."""

        async def write(parameters: JsonObject, _key: str) -> JsonObject:
            await asyncio.to_thread(self._write, invoice.id, parameters)
            return {"vendor_id": invoice.id}

        async def find() -> JsonObject | None:
            there = await asyncio.to_thread(self._path(invoice.id).exists)
            return {"vendor_id": invoice.id} if there else None

        await steps.run("write", _content(invoice), write, find)
        return await self._state(invoice.id)

    async def link_customer(self, invoice_customer: PaymentCustomer, steps: Steps) -> str:  # noqa: ARG002  nothing to make
        """Return the hub's own id: a folder knows no customers."""
        return invoice_customer.id

    async def void(self, vendor_id: str, steps: Steps) -> GatewayState:
        """Mark the file as void."""

        async def write(_parameters: JsonObject, _key: str) -> JsonObject:
            content = await asyncio.to_thread(self._read, vendor_id)
            await asyncio.to_thread(self._write, vendor_id, {**content, "void": True})
            return {"vendor_id": vendor_id}

        async def find() -> JsonObject | None:
            content = await asyncio.to_thread(self._read, vendor_id)
            return {"vendor_id": vendor_id} if content["void"] else None

        await steps.run("void", {}, write, find)
        return await self._state(vendor_id)

    async def verify(
        self,
        headers: Mapping[str, str],  # noqa: ARG002  whatever it is, a folder did not send it
        body: bytes,  # noqa: ARG002
        now: datetime,  # noqa: ARG002
    ) -> tuple[Signal, ...]:
        """Refuse every message: a folder sends none."""
        raise InvalidSignature("Paper sends no webhooks.", code="no_webhooks")

    async def changes(self, cursor: str | None) -> Changes:
        """Return a signal for each file that has changed since, or at, the last change seen."""
        return await asyncio.to_thread(self._changes, int(cursor or 0))

    async def close(self) -> None:
        """Do nothing: no file stays open."""

    def _changes(self, since: int) -> Changes:
        times = {path: path.stat().st_mtime_ns for path in sorted(self._folder.glob("*.json"))}
        signals = tuple(
            Signal(f"{path.stem}-{changed}", "file.changed", vendor_id=path.stem)
            for path, changed in times.items()
            if changed >= since
        )
        return Changes(signals, str(max(times.values(), default=since)))

    async def _state(self, vendor_id: str) -> GatewayState:
        content = await asyncio.to_thread(self._read, vendor_id)
        try:
            due, paid = _amount(content["amount_due"]), _amount(content["paid"])
        except (KeyError, ValueError) as error:
            message = f'{self._path(vendor_id)}: write "paid" as text, such as "12.50".'
            raise Rejected(message, code="unreadable_file", field="paid") from error
        return GatewayState(
            vendor_id=vendor_id,
            status="void" if content["void"] else "paid" if paid >= due else "action_required",
            currency=content["currency"],
            amount_due=due,
            amount_paid=paid,
            url=self._path(vendor_id).absolute().as_uri(),
            detail=None if paid >= due else "Waits for the payment to be written into the file.",
        )

    def _path(self, invoice_id: str) -> Path:
        return self._folder / f"{invoice_id}.json"

    def _read(self, invoice_id: str) -> JsonObject:
        path = self._path(invoice_id)
        try:
            content = json.loads(path.read_text())
        except FileNotFoundError as error:
            raise Rejected(f"{path} is gone. Put it back.", code="file_missing") from error
        except ValueError as error:
            raise Rejected(f"{path} is not JSON: {error}.", code="unreadable_file") from error
        return dict(content)

    def _write(self, invoice_id: str, content: JsonObject) -> None:
        fresh = self._path(invoice_id).with_suffix(".part")
        fresh.write_text(json.dumps(content, indent=2) + "\n")
        fresh.replace(self._path(invoice_id))  # whole or not at all, also in a crash


def _amount(value: object) -> Decimal:
    if not isinstance(value, str) or not re.fullmatch(r"\d+(\.\d+)?", value):
        raise ValueError(f"{value!r} is not an amount")
    return Decimal(value)


def _content(invoice: PaymentInvoice) -> JsonObject:
    return {
        "number": invoice.number,
        "currency": invoice.currency,
        "amount_due": str(invoice.amount_due),
        "due_date": invoice.due_date.isoformat(),
        "customer": {"name": invoice.customer.name, "email": invoice.customer.email},
        "lines": [
            {"description": line.description, "amount": str(line.amount)} for line in invoice.lines
        ],
        "paid": "0",
        "void": False,
    }

"""Why an invoice says what it says: each line's quantity, steps and rounding, in sentences."""

from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from atlas_hub.billing.answers import PeriodAnswer, read_lines
from atlas_hub.billing.tables import Invoice, InvoiceLine
from atlas_hub.http.bodies import Answer, Computed
from atlas_hub_core.money import round_half_up
from atlas_hub_core.prices import trace_from_json
from atlas_hub_core.rating import explain


class LineExplanation(Answer):
    """How one line came to be."""

    id: str
    description: str
    period: PeriodAnswer
    quantity: Computed
    amount: str
    steps: list[str]


class InvoiceExplanation(Answer):
    """How an invoice came to be."""

    id: str
    currency: str
    lines: list[LineExplanation]
    sums: list[str]


async def explain_invoice(session: AsyncSession, invoice: Invoice) -> InvoiceExplanation:
    """Return the working of every line and of the sums."""
    lines = await read_lines(session, [invoice.id])
    return InvoiceExplanation(
        id=invoice.id,
        currency=invoice.currency,
        lines=[_explain_line(invoice, line) for line in lines],
        sums=_sums(invoice, lines),
    )


def _explain_line(invoice: Invoice, line: InvoiceLine) -> LineExplanation:
    return LineExplanation(
        id=line.id,
        description=line.description,
        period=PeriodAnswer.model_validate(line.trace["period"]),
        quantity=line.quantity,
        amount=f"{round_half_up(line.amount, invoice.currency):f}",
        steps=list(explain(trace_from_json(line.trace["steps"]), invoice.currency)),
    )


def _sums(invoice: Invoice, lines: list[InvoiceLine]) -> list[str]:
    def money(amount: Decimal) -> str:
        return f"{round_half_up(amount, invoice.currency):f}"

    parts = " + ".join(money(line.amount) for line in lines) or "0"
    sums = [f"subtotal: {parts} = {money(invoice.subtotal)} {invoice.currency}"]
    if invoice.tax:
        sums.append(
            f"tax: {invoice.tax_rate.normalize():f} % of {money(invoice.subtotal)} "
            f"= {money(invoice.tax)} {invoice.currency}"
        )
    sums.append(f"total: {money(invoice.total)} {invoice.currency}")
    return sums

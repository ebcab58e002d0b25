"""How the demo tells its story at a terminal."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table

_INDENT = (0, 0, 0, 3)


class Teller:
    """Prints numbered steps, facts under them, and invoices as people know them."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._number = 0

    def title(self, text: str) -> None:
        """Print the heading."""
        self._console.print(f"[bold]{text}[/bold]\n")

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Print the next step and, at a terminal, show that it is under way."""
        self._number += 1
        self._console.print(f"[bold]{self._number}. {text}[/bold]")
        with self._console.status("working ..."):
            yield
        self._console.print()

    def fact(self, text: str) -> None:
        """Print a line under the step."""
        self._console.print(Padding(text, _INDENT, expand=False), highlight=False)

    def invoice(
        self, invoice: dict[str, Any], working: Sequence[dict[str, Any]], name: str
    ) -> None:
        """Print an invoice: each line with its arithmetic, the sums, and what became of it."""
        currency = invoice["currency"]
        period = invoice["period"]
        self.fact(
            f"[bold]{invoice['number']}[/bold]  {name}, "
            f"{period['start'][:10]} to {period['end'][:10]}"
        )
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_column(overflow="fold")
        table.add_column(justify="right", no_wrap=True)
        for line in working:
            table.add_row(line["description"], f"{line['amount']} {currency}")
            for sentence in line["steps"][:-1]:
                table.add_row(f"[dim]  {sentence}[/dim]", "")
        table.add_row("[bold]Total[/bold]", f"[bold]{invoice['total']} {currency}[/bold]")
        self._console.print(Padding(table, (0, 0, 0, 6), expand=False))
        paid = "[green]paid[/green]" if invoice["status"] == "paid" else invoice["status"]
        vendor = ", ".join(payment["vendor_id"] or "" for payment in invoice["payments"])
        self.fact(f"   {paid}, at the gateway as {vendor}, due {invoice['due_date'][:10]}\n")

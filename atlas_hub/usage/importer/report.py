"""What an import says: progress while it runs, every rejected row, and a last line."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

SHOWN: Final = 20


@dataclass(slots=True)
class Report:
    """Counts of one run, and what was wrong with each rejected row."""

    console: Console
    file: TextIO | None = None
    rows: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    _shown: list[str] = field(default_factory=list)

    def reject(self, row: int, line: int, code: str, message: str) -> None:
        """Note a row that was not accepted."""
        self.rejected += 1
        if len(self._shown) < SHOWN:
            self._shown.append(f"line {line} (row {row}): {code}: {message}")
        if self.file is not None:
            entry = {"row": row, "line": line, "code": code, "message": message}
            self.file.write(json.dumps(entry) + "\n")

    def close(self) -> None:
        """Print the first rejected rows and the sums."""
        for sentence in self._shown:
            self.console.print(sentence, style="red", markup=False, highlight=False)
        more = self.rejected - len(self._shown)
        if more:
            hint = "" if self.file is not None else "; --report FILE keeps them all"
            self.console.print(f"... and {more:,} more{hint}", highlight=False)
        self.console.print(
            f"{self.rows:,} rows: {self.accepted:,} accepted, {self.duplicates:,} repeated, "
            f"{self.rejected:,} rejected",
            highlight=False,
        )


class Bar:
    """A progress bar at a terminal; elsewhere a line now and then."""

    EVERY: Final = 100_000

    def __init__(self, console: Console, progress: Progress | None, size: int) -> None:
        self._console, self._progress, self._size = console, progress, size
        self._task = progress.add_task("importing", total=size, rows=0) if progress else None
        self._next = self.EVERY

    def move(self, position: int, rows: int) -> None:
        """Show that the file is read up to `position` and `rows` rows are answered."""
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=position, rows=rows)
        elif rows >= self._next:
            self._console.print(f"{rows:,} rows, {position / self._size:.0%} of the file")
            self._next += self.EVERY


@contextmanager
def progress_bar(console: Console, file: Path) -> Iterator[Bar]:
    """Yield what shows how far an import of `file` is."""
    size = max(file.stat().st_size, 1)
    if not console.is_terminal:
        yield Bar(console, None, size)
        return
    columns = (
        TextColumn("{task.fields[rows]:,} rows"),
        BarColumn(),
        TextColumn("{task.percentage:.0f} %"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield Bar(console, progress, size)

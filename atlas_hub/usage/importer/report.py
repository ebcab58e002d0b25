"""What an import says: how far it is, every rejected row, and a last line."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

SHOWN: Final = 20


@dataclass(slots=True)
class Counts:
    """What became of the first `rows` rows."""

    rows: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0


class Report:
    """Counts an import and notes what was wrong with each rejected row."""

    def __init__(self, console: Console, path: Path | None = None) -> None:
        self.console: Final = console
        self.counts = Counts()
        self._path: Final = path
        self._file: TextIO | None = None
        self._shown: Final[list[str]] = []

    def begin(self, counts: Counts) -> None:
        """Go on from `counts`; the file keeps what was noted of their rows, and nothing else."""
        self.counts = counts
        if self._path is not None:
            noted = list(_noted(self._path, counts.rows)) if counts.rows else []
            self._file = self._path.open("w", encoding="utf-8")
            self._file.writelines(noted)

    def reject(self, row: int, line: int, code: str, message: str) -> None:
        """Note a row that was not accepted."""
        self.counts.rejected += 1
        if len(self._shown) < SHOWN:
            self._shown.append(f"line {line} (row {row}): {code}: {message}")
        if self._file is not None:
            entry = {"row": row, "line": line, "code": code, "message": message}
            self._file.write(json.dumps(entry) + "\n")

    def flush(self) -> None:
        """Bring what was noted into the file."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Print the first rejected rows and the sums."""
        for sentence in self._shown:
            self.console.print(sentence, style="red", markup=False, highlight=False)
        counts = self.counts
        more = counts.rejected - len(self._shown)
        if more:
            hint = f"; all are in {self._path}" if self._path else "; --report FILE keeps them all"
            self.console.print(f"... and {more:,} more{hint}", markup=False, highlight=False)
        self.console.print(
            f"{counts.rows:,} rows: {counts.accepted:,} accepted, {counts.duplicates:,} repeated, "
            f"{counts.rejected:,} rejected",
            highlight=False,
        )
        if self._file is not None:
            self._file.close()


def _noted(path: Path, rows: int) -> Iterator[str]:
    """Yield the lines of an earlier report that are about the first `rows` rows."""
    with suppress(OSError), path.open(encoding="utf-8") as file:
        for line in file:
            with suppress(ValueError, KeyError, TypeError):  # cut off by a kill, or no report
                if json.loads(line)["row"] <= rows:
                    yield line


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
            self._next = rows + self.EVERY


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

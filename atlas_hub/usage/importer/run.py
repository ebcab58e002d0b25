"""Run an import: read, convert, send in batches, remember how far it came."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, BinaryIO, Final
from zoneinfo import ZoneInfo

import msgspec
from rich.console import Console

from atlas_hub.usage.importer.convert import to_event
from atlas_hub.usage.importer.options import Options
from atlas_hub.usage.importer.progress import Progress
from atlas_hub.usage.importer.report import Counts, Report, progress_bar
from atlas_hub.usage.importer.rows import Row, open_text, read_rows
from atlas_hub.usage.importer.send import Sender
from atlas_hub_core.errors import InvalidInput
from atlas_hub_core.zones import zone_named

BATCH: Final = 1000
DRY_ROWS: Final = 3


def import_file(
    options: Options, sender: Sender, progress: Progress | None, report: Report
) -> None:
    """Send every row of the file; `progress` None starts at the first row and remembers nothing.

    Raises:
        AtlasError: the file cannot be read, or the hub cannot be reached or refuses.
    """
    zone = _zone(options)
    _check_first_row(options, zone)
    counts = _done(options, zone, sender, progress)
    if counts.rows:
        report.console.print(f"Going on after row {counts.rows:,}, where it was interrupted.")
    report.begin(counts)
    with progress_bar(report.console, options.file) as bar, _rows(options) as (file, rows):
        remaining = islice(rows, counts.rows, None)
        while batch := list(islice(remaining, BATCH)):
            _send(batch, options, zone, sender, report)
            counts.rows = batch[-1].number
            if progress is not None:
                report.flush()
                progress.save(counts)
            bar.move(file.tell(), counts.rows)
    if progress is not None:
        progress.clear()


def dry_run(options: Options, report: Report) -> None:
    """Convert every row without sending any; print the first events."""
    zone = _zone(options)
    report.begin(Counts())
    with _rows(options) as (_, rows):
        for row in rows:
            report.counts.rows += 1
            try:
                event = to_event(row, options, zone)
            except InvalidInput as error:
                report.reject(row.number, row.line, error.code, error.message)
                continue
            if report.counts.accepted < DRY_ROWS:
                text = msgspec.json.format(_encode(event)).decode()
                report.console.print(text, markup=False, highlight=False, soft_wrap=True)
            report.counts.accepted += 1


_encode: Final = msgspec.json.Encoder(decimal_format="number").encode


def _check_first_row(options: Options, zone: ZoneInfo | None) -> None:
    """Raise at once what would otherwise be wrong with every row: no column, no zone."""
    with _rows(options) as (_, rows):
        for row in islice(rows, 1):
            try:
                to_event(row, options, zone)
            except InvalidInput as error:
                if error.code == "naive_timestamp":
                    raise


def _done(
    options: Options, zone: ZoneInfo | None, sender: Sender, progress: Progress | None
) -> Counts:
    """Return how far an earlier run came, if the hub still has what it answered last.

    It may have been started afresh since, or gone back to a backup.
    """
    counts = progress.load() if progress is not None else Counts()
    if not counts.rows:
        return Counts()
    probe = Report(Console(quiet=True))
    with _rows(options) as (_, rows):
        last = list(islice(rows, max(counts.rows - BATCH, 0), counts.rows))
    _send(last, options, zone, sender, probe)
    held = probe.counts.duplicates > 0 and probe.counts.accepted == 0
    return counts if held else Counts()


def _send(
    batch: list[Row], options: Options, zone: ZoneInfo | None, sender: Sender, report: Report
) -> None:
    rows: list[Row] = []
    events: list[dict[str, Any]] = []
    for row in batch:
        try:
            events.append(to_event(row, options, zone))
        except InvalidInput as error:
            report.reject(row.number, row.line, error.code, error.message)
        else:
            rows.append(row)
    if not events:
        return
    outcome = sender.send(events)
    report.counts.accepted += outcome.accepted
    report.counts.duplicates += outcome.duplicates
    for index, code, message in outcome.rejected:
        report.reject(rows[index].number, rows[index].line, code, message)


def _zone(options: Options) -> ZoneInfo | None:
    return None if options.timezone is None else zone_named(options.timezone)


@contextmanager
def _rows(options: Options) -> Iterator[tuple[BinaryIO, Iterator[Row]]]:
    try:
        file = options.file.open("rb")
    except OSError as error:
        message = f"{options.file} cannot be read: {error.strerror}."
        raise InvalidInput(message, code="unreadable_file") from None
    with file, open_text(file) as text:
        yield file, read_rows(options, text)

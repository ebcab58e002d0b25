"""Run an import: read, convert, send in batches, remember how far it came."""

import json
from itertools import islice
from typing import Any, BinaryIO, Final
from zoneinfo import ZoneInfo

from atlas_hub.usage.importer.convert import to_event
from atlas_hub.usage.importer.options import Options
from atlas_hub.usage.importer.progress import Progress
from atlas_hub.usage.importer.report import Report, progress_bar
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
    done = progress.rows_done() if progress is not None else 0
    if done:
        report.console.print(f"Going on after row {done:,}, where it was interrupted.")
        report.rows = done
    with (
        _opened(options) as file,
        open_text(file) as text,
        progress_bar(report.console, options.file) as bar,
    ):
        rows = islice(read_rows(options, text), done, None)
        while batch := list(islice(rows, BATCH)):
            _send(batch, options, zone, sender, report)
            report.rows = batch[-1].number
            if progress is not None:
                progress.save(report.rows)
            bar.move(file.tell(), report.rows)
    if progress is not None:
        progress.clear()


def dry_run(options: Options, report: Report) -> None:
    """Convert every row without sending any; print the first events."""
    zone = _zone(options)
    with _opened(options) as file, open_text(file) as text:
        for row in read_rows(options, text):
            report.rows += 1
            try:
                event = to_event(row, options, zone)
            except InvalidInput as error:
                report.reject(row.number, row.line, error.code, error.message)
                continue
            if report.accepted < DRY_ROWS:
                report.console.print_json(json.dumps(event, default=str))
            report.accepted += 1


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
    report.accepted += outcome.accepted
    report.duplicates += outcome.duplicates
    for index, code, message in outcome.rejected:
        report.reject(rows[index].number, rows[index].line, code, message)


def _zone(options: Options) -> ZoneInfo | None:
    return None if options.timezone is None else zone_named(options.timezone)


def _opened(options: Options) -> BinaryIO:
    try:
        return options.file.open("rb")
    except OSError as error:
        message = f"{options.file} cannot be read: {error.strerror}."
        raise InvalidInput(message, code="unreadable_file") from None

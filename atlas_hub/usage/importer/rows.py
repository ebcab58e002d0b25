"""Rows of a file, one at a time, whatever its size."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, TextIO

from atlas_hub.usage.importer.options import Options
from atlas_hub.usage.properties import decode
from atlas_hub_core.errors import InvalidInput

NDJSON_ENDINGS: Final = frozenset({".ndjson", ".jsonl"})


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number among the rows, its line in the file, and its values.

    `problem` says why there are no values.
    """

    number: int
    line: int
    values: dict[str, Any]
    problem: str | None = None


def read_rows(options: Options, text: TextIO) -> Iterator[Row]:
    """Yield the rows of the file.

    Raises:
        InvalidInput: the file lacks a column, or is not text.
    """
    is_ndjson = options.file.suffix.lower() in NDJSON_ENDINGS
    rows = _read_ndjson(text) if is_ndjson else _read_csv(options, text)
    try:
        yield from rows
    except UnicodeDecodeError as error:
        message = f"{options.file} is not UTF-8 text ({error.reason}). Convert it first."
        raise InvalidInput(message, code="not_utf8") from None
    except csv.Error as error:
        message = f"{options.file} is not CSV: {error}."
        raise InvalidInput(message, code="invalid_csv") from None


def _read_csv(options: Options, text: TextIO) -> Iterator[Row]:
    reader = csv.DictReader(text, restkey="", strict=True)
    columns = reader.fieldnames or []
    missing = sorted(options.columns - set(columns))
    if missing:
        message = (
            f"{options.file} has no column {missing[0]!r}; its columns are "
            f"{', '.join(columns) or 'none'}."
        )
        raise InvalidInput(message, code="missing_column")
    repeated = [name for name in columns if columns.count(name) > 1]
    if repeated:
        message = f"{options.file} has two columns called {repeated[0]!r}. Rename one."
        raise InvalidInput(message, code="repeated_column")
    for number, values in enumerate(reader, start=1):
        problem = None
        if "" in values and "" not in columns:
            problem = f"has {len(columns) + len(values[''])} values for {len(columns)} columns"
        elif None in values.values():
            problem = "has fewer values than there are columns"
        yield Row(number, reader.line_num, dict(values), problem)


def _read_ndjson(text: TextIO) -> Iterator[Row]:
    number = 0
    for line, content in enumerate(text, start=1):
        if not content.strip():
            continue
        number += 1
        try:
            yield Row(number, line, decode(content))
        except (ValueError, RecursionError) as error:
            yield Row(number, line, {}, f"is not a JSON object: {error}")


def open_text(file: BinaryIO) -> TextIO:
    """Return the text of a file, without a byte order mark, line ends as they are."""
    return io.TextIOWrapper(file, encoding="utf-8-sig", newline="")

"""Whose usage the demo bills: three made-up customers, or the files that were given."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from atlas_hub.cli.demo.traffic import HEADER, Traffic, write_traffic
from atlas_hub_core.errors import InvalidInput

SEED: Final = 20231116
START: Final = datetime(2023, 11, 16, 18, 0, tzinfo=UTC)

CUSTOMERS: Final = {
    "acme": ("Acme Chat", Traffic(3_000, 12_400_000, 690_000)),
    "globex": ("Globex Code", Traffic(1_800, 3_700_000, 52_000)),
    "initech": ("Initech Search", Traffic(700, 900_000, 160_000)),
}


@dataclass(frozen=True, slots=True)
class Input:
    """A file of one customer's usage; `month` holds its first event."""

    customer: str
    name: str
    file: Path
    first: datetime


def generated(folder: Path) -> list[Input]:
    """Write an hour of traffic for each made-up customer; the same files every time."""
    inputs = []
    for number, (customer, (name, traffic)) in enumerate(CUSTOMERS.items()):
        file = folder / f"{customer}.csv"
        write_traffic(file, traffic, start=START, seed=SEED + number)
        inputs.append(Input(customer, name, file, START))
    return inputs


def given(files: Sequence[Path]) -> list[Input]:
    """Take each file as the usage of a customer named like it."""
    names = [file.stem for file in files]
    for name in names:
        if names.count(name) > 1:
            message = f"Two files are called {name!r}, so two customers would be. Rename one."
            raise InvalidInput(message, code="duplicate_customer")
    return [Input(file.stem, file.stem.title(), file, _first(file)) for file in files]


def _first(file: Path) -> datetime:
    """Return the time of the first row; the file must have the three columns of the demo."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            rows = csv.DictReader(opened)
            columns = rows.fieldnames or []
            row = next(rows)
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file} cannot be read: {error}", code="unreadable_file") from None
    except StopIteration:
        raise InvalidInput(f"{file} has no rows.", code="empty_file") from None
    missing = [name for name in HEADER.split(",") if name not in columns]
    if missing:
        message = (
            f"{file} has no column {missing[0]!r}. The demo bills files with the columns {HEADER}; "
            "for other files use `atlas-hub events import`."
        )
        raise InvalidInput(message, code="unknown_columns")
    text = row["TIMESTAMP"].replace(" ", "T")[:19]
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError:
        message = f"{file}: the first TIMESTAMP, {row['TIMESTAMP']!r}, is no time."
        raise InvalidInput(message, code="invalid_timestamp") from None

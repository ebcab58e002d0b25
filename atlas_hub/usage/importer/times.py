"""Times in files: with a zone as they are, without one in the zone that was named."""

import re
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from atlas_hub_core.errors import InvalidInput
from atlas_hub_core.events import parse_timestamp

_NAIVE: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt ]([0-9]{2}:[0-9]{2})(:[0-9]{2}(?:\.[0-9]+)?)?"
)


def read_time(text: str, zone: ZoneInfo | None) -> datetime:
    """Return the instant a text names, aware UTC; fractions are cut to microseconds.

    Raises:
        InvalidInput: it is no time, has no zone and none was named, or names a local time that
            clocks skipped or showed twice.
    """
    naive = _NAIVE.fullmatch(text.strip())
    if naive is None:
        return parse_timestamp(text.strip())
    if zone is None:
        message = f"{text!r} has no time zone. Name the zone of such times with --timezone."
        raise InvalidInput(message, code="naive_timestamp", field="--timezone")
    day, minute, seconds = naive.groups()
    local = parse_timestamp(f"{day}T{minute}{seconds or ':00'}Z").replace(tzinfo=None)
    return _in_zone(local, zone, text)


def _in_zone(local: datetime, zone: ZoneInfo, text: str) -> datetime:
    first, second = local.replace(tzinfo=zone, fold=0), local.replace(tzinfo=zone, fold=1)
    if first.utcoffset() != second.utcoffset():
        back = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
        fact = "came twice" if back == local else "was skipped"
        message = f"{text!r} {fact} in {zone.key}, where clocks changed. Write it with its offset."
        raise InvalidInput(message, code="ambiguous_timestamp")
    return first.astimezone(UTC)

"""IANA time zones, read from the `tzdata` package, so that every machine cuts periods alike."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from atlas_hub_core.errors import InvalidInput


@cache
def zone_names() -> frozenset[str]:
    """Return the name of every zone there is."""
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())


@cache
def zone_named(name: str) -> ZoneInfo:
    """Return a zone by its IANA name.

    Raises:
        InvalidInput: With code `unknown_time_zone`.
    """
    if name not in zone_names():
        raise InvalidInput(
            f"{name[:64]!r} is no IANA time zone. Use a name such as Europe/Berlin or UTC.",
            code="unknown_time_zone",
            field="time_zone",
        )
    # A zone installed on the machine may be older than the package, so its path is not searched.
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=name)

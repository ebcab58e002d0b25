"""Billing periods: half-open spans of time, cut at local midnights of a time zone.

A period begins at the first instant of a local date and ends where the next one begins. So
periods tile time whatever clocks do: a day may last 23, 24 or 25 hours, and a local date that a
zone skipped has no period of its own.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import count

from atlas_hub_core.errors import InvalidInput
from atlas_hub_core.zones import zone_named

FIRST_YEAR = 1970
LAST_YEAR = 2199


class Cadence(StrEnum):
    """How often something is billed."""

    ONCE = "once"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"


_DAYS = {Cadence.DAY: 1, Cadence.WEEK: 7}
_MONTHS = {Cadence.MONTH: 1, Cadence.QUARTER: 3, Cadence.HALF_YEAR: 6, Cadence.YEAR: 12}


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The half-open span [start, end), both aware UTC."""

    start: datetime
    end: datetime

    def __contains__(self, instant: datetime) -> bool:
        return self.start <= instant < self.end

    def clip(self, start: datetime | None, end: datetime | None) -> Period | None:
        """Return the part within [start, end), None meaning open; None if there is no part."""
        later = max(self.start, start) if start else self.start
        earlier = min(self.end, end) if end else self.end
        return Period(later, earlier) if later < earlier else None


@dataclass(frozen=True, slots=True)
class Schedule:
    """The endless row of periods of one cadence, counted from an anchor date in a zone.

    Anchors on day 29 to 31 move to the last day of a short month and return to their day after it.
    The cadence `once` has a single period: the anchor day.

    Attributes:
        anchor: Local date on which period 0 begins.
        zone: Name of an IANA time zone, such as `Europe/Berlin`.
        cadence: How long a period lasts.
    """

    anchor: date
    zone: str
    cadence: Cadence

    def __post_init__(self) -> None:
        zone_named(self.zone)
        if not FIRST_YEAR <= self.anchor.year <= LAST_YEAR:
            raise InvalidInput(
                f"{self.anchor} is outside the years {FIRST_YEAR} to {LAST_YEAR} that can be "
                "billed. Choose another start.",
                code="date_out_of_range",
            )

    def periods(self, until: datetime) -> Iterator[Period]:
        """Yield, in order, every period from the anchor on that begins before `until`."""
        start = self._boundary(0)
        for index in count(1):
            if start >= until:
                return
            end = self._boundary(index)
            if start < end:
                yield Period(start, end)
            if self.cadence is Cadence.ONCE:
                return
            start = end

    def period_at(self, instant: datetime) -> Period | None:
        """Return the period that holds an instant; None before the anchor or after `once`."""
        if self.cadence is Cadence.ONCE:
            period = self._period(0)
            return period if instant in period else None
        index = max(0, self._guess(instant))
        while index > 0 and instant < self._period(index).start:
            index -= 1
        while instant >= self._period(index).end:
            index += 1
        period = self._period(index)
        return period if instant in period else None

    def _period(self, index: int) -> Period:
        return Period(self._boundary(index), self._boundary(index + 1))

    def _boundary(self, index: int) -> datetime:
        return midnight(self._date(index), self.zone)

    def _date(self, index: int) -> date:
        if self.cadence in _MONTHS:
            return add_months(self.anchor, index * _MONTHS[self.cadence])
        return self.anchor + timedelta(days=index * _DAYS.get(self.cadence, 1))

    def _guess(self, instant: datetime) -> int:
        """Return an index near the instant's, never more than a few periods off."""
        local = instant.astimezone(zone_named(self.zone)).date()
        if self.cadence in _DAYS:
            return (local - self.anchor).days // _DAYS[self.cadence]
        months = (local.year - self.anchor.year) * 12 + local.month - self.anchor.month
        return months // _MONTHS[self.cadence]


def midnight(day: date, zone: str) -> datetime:
    """Return the instant, in UTC, at which a local date begins in a zone.

    Where clocks skip midnight, this is the instant of the skip; where midnight comes twice, the
    first one.
    """
    return datetime.combine(day, time(), tzinfo=zone_named(zone)).astimezone(UTC)


def local_date(instant: datetime, zone: str) -> date:
    """Return the date that calendars in a zone show at an instant."""
    return instant.astimezone(zone_named(zone)).date()


def add_months(day: date, months: int) -> date:
    """Return the same day of a later month, or that month's last day if it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))

"""Subscriptions: since when and until when a customer has a plan, and which periods that makes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from atlas_hub_core.errors import InvalidInput
from atlas_hub_core.periods import FIRST_YEAR, LAST_YEAR, Cadence, Period, Schedule, local_date
from atlas_hub_core.plans import Timing


@dataclass(frozen=True, slots=True)
class Term:
    """The time for which a subscription runs.

    Attributes:
        start: First instant, aware UTC.
        end: First instant after it, aware UTC, or None while it is open.
        zone: Time zone of the customer, in which periods are cut.
        anchor: Local date that periods are counted from, at or before the start's own.
    """

    start: datetime
    end: datetime | None
    zone: str
    anchor: date

    def __post_init__(self) -> None:
        if self.end is not None and self.end < self.start:
            raise InvalidInput(
                f"The subscription would end at {self.end:%FT%TZ}, before its start at "
                f"{self.start:%FT%TZ}. Choose a later end.",
                code="end_before_start",
                field="end",
            )
        if not FIRST_YEAR <= self.start.year <= LAST_YEAR:
            raise InvalidInput(
                f"The start {self.start:%FT%TZ} is outside the years {FIRST_YEAR} to {LAST_YEAR}. "
                "Choose another.",
                code="date_out_of_range",
                field="start",
            )

    @classmethod
    def beginning(cls, start: datetime, zone: str, *, end: datetime | None = None) -> Term:
        """Return the term whose periods are counted from the local date of its start."""
        return cls(start, end, zone, local_date(start, zone))

    def service_periods(self, cadence: Cadence, until: datetime) -> Iterator[Period]:
        """Yield, in order, the periods that begin before `until`, each cut to the term."""
        # What is billed once is billed on the first day, wherever other periods are anchored.
        once = cadence is Cadence.ONCE
        anchor = local_date(self.start, self.zone) if once else self.anchor
        for period in Schedule(anchor, self.zone, cadence).periods(until):
            if self.end is not None and period.start >= self.end:
                return
            inside = period.clip(self.start, self.end)
            if inside is not None and inside.start < until:
                yield inside

    def period_from(self, cadence: Cadence, instant: datetime | None) -> Period | None:
        """Return the first service period that begins at or after an instant; None: the first."""
        schedule = Schedule(self.anchor, self.zone, cadence)
        since = self.start if instant is None else max(instant, self.start)
        whole = schedule.period_at(since)
        while whole is not None:
            period = whole.clip(self.start, self.end)
            if period is None or period.start >= since:
                return period
            whole = schedule.period_at(whole.end)
        return None

    def due_periods(self, cadence: Cadence, timing: Timing, as_of: datetime) -> Iterator[Period]:
        """Yield, in order, the periods that are due at an instant.

        In advance, a period is due from its first instant on; in arrears, once it has ended.
        """
        for period in self.service_periods(cadence, as_of + datetime.resolution):
            if due_at(period, timing) <= as_of:
                yield period


def due_at(period: Period, timing: Timing) -> datetime:
    """Return when a period is due: its start in advance, its end in arrears."""
    return period.start if timing is Timing.ADVANCE else period.end

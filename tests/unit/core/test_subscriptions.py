"""Subscriptions: which periods they make, and when each is due."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_hub_core.errors import InvalidInput
from atlas_hub_core.periods import Cadence, Period
from atlas_hub_core.plans import Timing
from atlas_hub_core.subscriptions import Term, due_at


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def shown(periods: list[Period]) -> list[str]:
    return [f"{period.start:%m-%dT%H} {period.end:%m-%dT%H}" for period in periods]


MID_MONTH = Term.beginning(at("2026-01-31T15:00"), "UTC")


def test_the_first_period_begins_with_the_subscription_and_the_rest_at_midnight() -> None:
    periods = MID_MONTH.service_periods(Cadence.MONTH, at("2026-04-01"))
    assert shown(list(periods)) == [
        "01-31T15 02-28T00",
        "02-28T00 03-31T00",
        "03-31T00 04-30T00",
    ]


def test_periods_are_counted_from_the_local_date_of_the_start() -> None:
    term = Term.beginning(at("2026-01-31T23:00"), "Europe/Berlin")
    assert term.anchor == date(2026, 2, 1)
    assert shown(list(term.service_periods(Cadence.MONTH, at("2026-03-15")))) == [
        "01-31T23 02-28T23",
        "02-28T23 03-31T22",
    ]


def test_the_last_period_ends_with_the_subscription() -> None:
    term = Term.beginning(at("2026-01-01"), "UTC", end=at("2026-02-10T12:00"))
    periods = list(term.service_periods(Cadence.MONTH, at("2027-01-01")))
    assert shown(periods) == ["01-01T00 02-01T00", "02-01T00 02-10T12"]
    ended_on_a_boundary = Term.beginning(at("2026-01-01"), "UTC", end=at("2026-02-01"))
    assert len(list(ended_on_a_boundary.service_periods(Cadence.MONTH, at("2027-01-01")))) == 1


def test_an_anchor_before_the_start_aligns_periods() -> None:
    term = Term(at("2026-01-15"), None, "UTC", date(2025, 12, 1))
    periods = term.service_periods(Cadence.MONTH, at("2026-03-01"))
    assert shown(list(periods)) == ["01-15T00 02-01T00", "02-01T00 03-01T00"]
    once = term.service_periods(Cadence.ONCE, at("2026-03-01"))
    assert shown(list(once)) == ["01-15T00 01-16T00"]


@pytest.mark.parametrize(
    ("timing", "as_of", "count"),
    [
        (Timing.ADVANCE, "2026-01-31T14:59:59", 0),
        (Timing.ADVANCE, "2026-01-31T15:00:00", 1),
        (Timing.ADVANCE, "2026-02-28T00:00:00", 2),
        (Timing.ARREARS, "2026-02-27T23:59:59", 0),
        (Timing.ARREARS, "2026-02-28T00:00:00", 1),
        (Timing.ARREARS, "2026-03-31T00:00:00", 2),
    ],
)
def test_periods_are_due_at_their_start_or_end(timing: Timing, as_of: str, count: int) -> None:
    assert len(list(MID_MONTH.due_periods(Cadence.MONTH, timing, at(as_of)))) == count


def test_what_is_billed_once_is_due_once() -> None:
    for timing in Timing:
        assert len(list(MID_MONTH.due_periods(Cadence.ONCE, timing, at("2036-01-01")))) == 1
    (day,) = MID_MONTH.due_periods(Cadence.ONCE, Timing.ADVANCE, at("2026-01-31T15:00"))
    assert due_at(day, Timing.ADVANCE) == MID_MONTH.start
    assert due_at(day, Timing.ARREARS) == at("2026-02-01")


STEPS = st.lists(st.integers(0, 400 * 86_400), min_size=1, max_size=6)


@given(
    STEPS, st.sampled_from([c for c in Cadence if c is not Cadence.DAY]), st.sampled_from(Timing)
)
def test_a_clock_that_walks_bills_what_a_clock_that_jumps_bills(
    steps: list[int], cadence: Cadence, timing: Timing
) -> None:
    start = at("2026-01-31T15:00")
    term = Term.beginning(start, "America/New_York", end=start + timedelta(days=700))
    seen: list[Period] = []
    for instant in sorted(start + timedelta(seconds=step) for step in steps):
        seen += [p for p in term.due_periods(cadence, timing, instant) if p not in seen]
    last = start + timedelta(seconds=max(steps))
    assert seen == list(term.due_periods(cadence, timing, last))


def test_an_end_before_the_start_is_refused() -> None:
    with pytest.raises(InvalidInput, match="Choose a later end") as caught:
        Term.beginning(at("2026-01-02"), "UTC", end=at("2026-01-01"))
    assert (caught.value.code, caught.value.field) == ("end_before_start", "end")


@pytest.mark.parametrize("year", ["1969", "2200"])
def test_a_start_far_away_is_refused(year: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Term(at(f"{year}-06-01"), None, "UTC", date(2026, 1, 1))
    assert (caught.value.code, caught.value.field) == ("date_out_of_range", "start")

"""Periods tile time: no gap, no overlap, whatever clocks in a zone do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_hub_core.errors import InvalidInput
from atlas_hub_core.periods import Cadence, Period, Schedule, add_months, local_date, midnight
from atlas_hub_core.zones import zone_names

FAR = datetime(2199, 1, 1, tzinfo=UTC)
REPEATING = [cadence for cadence in Cadence if cadence is not Cadence.ONCE]
ANCHORS = st.dates(date(1970, 1, 1), date(2100, 12, 31))
ZONES = st.sampled_from(sorted(zone_names()))
SCHEDULES = st.builds(Schedule, ANCHORS, ZONES, st.sampled_from(REPEATING))


def starts(anchor: str, cadence: Cadence, count: int) -> str:
    schedule = Schedule(date.fromisoformat(anchor), "UTC", cadence)
    return " ".join(f"{period.start:%F}" for period in islice(schedule.periods(FAR), count))


@pytest.mark.parametrize(
    ("anchor", "cadence", "expected"),
    [
        ("2026-01-31", Cadence.MONTH, "2026-01-31 2026-02-28 2026-03-31 2026-04-30"),
        ("2028-01-31", Cadence.MONTH, "2028-01-31 2028-02-29 2028-03-31 2028-04-30"),
        ("2026-12-29", Cadence.MONTH, "2026-12-29 2027-01-29 2027-02-28 2027-03-29"),
        ("2026-11-30", Cadence.QUARTER, "2026-11-30 2027-02-28 2027-05-30"),
        ("2026-08-31", Cadence.HALF_YEAR, "2026-08-31 2027-02-28 2027-08-31"),
        ("2028-02-29", Cadence.YEAR, "2028-02-29 2029-02-28 2030-02-28 2031-02-28 2032-02-29"),
        ("2026-12-28", Cadence.WEEK, "2026-12-28 2027-01-04 2027-01-11"),
        ("2028-02-28", Cadence.DAY, "2028-02-28 2028-02-29 2028-03-01"),
    ],
)
def test_anchors_move_in_short_months_and_return(
    anchor: str, cadence: Cadence, expected: str
) -> None:
    assert starts(anchor, cadence, len(expected.split())) == expected


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
        ("America/Sao_Paulo", date(2018, 11, 4), 23),  # clocks skip midnight
        ("America/Havana", date(2018, 11, 4), 25),  # midnight comes twice
        ("Asia/Kolkata", date(2026, 6, 1), 24),
    ],
)
def test_a_day_lasts_as_long_as_clocks_say(zone: str, day: date, hours: float) -> None:
    (period,) = Schedule(day, zone, Cadence.DAY).periods(midnight(day + timedelta(1), zone))
    assert period.end - period.start == timedelta(hours=hours)
    assert local_date(period.start, zone) == day


def test_a_date_that_a_zone_skipped_has_no_period() -> None:
    schedule = Schedule(date(2011, 12, 29), "Pacific/Apia", Cadence.DAY)
    days = [local_date(p.start, "Pacific/Apia").day for p in islice(schedule.periods(FAR), 3)]
    assert days == [29, 31, 1]


@given(SCHEDULES)
def test_periods_tile_time(schedule: Schedule) -> None:
    periods = list(islice(schedule.periods(FAR), 60))
    assert periods[0].start == midnight(schedule.anchor, schedule.zone)
    assert all(before.end == after.start for before, after in pairwise(periods))
    assert all(period.start < period.end for period in periods)


@given(SCHEDULES, st.integers(0, 50 * 365 * 86_400), st.sampled_from([0, 1]))
def test_each_instant_lies_in_the_one_period_that_is_found(
    schedule: Schedule, seconds: int, microseconds: int
) -> None:
    instant = midnight(schedule.anchor, schedule.zone) + timedelta(0, seconds, microseconds)
    period = schedule.period_at(instant)
    assert period is not None
    assert period.start <= instant < period.end
    assert schedule.period_at(period.start) == period
    assert schedule.period_at(period.end - timedelta.resolution) == period
    following = schedule.period_at(period.end)
    assert following is not None
    assert following.start == period.end


def test_months_of_every_zone_begin_with_the_first_instant_of_their_first_day() -> None:
    months = [add_months(date(1970, 2, 1), month) for month in range(131 * 12)]
    for zone in zone_names():
        instants = [midnight(month, zone) for month in months]
        assert all(before < after for before, after in pairwise(instants)), zone
        for month, instant in zip(months[::13], instants[::13], strict=True):
            assert local_date(instant, zone) == month, zone
            assert local_date(instant - timedelta.resolution, zone) < month, zone


@pytest.mark.parametrize(
    "zone", ["America/Sao_Paulo", "America/Havana", "America/St_Johns", "Asia/Beirut"]
)
def test_days_tile_time_where_clocks_change_at_midnight(zone: str) -> None:
    instants = [midnight(date(1970, 1, 1) + timedelta(day), zone) for day in range(47_847)]
    assert all(before < after for before, after in pairwise(instants))


def test_once_is_the_anchor_day_alone() -> None:
    schedule = Schedule(date(2026, 5, 4), "UTC", Cadence.ONCE)
    day = Period(datetime(2026, 5, 4, tzinfo=UTC), datetime(2026, 5, 5, tzinfo=UTC))
    assert list(schedule.periods(FAR)) == [day]
    assert schedule.period_at(day.start) == day
    assert schedule.period_at(day.end) is None


def test_nothing_comes_before_the_anchor() -> None:
    schedule = Schedule(date(2026, 5, 4), "UTC", Cadence.MONTH)
    begin = datetime(2026, 5, 4, tzinfo=UTC)
    assert schedule.period_at(begin - timedelta.resolution) is None
    assert list(schedule.periods(begin)) == []
    assert len(list(schedule.periods(begin + timedelta.resolution))) == 1


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, None, (1, 10)),
        (3, None, (3, 10)),
        (None, 7, (1, 7)),
        (0, 20, (1, 10)),
        (10, None, None),
        (None, 1, None),
    ],
)
def test_clipping_keeps_the_part_inside(
    start: int | None, end: int | None, expected: tuple[int, int] | None
) -> None:
    def at(hour: int | None) -> datetime | None:
        return None if hour is None else datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hour)

    first, last = at(1), at(10)
    assert first is not None
    assert last is not None
    clipped = Period(first, last).clip(at(start), at(end))
    assert (clipped and (clipped.start, clipped.end)) == (expected and tuple(map(at, expected)))


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../../etc/passwd", "europe/berlin", "UTC\0"])
def test_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(InvalidInput, match="IANA") as caught:
        Schedule(date(2026, 1, 1), zone, Cadence.MONTH)
    assert caught.value.code == "unknown_time_zone"


@pytest.mark.parametrize("year", [1, 1969, 2200, 9999])
def test_anchors_far_away_are_refused(year: int) -> None:
    with pytest.raises(InvalidInput) as caught:
        Schedule(date(year, 1, 1), "UTC", Cadence.MONTH)
    assert caught.value.code == "date_out_of_range"


@given(ANCHORS, st.integers(0, 600))
def test_adding_months_keeps_the_day_or_takes_the_last(day: date, months: int) -> None:
    later = add_months(day, months)
    assert (later.year - day.year) * 12 + later.month - day.month == months
    assert later.day == day.day or (later.day < day.day and (later + timedelta(1)).day == 1)

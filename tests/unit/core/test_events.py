"""Times of events, and what property values mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_hub_core.errors import InvalidInput
from atlas_hub_core.events import identity, kind_of, number_in, parse_timestamp


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-01T00:00:00Z", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01t00:00:00z", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01 02:00:00+02:00", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-10-31T18:30:00.5-05:30", datetime(2026, 11, 1, microsecond=500_000, tzinfo=UTC)),
        ("2026-11-01T00:00:00.1234569Z", datetime(2026, 11, 1, microsecond=123_456, tzinfo=UTC)),
        ("2026-12-31T23:59:59.9999999999Z", datetime(2026, 12, 31, 23, 59, 59, 999_999, UTC)),
        ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("2199-12-31T23:59:59Z", datetime(2199, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_times_are_read_to_the_microsecond_and_never_rounded(text: str, expected: datetime) -> None:
    assert parse_timestamp(text) == expected
    assert parse_timestamp(text).utcoffset() == timedelta(0)


@given(st.datetimes(datetime(1971, 1, 1), datetime(2198, 1, 1), timezones=st.timezones()))  # noqa: DTZ001
def test_a_time_that_python_writes_comes_back(moment: datetime) -> None:
    if (moment.utcoffset() or timedelta(0)) % timedelta(minutes=1):
        return  # RFC 3339 has no offsets in seconds
    # Python calls a time that comes twice unequal to itself in another zone, so compare in UTC.
    assert parse_timestamp(moment.isoformat()) == moment.astimezone(UTC)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2026-11-01T00:00:00", "naive_timestamp"),
        ("2026-11-01 00:00:00.123", "naive_timestamp"),
        ("2026-11-01", "invalid_timestamp"),
        ("2026-02-30T00:00:00Z", "invalid_timestamp"),
        ("2026-11-01T24:00:00Z", "invalid_timestamp"),
        ("2026-11-01T23:59:60Z", "invalid_timestamp"),
        ("2026-11-01T00:00Z", "invalid_timestamp"),
        ("2026-11-01T00:00:00+0200", "invalid_timestamp"),
        ("2026-11-01T00:00:00+25:00", "invalid_timestamp"),
        ("2026-11-01T00:00:00.Z", "invalid_timestamp"),
        ("2026-11-01T00:00:00Z\n", "invalid_timestamp"),
        ("٢٠٢٦-11-01T00:00:00Z", "invalid_timestamp"),
        ("0000-01-01T00:00:00Z", "invalid_timestamp"),
        ("1762000000", "invalid_timestamp"),
        ("", "invalid_timestamp"),
        ("2026-11-01T00:00:00." + "1" * 10**6 + "Z", "invalid_timestamp"),
        ("0001-01-01T00:00:00+12:00", "invalid_timestamp"),
        ("1969-12-31T23:59:59Z", "timestamp_out_of_range"),
        ("2200-01-01T00:00:00Z", "timestamp_out_of_range"),
        ("9999-12-31T23:59:59Z", "timestamp_out_of_range"),
    ],
    ids=lambda value: value[:30],
)
def test_anything_else_is_refused_with_the_field(text: str, code: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_timestamp(text, field="events.3.timestamp")
    assert (caught.value.code, caught.value.field) == (code, "events.3.timestamp")
    assert len(caught.value.message) < 250


def test_a_time_without_zone_is_refused_with_a_remedy() -> None:
    with pytest.raises(InvalidInput, match="Add Z for UTC or an offset"):
        parse_timestamp("2026-11-01T00:00:00")


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (3, "3"),
        (Decimal("1.50"), "1.5"),
        (Decimal("1E+3"), "1000"),
        ("12.5", "12.5"),
        ("-0", "0"),
        (10**20 - 1, "99999999999999999999"),
    ],
)
def test_numbers_and_plain_decimal_strings_are_numbers(value: object, number: str) -> None:
    assert number_in(value) == Decimal(number)


@pytest.mark.parametrize("value", [None, True, "", "1e3", "1 ", "x", [], {}, 10**20, "9" * 21])
def test_other_values_are_no_numbers(value: object) -> None:
    assert number_in(value) is None


@pytest.mark.parametrize("read", [number_in, identity, kind_of])
def test_floats_are_refused(read: Any) -> None:
    with pytest.raises(TypeError, match="parse_float=Decimal"):
        read(1.5)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "null"),
        (True, "boolean"),
        (1, "number"),
        (Decimal(1), "number"),
        ("", "string"),
        ([], "array"),
        ({}, "object"),
    ],
)
def test_kinds_are_those_of_json(value: object, kind: str) -> None:
    assert kind_of(value) == kind


DIFFERENT = [None, True, False, 0, 1, "", "1", [], [1], ["1"], [[1]], {}, {"a": 1}, {"a": "1"}]


def test_different_json_values_have_different_identities() -> None:
    assert len({identity(value) for value in DIFFERENT}) == len(DIFFERENT)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, Decimal("1.00")),
        ([1, {"a": Decimal("1E+1")}], (Decimal(1), {"a": 10})),
        ({"a": 1, "b": None}, {"b": None, "a": 1}),
        (0, Decimal("-0")),
    ],
)
def test_equal_json_values_have_one_identity(one: object, other: object) -> None:
    assert identity(one) == identity(other)
    assert hash(identity(one)) == hash(identity(other))

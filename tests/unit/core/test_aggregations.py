"""Aggregations: what they yield, what they leave out, and that order never matters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atlas_hub_core.aggregations import (
    BUILT_IN_AGGREGATIONS,
    Aggregation,
    Unrated,
    Usage,
    aggregate,
)
from atlas_hub_core.errors import InvalidInput
from atlas_hub_core.events import Event
from atlas_hub_core.params import Registry

AGGREGATIONS: Registry[Aggregation[Any, Any]] = Registry("aggregation", BUILT_IN_AGGREGATIONS)
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
KINDS = ["count", "sum", "min", "max", "average", "latest", "unique"]


def made(kind: str) -> Aggregation[Any, Any]:
    return AGGREGATIONS.parse({"type": kind} | ({} if kind == "count" else {"property": "n"}))


def event(value: Any, *, id: str = "e", seconds: int = 0, source: str = "default") -> Event:  # noqa: A002
    return Event(NOON + timedelta(seconds=seconds), {"n": value}, id, "acme", "call", source)


@pytest.mark.parametrize("kind", KINDS)
def test_no_events_are_zero(kind: str) -> None:
    assert aggregate(made(kind), []).quantity == 0


@pytest.mark.parametrize(
    ("kind", "quantity"),
    [
        ("count", "4"),
        ("sum", "11.5"),
        ("min", "-1"),
        ("max", "10"),
        ("average", "2.875"),
        ("latest", "2"),
        ("unique", "4"),
    ],
)
def test_quantity_of_four_events(kind: str, quantity: str) -> None:
    values = [10, "-1", Decimal("0.5"), 2]
    events = [event(value, seconds=index) for index, value in enumerate(values)]
    assert aggregate(made(kind), events).quantity == Decimal(quantity)


def test_average_is_rounded_half_up_at_twenty_places() -> None:
    events = [event(value) for value in (1, 0, 1)]
    assert aggregate(made("average"), events).quantity == Decimal("0.66666666666666666667")


def test_latest_of_equally_late_events_has_the_greatest_id_then_source() -> None:
    events = [event(1, id="a"), event(2, id="b"), event(3, id="b", source="z"), event(4, id="B")]
    assert aggregate(made("latest"), events).quantity == 3


def test_unique_tells_json_values_apart_by_type_and_value() -> None:
    values = [
        1,
        Decimal("1.0"),
        "1",
        True,
        [1],
        [Decimal("1.00")],
        {"a": 1, "b": 2},
        {"b": 2, "a": 1},
    ]
    assert aggregate(made("unique"), [event(value) for value in values]).quantity == 5


@pytest.mark.parametrize("kind", ["sum", "min", "max", "average", "latest"])
def test_events_without_a_number_are_counted_as_unrated(kind: str) -> None:
    bad: list[Any] = [None, "many", "1e3", True, [], 10**25, "", "٣"]
    usage = aggregate(made(kind), [event(7), *(event(value) for value in bad)])
    assert usage.quantity == 7
    assert usage.events == 1
    assert usage.unrated == {Unrated.MISSING_PROPERTY: 1, Unrated.NOT_A_NUMBER: 7}


def test_unique_leaves_out_only_missing_values() -> None:
    usage = aggregate(made("unique"), [event(None), event("a"), event("a")])
    assert usage == Usage(Decimal(1), 2, {Unrated.MISSING_PROPERTY: 1})


@pytest.mark.parametrize("kind", ["sum", "unique"])
def test_a_float_is_refused_loudly(kind: str) -> None:
    with pytest.raises(TypeError, match="parse_float=Decimal"):
        aggregate(made(kind), [event(0.1)])


VALUES = st.one_of(
    st.decimals(min_value=-(10**19), max_value=10**19, places=12),
    st.integers(-(10**12), 10**12),
    st.sampled_from(["1.50", "x", None, True]),
)
EVENTS = st.lists(
    st.builds(event, VALUES, id=st.sampled_from("abc"), seconds=st.integers(0, 2)), max_size=12
)


@pytest.mark.parametrize("kind", KINDS)
@given(events=EVENTS, random=st.randoms(use_true_random=False))
def test_order_of_events_never_matters(kind: str, events: list[Event], random: Any) -> None:
    # Two events of one source never share an id, so equal places get ids of their own.
    events = [
        Event(e.timestamp, e.properties, f"{e.id}{index}", e.customer, e.name)
        for index, e in enumerate(events)
    ]
    shuffled = random.sample(events, len(events))
    assert aggregate(made(kind), shuffled) == aggregate(made(kind), events)


@given(events=EVENTS)
def test_every_event_is_either_counted_or_unrated_with_a_reason(events: list[Event]) -> None:
    usage = aggregate(made("sum"), events)
    assert usage.events + sum(usage.unrated.values()) == len(events)


def test_sums_are_exact_whatever_context_the_caller_has() -> None:
    big, small = "99999999999999999999", "0.000000000000000000000000000001"
    with localcontext(prec=3):
        quantity = aggregate(made("sum"), [event(big), event(small)]).quantity
    assert str(quantity) == f"{big}.{small[2:]}"


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"type": "sum"}, "aggregation.property"),
        ({"type": "sum", "property": ""}, "aggregation.property"),
        ({"type": "sum", "property": "a\0b"}, "aggregation.property"),
        ({"type": "count", "property": "n"}, "aggregation.property"),
        ({"type": "median", "property": "n"}, "aggregation"),
        ({}, "aggregation"),
        ("sum", "aggregation"),
    ],
)
def test_bad_parameters_name_the_field(data: object, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        AGGREGATIONS.parse(data)
    assert (caught.value.code, caught.value.field) == ("invalid_aggregation", field)

"""SQL and the core's pure fold agree on any events, filter and aggregation."""

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from atlas_hub.usage.fact import Incoming, to_fact
from atlas_hub.usage.ingest import accept
from atlas_hub.usage.properties import decode
from atlas_hub.usage.store import Selection, Window, measure, measure_customers, sample
from atlas_hub_core.aggregations import (
    BUILT_IN_AGGREGATIONS,
    NumberAggregation,
    Unrated,
    aggregate,
)
from atlas_hub_core.events import Event
from atlas_hub_core.filters import parse_filter
from atlas_hub_core.params import Registry

START = datetime(2026, 11, 1, tzinfo=UTC)
NAMES = ["a", 'it\'s "ключ".{}']  # few of everything, so that events and metrics often meet
CUSTOMERS = ["c1", "c2", "Ω"]


class SumOfSquares(NumberAggregation[Decimal, Decimal]):
    """What a plugin might bring: it has no SQL."""

    type: Literal["sum_of_squares"] = "sum_of_squares"

    def read(self, event: Event) -> Decimal | Unrated:
        return self.number(event)

    def start(self) -> Decimal:
        return Decimal(0)

    def step(self, state: Decimal, value: Decimal) -> Decimal:
        return state + value * value

    def finish(self, state: Decimal) -> Decimal:
        return state


AGGREGATIONS = Registry("aggregation", [*BUILT_IN_AGGREGATIONS, SumOfSquares])


@dataclass(frozen=True)
class Definition:
    event_name: str
    filter: dict[str, Any] | None
    aggregation: dict[str, Any]


NUMBERS = st.sampled_from(
    (
        "0 -0 -0.0 0e60 1 1.0 1e0 10 1e1 100 1e2 0.1 0.10 -7.25 1.5e-7 3 2 9007199254740993 -1e99 "
        "99999999999999999999 100000000000000000000 1e-30 1e-31 0.1234567890123456789012345678901 "
        "12345678901234567890.123456789012345678901234567890"
    ).split()
) | st.integers(-1000, 1000).map(str)
STRINGS = st.sampled_from(
    [
        *(
            "",
            "1",
            "1.0",
            "-0",
            "12",
            " 12",
            "12\n",
            "1e2",
            "+1",
            "\uff11",
            ".5",
            "5.",
            "0.5",
            "007",
        ),
        *("a", "A", "z", "é", "e\u0301", "\U0001d11e", "\uffff", "true", "null", "[1]", "\\", "'"),
        *("NaN", "1" * 20, "1" * 21, "0." + "1" * 30, "0." + "1" * 31),
    ]
)
COMMON_TEXTS = st.sampled_from(["1", "10", "a", "ab", "é"])
COMMON_NUMBERS = st.sampled_from(["1", "1.0", "10", "1e1", "2.5"])
SCALARS = (
    (COMMON_NUMBERS | NUMBERS).map(lambda text: msgspec.Raw(text.encode()))
    | COMMON_TEXTS
    | STRINGS
    | st.booleans()
    | st.none()
)
COMPOUNDS = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("pq"), inner),
    max_leaves=4,
)
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | COMPOUNDS
PROPERTIES = st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, VALUES)).map(
    msgspec.json.encode
)
HOURS = st.integers(0, 3).map(lambda hours: START + timedelta(hours=hours))

FILTER_NUMBERS = st.sampled_from([1, 10, 2.5]) | st.sampled_from(
    [0, 1, 1.0, 10, 100, 0.1, -7.25, 1.5e-7, 3, 10**19, 2**53]
)
TEXTS = COMMON_TEXTS | STRINGS


def condition(op: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"property": st.sampled_from(NAMES), "op": st.just(op), "value": values}
    )


ANY = FILTER_NUMBERS | TEXTS | st.booleans()
CONDITIONS = st.one_of(
    *(condition(op, ANY) for op in ("eq", "ne", "contains")),
    *(condition(op, FILTER_NUMBERS | TEXTS) for op in ("gt", "gte", "lt", "lte")),
    condition("in", st.lists(ANY, max_size=4)),
    condition("exists", st.booleans()),
)
FILTERS = st.recursive(
    CONDITIONS,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda parts: {"and": parts})
        | st.lists(inner, max_size=3).map(lambda parts: {"or": parts})
    ),
    max_leaves=5,
)
METRICS = st.builds(
    lambda kind, name: {"type": kind} if kind == "count" else {"type": kind, "property": name},
    st.sampled_from(sorted(AGGREGATIONS.kinds)),
    st.sampled_from(NAMES),
)
EVENTS = st.lists(
    st.tuples(st.sampled_from(CUSTOMERS), HOURS, PROPERTIES, st.sampled_from(["s", "S", "é"])),
    max_size=12,
)
WINDOWS = st.lists(
    st.builds(
        Window,
        st.lists(st.sampled_from([*CUSTOMERS, "nobody"]), max_size=4).map(tuple),
        HOURS,
        HOURS,
    ),
    max_size=4,
)
_runs = itertools.count()

thorough = settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


async def store(session, given_events, run: int) -> tuple[str, list[Event]]:
    """Store events under a name of their own; return the name and what the core makes of them."""
    name = f"run-{run}"
    incoming = [
        Incoming(
            id=f"{run}-{number % 2}",
            name=name,
            customer=customer,
            timestamp=moment.isoformat(),
            source=f"{source}{number // 2}",
            properties=msgspec.Raw(properties),
        )
        for number, (customer, moment, properties, source) in enumerate(given_events)
    ]
    outcome = await accept(session, [to_fact(event) for event in incoming])
    assert outcome.accepted == len(incoming)
    return name, [
        Event(
            datetime.fromisoformat(event.timestamp),
            decode(bytes(event.properties)),
            event.id,
            event.customer,
            event.name,
            event.source,
        )
        for event in incoming
    ]


def matches(metric: Definition, event: Event) -> bool:
    return metric.filter is None or parse_filter(metric.filter).matches(event.properties)


@thorough
@given(given_events=EVENTS, tree=st.none() | FILTERS, aggregation=METRICS, windows=WINDOWS)
async def test_windows_hold_what_the_fold_holds(hub, given_events, tree, aggregation, windows):
    async with hub.database.session() as session:
        name, events = await store(session, given_events, next(_runs))
        metric = Definition(name, tree, aggregation)
        found = await measure(session, AGGREGATIONS, metric, windows)
    expected = [
        aggregate(
            AGGREGATIONS.parse(aggregation),
            (
                event
                for event in events
                if event.customer in window.customer_refs
                and window.start <= event.timestamp < window.end
                and matches(metric, event)
            ),
        )
        for window in windows
    ]
    assert found == expected


@thorough
@given(given_events=EVENTS, tree=st.none() | FILTERS, aggregation=METRICS)
async def test_customers_hold_what_the_fold_holds(hub, given_events, tree, aggregation):
    async with hub.database.session() as session:
        name, events = await store(session, given_events, next(_runs))
        metric = Definition(name, tree, aggregation)
        selection = Selection()
        total, by_customer = await measure_customers(session, AGGREGATIONS, metric, selection)
        samples = await sample(session, metric, selection, limit=100)
    matched = [event for event in events if matches(metric, event)]
    fold = AGGREGATIONS.parse(aggregation)
    assert total == aggregate(fold, matched)
    assert by_customer == {
        customer: aggregate(fold, (event for event in matched if event.customer == customer))
        for customer in {event.customer for event in matched}
    }
    assert sorted(samples, key=lambda event: event.order) == sorted(
        matched, key=lambda event: event.order
    )


@thorough
@given(given_events=EVENTS, conditions=st.lists(CONDITIONS, min_size=8, max_size=8))
async def test_each_condition_matches_the_same_events(hub, given_events, conditions):
    async with hub.database.session() as session:
        name, events = await store(session, given_events, next(_runs))
        for condition in conditions:
            metric = Definition(name, condition, {"type": "count"})
            found = await sample(session, metric, Selection(), limit=100)
            expected = {event.order for event in events if matches(metric, event)}
            assert {event.order for event in found} == expected


async def test_many_windows_are_one_statement(hub, monkeypatch):
    statements = []
    async with hub.database.session() as session:
        events = [("c1", START + timedelta(hours=hour), b'{"a": 2}', "s") for hour in range(6)]
        name, _ = await store(session, events, next(_runs))
        execute = session.execute

        async def counted(*arguments, **options):
            statements.append(arguments)
            return await execute(*arguments, **options)

        monkeypatch.setattr(session, "execute", counted)
        windows = [
            Window(("c1", "other"), START + timedelta(hours=h), START + timedelta(hours=h + 1))
            for h in range(500)
        ]
        metric = Definition(name, None, {"type": "sum", "property": "a"})
        found = await measure(session, AGGREGATIONS, metric, windows)
    assert [usage.quantity for usage in found] == [2] * 6 + [0] * 494
    assert len(statements) == 1


@pytest.mark.parametrize("kind", sorted(AGGREGATIONS.kinds))
async def test_no_windows_and_no_events_measure_nothing(hub, kind):
    aggregation = {"type": kind} if kind == "count" else {"type": kind, "property": "a"}
    metric = Definition("none", None, aggregation)
    async with hub.database.session() as session:
        assert await measure(session, AGGREGATIONS, metric, []) == []
        window = Window(("c1",), START, START + timedelta(days=1))
        (usage,) = await measure(session, AGGREGATIONS, metric, [window])
        total, by_customer = await measure_customers(session, AGGREGATIONS, metric, Selection())
    assert (usage.quantity, usage.events) == (total.quantity, total.events) == (0, 0)
    assert by_customer == {}

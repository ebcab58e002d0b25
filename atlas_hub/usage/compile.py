"""Aggregations in SQL: each computes the state of the core's fold, and the core finishes it.

So what is rounded, and how, is said once, in the core.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, Protocol

from sqlalchemy import ARRAY, ColumnElement, Numeric, case, cast, func, literal, null, type_coerce
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlmodel import col

from atlas_hub.usage.filters import compile_filter, text_of, value_of
from atlas_hub.usage.tables import UsageEvent
from atlas_hub_core.aggregations import (
    Aggregation,
    Average,
    Count,
    Latest,
    Max,
    Min,
    Sum,
    Unique,
    Unrated,
    Usage,
)
from atlas_hub_core.aggregations.latest import Dated
from atlas_hub_core.decimals import PLAIN_NUMBER, ZERO
from atlas_hub_core.filters import parse_filter

LATEST_FIRST: Final = (
    col(UsageEvent.timestamp).desc(),
    col(UsageEvent.event_id).collate("C").desc(),
    col(UsageEvent.source).collate("C").desc(),
)
"""The order of the core's events, backwards."""


class Definition(Protocol):
    """What a metric measures; a row of the catalogue is one."""

    @property
    def event_name(self) -> str:
        """The name of the events it counts."""

    @property
    def filter(self) -> dict[str, Any] | None:
        """Which of them, as JSON; None for all."""

    @property
    def aggregation(self) -> dict[str, Any]:
        """How they become a quantity, as JSON."""


def matching(metric: Definition) -> list[ColumnElement[bool]]:
    """Return the conditions on events that a metric counts."""
    conditions: list[ColumnElement[bool]] = [col(UsageEvent.name) == metric.event_name]
    if metric.filter is not None:
        conditions.append(compile_filter(parse_filter(metric.filter), col(UsageEvent.properties)))
    return conditions


@dataclass(frozen=True, slots=True)
class Compiled:
    """An aggregation in SQL.

    Attributes:
        state: Expressions over a group of events: what the fold has gathered.
        counted: How many of the events the aggregation holds.
        missing: How many lack its property.
        finish: Makes the quantity of the values of `state`.
    """

    state: list[ColumnElement[Any]]
    counted: ColumnElement[int]
    missing: ColumnElement[int]
    finish: Callable[..., Decimal]

    @property
    def columns(self) -> list[ColumnElement[Any]]:
        """What to select for a group of events, to be read by `usage`."""
        return [func.count(), self.counted, self.missing, *self.state]

    def usage(self, events: int, counted: int, missing: int, *state: Any) -> Usage:
        """Return what a group of events amounts to, from a row of `columns`."""
        reasons = {
            Unrated.MISSING_PROPERTY: missing,
            Unrated.NOT_A_NUMBER: events - counted - missing,
        }
        unrated = {reason: count for reason, count in reasons.items() if count}
        return Usage(self.finish(*state), counted, unrated)


def compile_aggregation(aggregation: Aggregation[Any, Any]) -> Compiled | None:
    """Return the aggregation in SQL; None for a plugin's, which is folded row by row."""
    if type(aggregation) is Count:
        events = func.count()
        return Compiled([events], events, literal(0), aggregation.finish)
    if type(aggregation) is Unique:
        return _unique(aggregation)
    state = _STATES.get(type(aggregation))
    return _of_numbers(aggregation, state) if state else None


def _unique(aggregation: Unique) -> Compiled:
    value = value_of(col(UsageEvent.properties), aggregation.property)
    counted = func.count(value)
    return Compiled([func.count(value.distinct())], counted, func.count() - counted, Decimal)


def _of_numbers(aggregation: Any, state: "_State") -> Compiled:
    text = text_of(col(UsageEvent.properties), aggregation.property)
    plain = text.regexp_match(f"^{PLAIN_NUMBER}$")
    number = case((plain, cast(text, Numeric)), else_=null())
    expressions, gather = state(number)
    return Compiled(
        expressions,
        func.count(number),
        func.count() - func.count(text),
        lambda *values: aggregation.finish(gather(*values)),
    )


_State = Callable[[ColumnElement[Any]], tuple[list[ColumnElement[Any]], Callable[..., Any]]]


def _sum(number: ColumnElement[Any]) -> tuple[list[ColumnElement[Any]], Callable[..., Any]]:
    return [func.coalesce(func.sum(number), ZERO)], lambda total: total


def _average(number: ColumnElement[Any]) -> tuple[list[ColumnElement[Any]], Callable[..., Any]]:
    total = func.coalesce(func.sum(number), ZERO)
    return [total, func.count(number)], lambda total, count: (total, count)


def _extreme(name: str) -> _State:
    return lambda number: ([getattr(func, name)(number)], lambda value: value)


_ANY_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _latest(number: ColumnElement[Any]) -> tuple[list[ColumnElement[Any]], Callable[..., Any]]:
    latest = func.array_agg(aggregate_order_by(number, *LATEST_FIRST)).filter(number.is_not(None))

    def gather(value: Decimal | None) -> Dated | None:
        return None if value is None else ((_ANY_TIME, "", ""), value)

    return [type_coerce(latest, ARRAY(Numeric))[1]], gather


_STATES: Final[dict[type[Aggregation[Any, Any]], _State]] = {
    Sum: _sum,
    Average: _average,
    Min: _extreme("min"),
    Max: _extreme("max"),
    Latest: _latest,
}

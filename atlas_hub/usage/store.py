"""All reads of usage events. A columnar copy, where one is needed, joins here.

A metric is measured per group of events by one statement, however many groups there are: the
windows of a billing run, or the customers of a preview.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import localcontext
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    DateTime,
    Integer,
    Select,
    SQLColumnExpression,
    Text,
    and_,
    cast,
    column,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased
from sqlmodel import col

from atlas_hub.customers.tables import Customer
from atlas_hub.usage.compile import LATEST_FIRST, Definition, compile_aggregation, matching
from atlas_hub.usage.properties import decode
from atlas_hub.usage.tables import UsageEvent
from atlas_hub_core.aggregations import Aggregation, Fold, Usage, aggregate
from atlas_hub_core.decimals import EXACT
from atlas_hub_core.events import Event
from atlas_hub_core.params import Registry

Aggregations = Registry[Aggregation[Any, Any]]

MAX_CUSTOMERS: Final = 100
TOTAL: Final = None


@dataclass(frozen=True, slots=True)
class Window:
    """One customer, by all the references that events may carry, from `start` up to `end`."""

    customer_refs: tuple[str, ...]
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Selection:
    """Which events to look at; None leaves a side open."""

    customer_refs: tuple[str, ...] | None = None
    start: datetime | None = None
    end: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the selection in SQL."""
        conditions: list[ColumnElement[bool]] = []
        if self.customer_refs is not None:
            conditions.append(col(UsageEvent.customer_ref).in_(self.customer_refs))
        if self.start is not None:
            conditions.append(col(UsageEvent.timestamp) >= self.start)
        if self.end is not None:
            conditions.append(col(UsageEvent.timestamp) < self.end)
        return conditions


EVENT_COLUMNS: Final = (
    col(UsageEvent.timestamp),
    cast(col(UsageEvent.properties), Text),  # as text: the driver would make floats of numbers
    col(UsageEvent.event_id),
    col(UsageEvent.customer_ref),
    col(UsageEvent.name),
    col(UsageEvent.source),
)


def to_event(row: Sequence[Any]) -> Event:
    """Return a row of `EVENT_COLUMNS` as the core's event."""
    timestamp, properties, event_id, customer, name, source = row
    return Event(timestamp, decode(properties), event_id, customer, name, source)


async def measure(
    session: AsyncSession,
    aggregations: Aggregations,
    metric: Definition,
    windows: Sequence[Window],
) -> list[Usage]:
    """Return what a metric finds in each window, in order."""
    aggregation = aggregations.parse(metric.aggregation)
    place, given, within = _joined(windows)
    events = select().select_from(UsageEvent).join(given, within).where(*matching(metric))
    found = await _by_group(session, aggregation, events, place)
    return [found.get(place) or _nothing(aggregation) for place in range(len(windows))]


def _joined(windows: Sequence[Window]) -> tuple[ColumnElement[int], Any, ColumnElement[bool]]:
    """Return the windows as a table, one row per reference, and what joins events to it."""
    rows = [
        (place, reference, window.start, window.end)
        for place, window in enumerate(windows)
        for reference in set(window.customer_refs)
    ]
    values = [list(values) for values in zip(*rows, strict=True)] or [[], [], [], []]
    time = DateTime(timezone=True)
    places, references, starts, ends = values
    arrays: list[ColumnElement[Any]] = [
        literal(places, ARRAY(Integer)),
        literal(references, ARRAY(Text)),
        literal(starts, ARRAY(time)),
        literal(ends, ARRAY(time)),
    ]
    given = (
        func.unnest(*arrays)
        .table_valued(
            column("place", Integer),
            column("ref", Text),
            column("start", time),
            column("end", time),
        )
        .render_derived()
    )
    timestamp = col(UsageEvent.timestamp)
    within = and_(
        col(UsageEvent.customer_ref) == given.c.ref,
        timestamp >= given.c.start,
        timestamp < given.c.end,
    )
    return given.c.place, given, within


async def measure_customers(
    session: AsyncSession, aggregations: Aggregations, metric: Definition, selection: Selection
) -> tuple[Usage, dict[str, Usage]]:
    """Return what a metric finds in all, and by customer: the 100 with the most events.

    A customer is named by id, or as the events name it while it is not known.
    """
    aggregation = aggregations.parse(metric.aggregation)
    by_id, by_external_id = aliased(Customer), aliased(Customer)
    reference = col(UsageEvent.customer_ref)
    events = (
        select()
        .select_from(UsageEvent)
        .outerjoin(by_id, col(by_id.id) == reference)
        .outerjoin(by_external_id, col(by_external_id.external_id) == reference)
        .where(*matching(metric), *selection.conditions())
    )
    customer = func.coalesce(col(by_id.id), col(by_external_id.id), reference)
    found = await _by_group(session, aggregation, events, customer, total=True)
    total = found.pop(TOTAL, None) or _nothing(aggregation)
    return total, found


def _nothing(aggregation: Aggregation[Any, Any]) -> Usage:
    return aggregate(aggregation, ())


async def _by_group(
    session: AsyncSession,
    aggregation: Aggregation[Any, Any],
    events: Select[Any],
    group: ColumnElement[Any],
    *,
    total: bool = False,
) -> dict[Any, Usage]:
    """Return what an aggregation finds in each group of events.

    With `total` also what it finds in all of them, and only the groups with the most events.
    """
    compiled = compile_aggregation(aggregation)
    if compiled is None:
        return await _fold(session, aggregation, events.add_columns(group), total=total)
    statement = events.add_columns(group, *compiled.columns)
    if total:
        largest_first = (func.grouping(group).desc(), func.count().desc(), group)
        statement = statement.group_by(func.rollup(group)).order_by(*largest_first)
        statement = statement.limit(MAX_CUSTOMERS + 1)
    else:
        statement = statement.group_by(group)
    rows = await session.execute(statement)
    return {key: compiled.usage(*columns) for key, *columns in rows}


async def _fold(
    session: AsyncSession,
    aggregation: Aggregation[Any, Any],
    statement: Select[Any],
    *,
    total: bool,
) -> dict[Any, Usage]:
    """Do in Python what has no SQL, row by row as they stream in."""
    folds: dict[Any, Fold] = {}
    rows = await session.stream(statement.add_columns(*EVENT_COLUMNS))
    async for key, *columns in rows:
        event = to_event(columns)
        with localcontext(EXACT):
            for group in (key, TOTAL) if total else (key,):
                folds.setdefault(group, Fold(aggregation)).add(event)
    with localcontext(EXACT):
        found = {key: fold.usage() for key, fold in folds.items()}
    return _largest(found) if total else found


def _largest(found: dict[Any, Usage]) -> dict[Any, Usage]:
    def size(key: Any) -> tuple[bool, int, str]:
        events = found[key].events + sum(found[key].unrated.values())
        return key is not TOTAL, -events, str(key)

    return {key: found[key] for key in sorted(found, key=size)[: MAX_CUSTOMERS + 1]}


async def seen_below(session: AsyncSession) -> int:
    """Return the transaction id below which every statement from now on sees all events there are.

    Those from it on may belong to transactions that run still, whenever their events are sent.
    """
    oldest_running = func.pg_snapshot_xmin(func.pg_current_snapshot())
    found = await session.execute(select(cast(cast(oldest_running, Text), BigInteger)))
    return int(found.scalar_one())


def has_events_since(
    transaction_id: ColumnElement[int],
    customer_refs: Sequence[SQLColumnExpression[str | None]],
    name: SQLColumnExpression[str],
    start: ColumnElement[datetime],
    end: ColumnElement[datetime],
) -> ColumnElement[bool]:
    """Return the condition that a row's customer has events that `seen_below` did not cover."""
    event = (
        select(literal(True))  # noqa: FBT003 - a value of SQL
        .where(
            col(UsageEvent.customer_ref) == array(customer_refs).any_(),
            col(UsageEvent.name) == name,
            col(UsageEvent.timestamp) >= start,
            col(UsageEvent.timestamp) < end,
            col(UsageEvent.transaction_id) >= transaction_id,
        )
        .limit(1)  # keeps it a probe of the index per row, never a join with all events
    )
    return func.coalesce(event.scalar_subquery(), False)


async def sample(
    session: AsyncSession, metric: Definition, selection: Selection, *, limit: int
) -> list[Event]:
    """Return the latest events that a metric counts."""
    statement = (
        select(*EVENT_COLUMNS)
        .where(*matching(metric), *selection.conditions())
        .order_by(*LATEST_FIRST)
        .limit(limit)
    )
    return [to_event(row) for row in await session.execute(statement)]

"""The Run button: what a metric would count, on stored events or on ones that are handed in."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from atlas_hub.usage.compile import Definition
from atlas_hub.usage.store import (
    MAX_CUSTOMERS,
    Aggregations,
    Selection,
    measure_customers,
    sample,
)
from atlas_hub_core.aggregations import Usage, aggregate
from atlas_hub_core.events import Event
from atlas_hub_core.filters import parse_filter

SAMPLES: Final = 10


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a metric counts: in all, by customer, and the latest events that match."""

    total: Usage
    by_customer: Mapping[str, Usage]
    samples: Sequence[Event]


async def preview_stored(
    session: AsyncSession, aggregations: Aggregations, metric: Definition, selection: Selection
) -> Measurement:
    """Measure accepted events, by the statements that billing uses."""
    total, by_customer = await measure_customers(session, aggregations, metric, selection)
    samples = await sample(session, metric, selection, limit=SAMPLES)
    return Measurement(total, by_customer, samples)


def preview_given(
    aggregations: Aggregations, metric: Definition, events: Iterable[Event], selection: Selection
) -> Measurement:
    """Measure events that are not stored, by the core's own fold."""
    aggregation = aggregations.parse(metric.aggregation)
    matched = [event for event in events if _matches(metric, selection, event)]
    groups: dict[str, list[Event]] = {}
    for event in matched:
        groups.setdefault(event.customer, []).append(event)
    largest = sorted(groups, key=lambda customer: (-len(groups[customer]), customer))
    return Measurement(
        aggregate(aggregation, matched),
        {each: aggregate(aggregation, groups[each]) for each in largest[:MAX_CUSTOMERS]},
        sorted(matched, key=lambda event: event.order, reverse=True)[:SAMPLES],
    )


def _matches(metric: Definition, selection: Selection, event: Event) -> bool:
    refs, start, end = selection.customer_refs, selection.start, selection.end
    return (
        event.name == metric.event_name
        and (refs is None or event.customer in refs)
        and (start is None or event.timestamp >= start)
        and (end is None or event.timestamp < end)
        and (metric.filter is None or parse_filter(metric.filter).matches(event.properties))
    )

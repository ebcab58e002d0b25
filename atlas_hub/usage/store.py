"""All reads of events go through here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.catalog.tables import Metric
from atlas_hub.usage.tables import UsageEvent
from atlas_hub_core.aggregations import Aggregation, Usage, aggregate
from atlas_hub_core.events import Event
from atlas_hub_core.filters import parse_filter
from atlas_hub_core.params import Registry


@dataclass(frozen=True, slots=True)
class Window:
    """Whose events, in which half-open span of time."""

    customer_refs: tuple[str, ...]
    start: datetime
    end: datetime


async def measure(
    session: AsyncSession,
    aggregations: Registry[Aggregation[Any, Any]],
    metric: Metric,
    windows: Sequence[Window],
) -> list[Usage]:
    """Return what `metric` finds in each window, in order."""
    aggregation = aggregations.parse(metric.aggregation)
    tree = parse_filter(metric.filter) if metric.filter else None
    usages = []
    for window in windows:
        found = await session.execute(
            select(UsageEvent).where(
                col(UsageEvent.customer_ref).in_(window.customer_refs),
                col(UsageEvent.name) == metric.event_name,
                col(UsageEvent.timestamp) >= window.start,
                col(UsageEvent.timestamp) < window.end,
            )
        )
        events = [
            Event(row.timestamp, row.properties, row.event_id, row.customer_ref, row.name)
            for row in found.scalars()
        ]
        kept = [event for event in events if tree is None or tree.matches(event.properties)]
        usages.append(aggregate(aggregation, kept))
    return usages

"""Rate service periods of subscription items: one usage query per metric, the rest is pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from atlas_hub.billing.items import BillableItem
from atlas_hub.billing.rated import PERIOD, Rated
from atlas_hub.hub import Hub
from atlas_hub.usage.store import Window, measure, seen_below
from atlas_hub_core import rating
from atlas_hub_core.late import Settled, late_line
from atlas_hub_core.periods import Period
from atlas_hub_core.proration import prorate


@dataclass(frozen=True, slots=True)
class Work:
    """A service period to rate; with `settled`, what is due for it beyond that."""

    item: BillableItem
    period: Period
    reason: str = PERIOD
    settled: Settled | None = None


async def rate_all(session: AsyncSession, hub: Hub, work: Sequence[Work]) -> list[Rated | None]:
    """Rate each piece of work, in order; None where nothing is priced."""
    below = await seen_below(session)  # before any event is read
    quantities = await _quantities(session, hub, work)
    lines = [_line(each, quantities.get(index)) for index, each in enumerate(work)]
    return [
        None if line is None else Rated(each.item, each.period, line, below, each.reason)
        for each, line in zip(work, lines, strict=True)
    ]


def _line(work: Work, usage: Decimal | None) -> rating.Line | None:
    item, period = work.item, work.period
    if item.item is None:
        return None
    if usage is None:
        line = rating.rate(item.item, period, item.plan.currency, Decimal(item.quantity))
        return prorate(line, item.whole(period), item.term.zone)
    line = rating.rate(item.item, period, item.plan.currency, usage)
    return line if work.settled is None else late_line(line, work.settled, item.term.zone)


async def _quantities(session: AsyncSession, hub: Hub, work: Sequence[Work]) -> dict[int, Decimal]:
    groups: dict[str, list[int]] = {}
    for index, each in enumerate(work):
        if each.item.metric is not None:
            groups.setdefault(each.item.metric.id, []).append(index)
    quantities: dict[int, Decimal] = {}
    for indexes in groups.values():
        metric = work[indexes[0]].item.metric
        assert metric is not None  # noqa: S101 - only usage is grouped
        windows = [_window(work[index]) for index in indexes]
        usages = await measure(session, hub.aggregations, metric, windows)
        quantities.update(
            (index, usage.quantity) for index, usage in zip(indexes, usages, strict=True)
        )
    return quantities


def _window(work: Work) -> Window:
    return Window(work.item.customer_refs, work.period.start, work.period.end)

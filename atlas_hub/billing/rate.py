"""Rate service periods of subscription items: one usage query per metric, the rest is pure."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from atlas_hub.billing.items import BillableItem
from atlas_hub.hub import Hub
from atlas_hub.usage.store import Window, measure
from atlas_hub_core import rating
from atlas_hub_core.periods import Period
from atlas_hub_core.proration import prorate

Work = tuple[BillableItem, Period]


async def rate_all(
    session: AsyncSession, hub: Hub, work: Sequence[Work]
) -> list[rating.Line | None]:
    """Return the line of each piece of work, in order; None where nothing is priced."""
    quantities = await _quantities(session, hub, work)
    return [_rate(item, period, quantities.get(index)) for index, (item, period) in enumerate(work)]


def _rate(item: BillableItem, period: Period, usage: Decimal | None) -> rating.Line | None:
    if item.item is None:
        return None
    if usage is not None:
        return rating.rate(item.item, period, item.plan.currency, usage)
    line = rating.rate(item.item, period, item.plan.currency, Decimal(item.quantity))
    return prorate(line, item.whole(period), item.term.zone)


async def _quantities(session: AsyncSession, hub: Hub, work: Sequence[Work]) -> dict[int, Decimal]:
    groups: dict[str, list[int]] = {}
    for index, (item, _) in enumerate(work):
        if item.metric is not None:
            groups.setdefault(item.metric.id, []).append(index)
    quantities: dict[int, Decimal] = {}
    for indexes in groups.values():
        metric = work[indexes[0]][0].metric
        assert metric is not None  # noqa: S101 - only usage is grouped
        windows = [_window(*work[index]) for index in indexes]
        usages = await measure(session, hub.aggregations, metric, windows)
        quantities.update(
            (index, usage.quantity) for index, usage in zip(indexes, usages, strict=True)
        )
    return quantities


def _window(item: BillableItem, period: Period) -> Window:
    return Window(item.customer_refs, period.start, period.end)

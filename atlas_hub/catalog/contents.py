"""Plan versions with all that is in them, in two queries however many there are."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.catalog.tables import Entitlement, Metric, PlanItem, PlanVersion
from atlas_hub_core.plans import ItemKind


@dataclass(frozen=True, slots=True)
class ItemContent:
    """A plan item with the metric or entitlement that it is about; a fee has neither."""

    row: PlanItem
    metric: Metric | None
    entitlement: Entitlement | None

    @property
    def kind(self) -> ItemKind:
        """What the item is about."""
        if self.metric is not None:
            return ItemKind.METRIC
        return ItemKind.ENTITLEMENT if self.entitlement is not None else ItemKind.FEE


@dataclass(frozen=True, slots=True)
class VersionContent:
    """A plan version and its items, in their order."""

    row: PlanVersion
    items: tuple[ItemContent, ...]


async def load_versions(
    session: AsyncSession, plan_ids: Collection[str]
) -> dict[str, list[VersionContent]]:
    """Return the versions of each plan, by plan id, oldest first."""
    versions = await session.execute(
        select(PlanVersion)
        .where(col(PlanVersion.plan_id).in_(plan_ids))
        .order_by(col(PlanVersion.number))
    )
    rows = list(versions.scalars())
    items = await load_items(session, [row.id for row in rows])
    contents: dict[str, list[VersionContent]] = {plan_id: [] for plan_id in plan_ids}
    for row in rows:
        contents[row.plan_id].append(VersionContent(row, tuple(items[row.id])))
    return contents


async def load_items(
    session: AsyncSession, version_ids: Collection[str]
) -> dict[str, list[ItemContent]]:
    """Return the items of each plan version, by version id, in their order."""
    found = await session.execute(
        select(PlanItem, Metric, Entitlement)
        .outerjoin(Metric, col(Metric.id) == col(PlanItem.metric_id))
        .outerjoin(Entitlement, col(Entitlement.id) == col(PlanItem.entitlement_id))
        .where(col(PlanItem.plan_version_id).in_(version_ids))
        .order_by(col(PlanItem.position))
    )
    items: dict[str, list[ItemContent]] = {version_id: [] for version_id in version_ids}
    for item, metric, entitlement in found:
        items[item.plan_version_id].append(ItemContent(item, metric, entitlement))
    return items

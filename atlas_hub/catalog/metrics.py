"""Metrics: made, changed, fixed once a published plan bills by them."""

from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.access import audit
from atlas_hub.catalog.resolve import free_key, resolve_metric
from atlas_hub.catalog.tables import Metric, PlanItem, PlanVersion
from atlas_hub.db.unique import unless_taken
from atlas_hub.http.actor import Actor
from atlas_hub.hub import Hub
from atlas_hub_core.errors import Conflict
from atlas_hub_core.filters import parse_filter

FIXED_IN_USE: Final = ("event_name", "filter", "aggregation", "group_by")
"""What decides the quantity, so it stays as it was when a plan was published."""


async def create_metric(
    session: AsyncSession, hub: Hub, actor: Actor, values: dict[str, Any]
) -> Metric:
    """Add a metric with the columns `values`; without a key it gets one made from its name.

    Raises:
        InvalidInput: With code `invalid_filter` or `invalid_aggregation` and the field's path.
        Conflict: With code `metric_exists`, if another has its key.
    """
    values = _checked(hub, values)
    if values["key"] is None:
        values["key"] = await free_key(session, col(Metric.key), values["name"], "metric")
    metric = Metric(**values)
    message = f"There is already a metric with the key {metric.key!r}. Choose another key."
    async with unless_taken(session, Conflict(message, code="metric_exists", field="key")):
        session.add(metric)
    audit.record(session, actor, "create", "metric", metric.id, values)
    return metric


async def change_metric(
    session: AsyncSession, hub: Hub, actor: Actor, reference: str, changes: dict[str, Any]
) -> Metric:
    """Set the columns in `changes`.

    Raises:
        Conflict: With code `metric_in_use`, if they change what a published plan bills by.
    """
    metric = await resolve_metric(session, reference, lock=True)
    changes = _checked(hub, changes)
    await _refuse_if_in_use(session, metric, changes)
    metric.sqlmodel_update(changes)
    audit.record(session, actor, "change", "metric", metric.id, changes)
    await session.flush()
    return metric


def _checked(hub: Hub, values: dict[str, Any]) -> dict[str, Any]:
    """Return the columns with filter and aggregation in their canonical form."""
    checked = dict(values)
    if values.get("filter") is not None:
        checked["filter"] = parse_filter(values["filter"]).to_json()
    if "aggregation" in values:
        checked["aggregation"] = hub.aggregations.parse(values["aggregation"]).to_json()
    return checked


async def _refuse_if_in_use(session: AsyncSession, metric: Metric, changes: dict[str, Any]) -> None:
    changed = [
        name for name in FIXED_IN_USE if name in changes and changes[name] != getattr(metric, name)
    ]
    if not changed:
        return
    published = await session.execute(
        select(col(PlanVersion.plan_id))
        .join(PlanItem, col(PlanItem.plan_version_id) == col(PlanVersion.id))
        .where(col(PlanItem.metric_id) == metric.id, col(PlanVersion.status) == "published")
        .limit(1)
    )
    plan_id = published.scalar_one_or_none()
    if plan_id is not None:
        message = (
            f"{changed[0]} of metric {metric.key!r} cannot change: the published plan {plan_id} "
            "bills by it. Make a new metric and put it into a new version of the plan."
        )
        raise Conflict(message, code="metric_in_use", field=changed[0])

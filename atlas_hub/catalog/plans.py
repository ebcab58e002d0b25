"""Plans and their versions: a draft is filled, published, and followed by the next."""

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.access import audit
from atlas_hub.catalog.resolve import free_key, resolve_plan
from atlas_hub.catalog.tables import Metric, Plan, PlanItem, PlanVersion
from atlas_hub.db.ids import new_id
from atlas_hub.db.unique import unless_taken
from atlas_hub.http.actor import Actor
from atlas_hub_core.currencies import digits_of
from atlas_hub_core.errors import Conflict, NotFound

DRAFT: Final = "draft"
PUBLISHED: Final = "published"


async def create_plan(session: AsyncSession, actor: Actor, values: dict[str, Any]) -> Plan:
    """Add a plan with the columns `values` and an empty draft, its version 1.

    Raises:
        InvalidInput: With code `unknown_currency`.
        Conflict: With code `plan_exists`, if another has its key.
    """
    digits_of(values["currency"])
    if values["key"] is None:
        key = await free_key(session, col(Plan.key), values["name"], nameless="plan")
        values = {**values, "key": key}
    plan = Plan(**values)
    message = f"There is already a plan with the key {plan.key!r}. Choose another key."
    async with unless_taken(session, Conflict(message, code="plan_exists", field="key")):
        session.add(plan)
    session.add(PlanVersion(plan_id=plan.id, number=1))
    audit.record(session, actor, "create", "plan", plan.id, values)
    await session.flush()
    return plan


async def publish_plan(session: AsyncSession, actor: Actor, reference: str) -> Plan:
    """Make the draft of a plan final; from now on it can be subscribed to.

    Raises:
        Conflict: With code `plan_published`, if there is no draft, or `plan_empty`.
    """
    plan = await resolve_plan(session, reference, lock=True)
    draft = await draft_of(session, plan)
    items = await _items(session, draft)
    if not items:
        message = (
            f"Version {draft.number} of plan {plan.key!r} has no items. "
            f"Add some with POST /v1/plans/{plan.id}/items, then publish."
        )
        raise Conflict(message, code="plan_empty")
    await _hold_metrics(session, items)
    draft.status = PUBLISHED
    draft.published_at = datetime.now(UTC)
    audit.record(session, actor, "publish", "plan", plan.id, {"version": draft.number})
    await session.flush()
    return plan


async def create_version(session: AsyncSession, actor: Actor, reference: str) -> Plan:
    """Start the next version of a plan: a draft with the items of the latest one.

    Raises:
        Conflict: With code `draft_exists`, if the latest is a draft still.
    """
    plan = await resolve_plan(session, reference, lock=True)
    latest = await _latest(session, plan)
    if latest.status == DRAFT:
        message = (
            f"Version {latest.number} of plan {plan.key!r} is a draft still. "
            "Change its items, or publish it first."
        )
        raise Conflict(message, code="draft_exists")
    version = PlanVersion(plan_id=plan.id, number=latest.number + 1)
    session.add(version)
    await session.flush()
    for item in await _items(session, latest):
        copied = item.model_dump() | {"id": new_id("pli"), "plan_version_id": version.id}
        session.add(PlanItem(**copied))
    audit.record(session, actor, "create_version", "plan", plan.id, {"version": version.number})
    await session.flush()
    return plan


async def draft_of(session: AsyncSession, plan: Plan) -> PlanVersion:
    """Return the draft of a plan that the caller has locked.

    Raises:
        Conflict: With code `plan_published`.
    """
    latest = await _latest(session, plan)
    if latest.status == PUBLISHED:
        message = (
            f"Version {latest.number} of plan {plan.key!r} is published and cannot change. "
            f"Make a new version with POST /v1/plans/{plan.id}/versions and change that."
        )
        raise Conflict(message, code="plan_published")
    return latest


async def published_version(
    session: AsyncSession, reference: str, *, field: str | None = None
) -> PlanVersion:
    """Return the latest published version of a plan, or the version whose id is given.

    Raises:
        NotFound: With code `plan_not_found`.
        Conflict: With code `plan_not_published`.
    """
    if reference.startswith("plv_"):
        version = await session.get(PlanVersion, reference)
        if version is None:
            message = f"There is no plan version {reference!r}. GET /v1/plans shows them."
            raise NotFound(message, code="plan_not_found", field=field)
        plan_id, published = version.plan_id, version if version.status == PUBLISHED else None
    else:
        plan = await resolve_plan(session, reference, field=field)
        plan_id, published = plan.id, await _newest(session, plan, PUBLISHED)
    if published is None:
        message = (
            f"The plan {reference!r} is a draft. "
            f"Publish it with POST /v1/plans/{plan_id}/publish, then subscribe."
        )
        raise Conflict(message, code="plan_not_published", field=field)
    return published


async def _newest(session: AsyncSession, plan: Plan, *statuses: str) -> PlanVersion | None:
    found = await session.execute(
        select(PlanVersion)
        .where(col(PlanVersion.plan_id) == plan.id, col(PlanVersion.status).in_(statuses))
        .order_by(col(PlanVersion.number).desc())
        .limit(1)
    )
    return found.scalar_one_or_none()


async def _latest(session: AsyncSession, plan: Plan) -> PlanVersion:
    latest = await _newest(session, plan, DRAFT, PUBLISHED)
    if latest is None:
        message = f"plan {plan.id} has no version"
        raise RuntimeError(message)
    return latest


async def _items(session: AsyncSession, version: PlanVersion) -> list[PlanItem]:
    found = await session.execute(
        select(PlanItem)
        .where(col(PlanItem.plan_version_id) == version.id)
        .order_by(col(PlanItem.position))
    )
    return list(found.scalars())


async def _hold_metrics(session: AsyncSession, items: list[PlanItem]) -> None:
    """Let nobody change the metrics until the version is published, and then it is refused."""
    ids = [item.metric_id for item in items if item.metric_id is not None]
    await session.execute(
        select(col(Metric.id)).where(col(Metric.id).in_(ids)).with_for_update(read=True)
    )

"""Items of a plan's draft: added, changed, removed, each checked as a whole."""

from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.access import audit
from atlas_hub.catalog.contents import ItemContent, load_items
from atlas_hub.catalog.entitlements import checked_value
from atlas_hub.catalog.plans import draft_of
from atlas_hub.catalog.prices import parse_price
from atlas_hub.catalog.resolve import resolve_entitlement, resolve_metric, resolve_plan
from atlas_hub.catalog.tables import Plan, PlanItem, PlanVersion
from atlas_hub.http.actor import Actor
from atlas_hub.hub import Hub
from atlas_hub_core import plans
from atlas_hub_core.errors import InvalidInput, NotFound
from atlas_hub_core.periods import Cadence
from atlas_hub_core.plans import ItemKind, Timing
from atlas_hub_core.prices import Price

MAX_ITEMS: Final = 100


@dataclass(frozen=True, slots=True)
class Terms:
    """What an item bills or gives, as it was asked for.

    Attributes:
        cadence: How long a service period lasts.
        timing: When it is due.
        price: Parameters of the price as JSON values, or None.
        value: What an entitlement gives, as a JSON value.
        value_given: Whether there was a value, which may be null.
    """

    cadence: str
    timing: str
    price: Any
    value: Any
    value_given: bool


async def add_item(
    session: AsyncSession,
    hub: Hub,
    actor: Actor,
    plan_reference: str,
    subject: dict[ItemKind, str],
    terms: Terms,
) -> ItemContent:
    """Add an item at the end of a plan's draft.

    Args:
        session: Where to write.
        hub: Knows the price models.
        actor: Who adds it.
        plan_reference: Id or key of the plan.
        subject: One entry: what the item is about, and its key or name.
        terms: The rest.

    Raises:
        InvalidInput: With code `invalid_plan_item`, `invalid_price`, `currency_mismatch` or
            `invalid_entitlement_value`.
        Conflict: With code `plan_published`.
    """
    plan = await resolve_plan(session, plan_reference, lock=True)
    draft = await draft_of(session, plan)
    content = await _about(session, draft, subject)
    content.row.position = await _next_position(session, draft)
    _put(hub, plan, content, terms)
    session.add(content.row)
    _audit(session, actor, "create", content, plan)
    await session.flush()
    return content


async def change_item(
    session: AsyncSession,
    hub: Hub,
    actor: Actor,
    plan_reference: str,
    item_id: str,
    changes: dict[str, Any],
) -> ItemContent:
    """Set cadence, timing, price or value of an item of a plan's draft; raises as `add_item`."""
    plan, content = await _drafted(session, plan_reference, item_id)
    row = content.row
    given = "value" in changes or content.kind is ItemKind.ENTITLEMENT
    kept = Terms(row.cadence, row.timing, row.price, row.value, value_given=given)
    _put(hub, plan, content, replace(kept, **changes))
    _audit(session, actor, "change", content, plan)
    await session.flush()
    return content


async def remove_item(
    session: AsyncSession, actor: Actor, plan_reference: str, item_id: str
) -> None:
    """Take an item out of a plan's draft."""
    plan, content = await _drafted(session, plan_reference, item_id)
    await session.delete(content.row)
    _audit(session, actor, "delete", content, plan)


async def _about(
    session: AsyncSession, draft: PlanVersion, subject: dict[ItemKind, str]
) -> ItemContent:
    if len(subject) != 1:
        message = "An item is about one thing: send one of metric, entitlement and fee."
        raise _invalid("metric", message)
    ((kind, name),) = subject.items()
    row = PlanItem(plan_version_id=draft.id, position=0, cadence="", timing="")
    if kind is ItemKind.METRIC:
        metric = await resolve_metric(session, name, field="metric")
        row.metric_id = metric.id
        return ItemContent(row, metric, None)
    if kind is ItemKind.ENTITLEMENT:
        entitlement = await resolve_entitlement(session, name, field="entitlement")
        row.entitlement_id = entitlement.id
        return ItemContent(row, None, entitlement)
    row.fee = name
    return ItemContent(row, None, None)


def _put(hub: Hub, plan: Plan, content: ItemContent, terms: Terms) -> None:
    """Check the terms of an item as a whole, then write them into its row."""
    price = None if terms.price is None else parse_price(hub, plan.currency, terms.price)
    _check(content, terms, price)
    row = content.row
    row.cadence, row.timing = terms.cadence, terms.timing
    row.price = None if price is None else price.to_json()
    if content.entitlement is not None:
        row.value = checked_value(content.entitlement, terms.value, given=terms.value_given)
    elif terms.value_given:
        raise _invalid(
            "value", f"A {content.kind} has no value; only an entitlement has. Remove it."
        )


def _check(content: ItemContent, terms: Terms, price: Price | None) -> None:
    """Let the core judge the combination.

    Amounts of single events reach rating with a later version, so prices that need them are
    refused here rather than failing in a billing run.
    """
    key = _key(content)
    plans.PlanItem(
        kind=content.kind,
        key=key,
        description=key,
        cadence=Cadence(terms.cadence),
        timing=Timing(terms.timing),
        price=price,
    )
    if price is not None and price.needs == "events":
        message = (
            f"A {price.type} price needs the amount of each event, which billing does not read "
            "yet. Choose a price of a quantity, such as per_unit or graduated."
        )
        raise _invalid("price.type", message)


def _key(content: ItemContent) -> str:
    if content.metric is not None:
        return content.metric.key
    if content.entitlement is not None:
        return content.entitlement.entitlement_key
    return content.row.fee or ""


async def _next_position(session: AsyncSession, draft: PlanVersion) -> int:
    found = await session.execute(
        select(func.count(), func.max(col(PlanItem.position))).where(
            col(PlanItem.plan_version_id) == draft.id
        )
    )
    count, last = found.one()
    if count >= MAX_ITEMS:
        raise _invalid("plan", f"A plan has at most {MAX_ITEMS} items. Make a second plan.")
    return (last or 0) + 1


async def _drafted(
    session: AsyncSession, plan_reference: str, item_id: str
) -> tuple[Plan, ItemContent]:
    plan = await resolve_plan(session, plan_reference, lock=True)
    draft = await draft_of(session, plan)
    for content in (await load_items(session, [draft.id]))[draft.id]:
        if content.row.id == item_id:
            return plan, content
    message = (
        f"The draft of plan {plan.key!r} has no item {item_id!r}. "
        f"GET /v1/plans/{plan.id} shows its items."
    )
    raise NotFound(message, code="plan_item_not_found")


def _audit(
    session: AsyncSession, actor: Actor, action: str, content: ItemContent, plan: Plan
) -> None:
    row = content.row
    details = {
        "plan": plan.id,
        content.kind.value: _key(content),
        "cadence": row.cadence,
        "timing": row.timing,
        "price": row.price,
        "value": row.value,
    }
    audit.record(session, actor, action, "plan_item", row.id, details)


def _invalid(field: str, message: str) -> InvalidInput:
    return InvalidInput(message, code="invalid_plan_item", field=field)

"""Customers: made, found, changed."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.access import audit
from atlas_hub.customers.tables import Customer
from atlas_hub.db.ids import has_our_prefix
from atlas_hub.db.unique import unless_taken
from atlas_hub.http.actor import Actor
from atlas_hub_core.errors import Conflict, NotFound


async def resolve_customer(
    session: AsyncSession, reference: str, *, field: str | None = None, lock: bool = False
) -> Customer:
    """Return the customer with this id or external id, which never look alike.

    Args:
        session: Where to look.
        reference: The id or external id.
        field: Where the reference stood, for the message.
        lock: Whether to keep others from changing it until the transaction ends.

    Raises:
        NotFound: With code `customer_not_found`.
    """
    column = col(Customer.id) if has_our_prefix(reference) else col(Customer.external_id)
    statement = select(Customer).where(column == reference)
    found = await session.execute(statement.with_for_update() if lock else statement)
    customer = found.scalar_one_or_none()
    if customer is None:
        message = (
            f"There is no customer with the id or external id {reference!r}. "
            "GET /v1/customers lists them; POST /v1/customers makes one."
        )
        raise NotFound(message, code="customer_not_found", field=field)
    return customer


async def create_customer(session: AsyncSession, actor: Actor, values: dict[str, Any]) -> Customer:
    """Add a customer with the columns `values`.

    Raises:
        Conflict: With code `customer_exists`, if another has its external id.
    """
    customer = Customer(**values)
    async with unless_taken(session, _exists(customer.external_id)):
        session.add(customer)
    audit.record(session, actor, "create", "customer", customer.id, _readable(values))
    return customer


async def change_customer(
    session: AsyncSession, actor: Actor, reference: str, changes: dict[str, Any]
) -> Customer:
    """Set the columns in `changes`.

    Raises:
        Conflict: With code `customer_exists`, if another has its new external id, or
            `external_id_fixed`, if it has one already.
    """
    customer = await resolve_customer(session, reference, lock=True)
    external_id = changes.get("external_id", customer.external_id)
    if customer.external_id is not None and external_id != customer.external_id:
        message = (
            f"external_id {customer.external_id!r} stays: events carry it, and this customer "
            "would lose their usage. Make another customer instead."
        )
        raise Conflict(message, code="external_id_fixed", field="external_id")
    async with unless_taken(session, _exists(changes.get("external_id"))):
        customer.sqlmodel_update(changes)
    audit.record(session, actor, "change", "customer", customer.id, _readable(changes))
    return customer


def _readable(values: dict[str, Any]) -> dict[str, Any]:
    rate = values.get("tax_rate")
    return values if rate is None else {**values, "tax_rate": str(rate)}


def _exists(external_id: str | None) -> Conflict:
    message = (
        f"There is already a customer with the external id {external_id!r}. "
        "Use that one, or choose another external id."
    )
    return Conflict(message, code="customer_exists", field="external_id")

"""The people at a customer."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from atlas_hub.access import audit
from atlas_hub.customers.service import resolve_customer
from atlas_hub.customers.tables import Contact
from atlas_hub.http.actor import Actor
from atlas_hub_core.errors import NotFound


async def create_contact(
    session: AsyncSession, actor: Actor, customer: str, values: dict[str, Any]
) -> Contact:
    """Add a person, with the columns `values`, to the customer referred to."""
    row = await resolve_customer(session, customer)
    contact = Contact(customer_id=row.id, **values)
    session.add(contact)
    details = {"customer": row.id, **values}
    audit.record(session, actor, "create", "contact", contact.id, details)
    await session.flush()
    return contact


async def get_contact(
    session: AsyncSession, customer: str, contact_id: str, *, lock: bool = False
) -> Contact:
    """Return a contact of the customer referred to.

    Raises:
        NotFound: With code `contact_not_found`, also if it belongs to another customer.
    """
    row = await resolve_customer(session, customer)
    contact = await session.get(Contact, contact_id, with_for_update=lock)
    if contact is None or contact.customer_id != row.id:
        message = (
            f"Customer {row.id} has no contact {contact_id!r}. "
            f"GET /v1/customers/{row.id}/contacts lists them."
        )
        raise NotFound(message, code="contact_not_found")
    return contact


async def change_contact(
    session: AsyncSession, actor: Actor, contact: Contact, changes: dict[str, Any]
) -> None:
    """Set the columns in `changes`."""
    contact.sqlmodel_update(changes)
    audit.record(session, actor, "change", "contact", contact.id, changes)
    await session.flush()


async def delete_contact(session: AsyncSession, actor: Actor, contact: Contact) -> None:
    """Forget a person."""
    await session.delete(contact)
    details = {"customer": contact.customer_id}
    audit.record(session, actor, "delete", "contact", contact.id, details)

"""Links: which vendor record stands for which hub record, in one connection."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.access import audit
from atlas_hub.connections.tables import Link
from atlas_hub.db.ids import new_id
from atlas_hub.http.actor import Actor
from atlas_hub_core.errors import Conflict


async def add_link(
    session: AsyncSession,
    actor: Actor,
    *,
    connection_id: str,
    resource: str,
    hub_id: str,
    vendor_id: str,
) -> Link:
    """Link a pair; linking the same pair again changes nothing.

    Raises:
        Conflict: one of the two is linked to another record.
    """
    values = {
        "id": new_id("lnk"),
        "connection_id": connection_id,
        "resource": resource,
        "hub_id": hub_id,
        "vendor_id": vendor_id,
    }
    added = await session.execute(
        insert(Link).values(values).on_conflict_do_nothing().returning(col(Link.id))
    )
    if added.first() is not None:
        details = {"connection": connection_id, "hub": hub_id, "vendor": vendor_id}
        audit.record(session, actor, "create", "link", str(values["id"]), details)
    return await _linked_pair(session, connection_id, resource, hub_id, vendor_id)


async def _linked_pair(
    session: AsyncSession, connection_id: str, resource: str, hub_id: str, vendor_id: str
) -> Link:
    found = await session.execute(
        select(Link).where(
            col(Link.connection_id) == connection_id,
            col(Link.resource) == resource,
            (col(Link.hub_id) == hub_id) | (col(Link.vendor_id) == vendor_id),
        )
    )
    rows = list(found.scalars())
    for row in rows:
        if (row.hub_id, row.vendor_id) == (hub_id, vendor_id):
            return row
    other = rows[0]
    message = (
        f"{hub_id} and {vendor_id} cannot be linked: {other.hub_id} is linked to "
        f"{other.vendor_id} in this connection. Remove that link first."
    )
    raise Conflict(message, code="already_linked", field="vendor")


async def vendor_id_of(
    session: AsyncSession, connection_id: str, resource: str, hub_id: str
) -> str | None:
    """Return the vendor record that stands for a hub record, if they are linked."""
    found = await session.execute(
        select(col(Link.vendor_id)).where(
            col(Link.connection_id) == connection_id,
            col(Link.resource) == resource,
            col(Link.hub_id) == hub_id,
        )
    )
    return found.scalar_one_or_none()

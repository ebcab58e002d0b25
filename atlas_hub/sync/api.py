"""Routes: links between hub records and vendor records."""

from typing import Annotated

from fastapi import Query
from pydantic import Field
from sqlalchemy import select
from sqlmodel import col

from atlas_hub.access import audit
from atlas_hub.connections import service
from atlas_hub.connections.links import add_link
from atlas_hub.connections.tables import Link
from atlas_hub.customers.service import resolve_customer
from atlas_hub.http.bodies import Answer, Body, Reference, Timestamp
from atlas_hub.http.paging import Cursor, Limit, Page, fetch_page
from atlas_hub.http.routing import Caller, Router, Session, needs
from atlas_hub_core.errors import NotFound

router = Router("links")


class NewLink(Body):
    """A pair to be linked by hand."""

    connection: Reference
    resource: str = Field(pattern="^customer$", description="What kind of record.")
    hub: Reference
    vendor: Reference


class LinkAnswer(Answer):
    """A linked pair."""

    id: str
    connection: str
    resource: str
    hub: str
    vendor: str
    created_at: Timestamp


@router.post("/v1/links", status_code=201, openapi_extra=needs("connections:write"))
async def create_link(body: NewLink, session: Session, caller: Caller) -> LinkAnswer:
    """Say which vendor record already stands for a hub record."""
    connection = await service.get_connection(session, body.connection)
    customer = await resolve_customer(session, body.hub)
    link = await add_link(
        session,
        caller,
        connection_id=connection.id,
        resource=body.resource,
        hub_id=customer.id,
        vendor_id=body.vendor,
    )
    return _link_answer(link)


@router.get("/v1/links", openapi_extra=needs("connections:read"))
async def list_links(
    session: Session,
    connection: Annotated[str | None, Query(description="Id or name of a connection.")] = None,
    hub: Annotated[str | None, Query(description="Id of a hub record.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[LinkAnswer]:
    """List linked pairs, newest first."""
    statement = select(Link)
    if connection is not None:
        row = await service.get_connection(session, connection)
        statement = statement.where(col(Link.connection_id) == row.id)
    if hub is not None:
        statement = statement.where(col(Link.hub_id) == hub)
    rows, following = await fetch_page(session, statement, col(Link.id), limit=limit, cursor=cursor)
    return Page(data=[_link_answer(row) for row in rows], next_cursor=following)


@router.delete("/v1/links/{link_id}", status_code=204, openapi_extra=needs("connections:write"))
async def delete_link(link_id: str, session: Session, caller: Caller) -> None:
    """Unlink a pair; neither record changes."""
    row = await session.get(Link, link_id)
    if row is None:
        message = f"There is no link {link_id}. GET /v1/links lists them."
        raise NotFound(message, code="link_not_found")
    await session.delete(row)
    details = {"connection": row.connection_id, "hub": row.hub_id, "vendor": row.vendor_id}
    audit.record(session, caller, "delete", "link", row.id, details)


def _link_answer(link: Link) -> LinkAnswer:
    return LinkAnswer(
        id=link.id,
        connection=link.connection_id,
        resource=link.resource,
        hub=link.hub_id,
        vendor=link.vendor_id,
        created_at=link.created_at,
    )

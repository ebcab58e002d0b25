"""Routes: customers and their contacts."""

from decimal import Decimal
from typing import Annotated

from fastapi import Query
from sqlalchemy import select
from sqlmodel import col

from atlas_hub.customers import contacts, service
from atlas_hub.customers.fields import Attributes, ExternalId, Percent, Role, TimeZone
from atlas_hub.customers.tables import Contact, Customer
from atlas_hub.http.bodies import Amount, Answer, Body, Change, Email, Name, Timestamp, left_out
from atlas_hub.http.paging import Cursor, Limit, Page, fetch_page
from atlas_hub.http.routing import Caller, Router, Session, needs

router = Router("customers")


class NewCustomer(Body):
    """Who pays."""

    name: Name
    email: Email
    external_id: ExternalId | None = None
    timezone: TimeZone = "UTC"
    tax_rate: Percent = Decimal(0)
    attributes: Attributes = {}


class CustomerChange(Change):
    """What to change of a customer."""

    name: Name = left_out()
    email: Email = left_out()
    external_id: ExternalId | None = None
    timezone: TimeZone = left_out()
    tax_rate: Percent = left_out()
    attributes: Attributes = left_out()


class CustomerAnswer(Answer):
    """Who pays. `timezone` fixes where days and months begin; `tax_rate` is a percentage."""

    id: str
    external_id: str | None
    name: str
    email: str
    timezone: str
    tax_rate: Amount
    attributes: dict[str, str]
    created_at: Timestamp


class NewContact(Body):
    """A person at a customer."""

    name: Name
    email: Email
    role: Role = "other"


class ContactChange(Change):
    """What to change of a contact."""

    name: Name = left_out()
    email: Email = left_out()
    role: Role = left_out()


class ContactAnswer(Answer):
    """A person at a customer."""

    id: str
    name: str
    email: str
    role: Role
    created_at: Timestamp


@router.post("/v1/customers", status_code=201, openapi_extra=needs("customers:write"))
async def create_customer(body: NewCustomer, session: Session, caller: Caller) -> CustomerAnswer:
    """Add a customer; a name and an e-mail address are enough."""
    row = await service.create_customer(session, caller, body.model_dump())
    return CustomerAnswer.model_validate(row)


@router.get("/v1/customers", openapi_extra=needs("customers:read"))
async def list_customers(
    session: Session,
    email: Annotated[str | None, Query(description="Only customers with this address.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[CustomerAnswer]:
    """List customers, newest first."""
    statement = select(Customer)
    if email is not None:
        statement = statement.where(col(Customer.email) == email)
    rows, following = await fetch_page(
        session, statement, col(Customer.id), limit=limit, cursor=cursor
    )
    return Page(data=[CustomerAnswer.model_validate(row) for row in rows], next_cursor=following)


@router.get("/v1/customers/{customer}", openapi_extra=needs("customers:read"))
async def get_customer(customer: str, session: Session) -> CustomerAnswer:
    """Answer one customer, by id or external id."""
    return CustomerAnswer.model_validate(await service.resolve_customer(session, customer))


@router.patch("/v1/customers/{customer}", openapi_extra=needs("customers:write"))
async def change_customer(
    customer: str, body: CustomerChange, session: Session, caller: Caller
) -> CustomerAnswer:
    """Change a customer; subscriptions keep the time zone that they began with."""
    row = await service.change_customer(session, caller, customer, body.changed())
    return CustomerAnswer.model_validate(row)


@router.post(
    "/v1/customers/{customer}/contacts", status_code=201, openapi_extra=needs("customers:write")
)
async def create_contact(
    customer: str, body: NewContact, session: Session, caller: Caller
) -> ContactAnswer:
    """Add a person to a customer."""
    row = await contacts.create_contact(session, caller, customer, body.model_dump())
    return ContactAnswer.model_validate(row)


@router.get("/v1/customers/{customer}/contacts", openapi_extra=needs("customers:read"))
async def list_contacts(
    customer: str, session: Session, limit: Limit = 50, cursor: Cursor = None
) -> Page[ContactAnswer]:
    """List the people at a customer, newest first."""
    row = await service.resolve_customer(session, customer)
    statement = select(Contact).where(col(Contact.customer_id) == row.id)
    rows, following = await fetch_page(
        session, statement, col(Contact.id), limit=limit, cursor=cursor
    )
    return Page(data=[ContactAnswer.model_validate(row) for row in rows], next_cursor=following)


@router.patch("/v1/customers/{customer}/contacts/{contact}", openapi_extra=needs("customers:write"))
async def change_contact(
    customer: str, contact: str, body: ContactChange, session: Session, caller: Caller
) -> ContactAnswer:
    """Change a person's name, address or role."""
    row = await contacts.get_contact(session, customer, contact, lock=True)
    await contacts.change_contact(session, caller, row, body.changed())
    return ContactAnswer.model_validate(row)


@router.delete(
    "/v1/customers/{customer}/contacts/{contact}",
    status_code=204,
    openapi_extra=needs("customers:write"),
)
async def delete_contact(customer: str, contact: str, session: Session, caller: Caller) -> None:
    """Remove a person from a customer."""
    row = await contacts.get_contact(session, customer, contact, lock=True)
    await contacts.delete_contact(session, caller, row)

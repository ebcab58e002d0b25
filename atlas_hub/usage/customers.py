"""Whose events: a customer goes by its id and its external id, also before it is known."""

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.customers.tables import Customer


def refs_of(customer: Customer) -> tuple[str, ...]:
    """Return what events may call a customer."""
    known = (customer.id, customer.external_id)
    return tuple(reference for reference in known if reference is not None)


async def customer_refs(session: AsyncSession, reference: str) -> tuple[str, ...]:
    """Return what events may call the customer `reference`; itself if there is none yet."""
    named = or_(col(Customer.id) == reference, col(Customer.external_id) == reference)
    customer = (await session.execute(select(Customer).where(named))).scalar_one_or_none()
    return refs_of(customer) if customer else (reference,)

"""Writes that may meet a taken unique value, without losing the transaction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from atlas_hub_core.errors import Conflict

_UNIQUE_VIOLATION: Final = "23505"


@asynccontextmanager
async def unless_taken(session: AsyncSession, taken: Conflict) -> AsyncIterator[None]:
    """Write what is changed inside, in a savepoint; raise `taken` if a unique value is taken."""
    try:
        async with session.begin_nested():
            yield
    except IntegrityError as error:
        if getattr(error.orig, "sqlstate", None) != _UNIQUE_VIOLATION:
            raise
        raise taken from None


async def one_at_a_time(session: AsyncSession, name: str) -> None:
    """Wait until no other transaction works under `name`, then hold it until this one ends."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))

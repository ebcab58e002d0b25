"""Work on a batch in one transaction; what makes it fail is found and left out."""

import logging
from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from atlas_hub.db.engine import Database

logger = logging.getLogger(__name__)

Act = Callable[[AsyncSession, Sequence[str]], Awaitable[list[str]]]


async def in_parts(
    database: Database, ids: Sequence[str], act: Act, failed: dict[str, str]
) -> list[str]:
    """Run `act` on all ids in one transaction, or, if that fails, on ever smaller parts of them.

    Args:
        database: Where the transactions run.
        ids: The batch.
        act: What to do with some of it; its answers are joined.
        failed: Takes the reason for every id that fails alone.

    Raises:
        OSError, OperationalError, InterfaceError: PostgreSQL is away, which is nobody's fault.
    """
    try:
        async with database.transaction() as session:
            return await act(session, ids)
    except (OSError, OperationalError, InterfaceError):
        raise
    except Exception as error:
        if len(ids) == 1:
            logger.exception("billing of %s failed", ids[0])
            failed[ids[0]] = f"{type(error).__name__}: {error}"
            return []
    middle = len(ids) // 2
    first = await in_parts(database, ids[:middle], act, failed)
    return first + await in_parts(database, ids[middle:], act, failed)

"""Business time: what periods, billing, expiry and due dates go by.

It is the real time, or, with `ATLAS_TEST_CLOCK=1`, a row that only `POST /v1/test_clock` moves.
Leases, retries, timeouts and signatures stay on real time.
"""

from datetime import UTC, datetime
from typing import Final

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import Field, SQLModel, select

from atlas_hub.db.columns import utc


class TestClock(SQLModel, table=True):
    """The one row of business time in test mode."""

    __tablename__ = "test_clock"
    id: int = Field(default=1, primary_key=True)
    now: datetime = utc()


class Clock:
    """Answers what time it is for the business."""

    def __init__(self, *, test_mode: bool) -> None:
        self.test_mode: Final = test_mode

    async def now(self, session: AsyncSession) -> datetime:
        """Return business time, aware UTC."""
        return await self.set_time(session) or datetime.now(UTC)

    async def set_time(self, session: AsyncSession) -> datetime | None:
        """Return the time that test mode was set to; None on real time or before it was set."""
        if not self.test_mode:
            return None
        return (await session.execute(select(TestClock.now))).scalar_one_or_none()

    async def set(self, session: AsyncSession, now: datetime) -> None:
        """Move test time to `now`; the caller commits and has checked `test_mode`."""
        statement = insert(TestClock).values(id=1, now=now)
        await session.execute(
            statement.on_conflict_do_update(index_elements=["id"], set_={"now": now})
        )

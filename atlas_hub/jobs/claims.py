"""Claim due jobs, keep them, give them back. All times are the database's."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import text

from atlas_hub.db.engine import Database
from atlas_hub.jobs.kinds import Lease, arrays

# now() is when this short transaction began: unlike clock_timestamp() it can bound an index scan.
_CLAIM: Final = text("""
    with due as (
        select id from job
        where state = 'ready' and run_at <= now() and kind = any(cast(:kinds as text[]))
        order by run_at limit :limit
        for update skip locked
    )
    update job set
        state = 'running', run_at = 'infinity', attempts = attempts + 1, fence = fence + 1,
        lease_owner = :owner, lease_until = clock_timestamp() + :seconds * interval '1 second'
    from due where job.id = due.id
    returning job.id, job.kind, job.key, job.version, job.attempts, job.fence
""")

# Rows that somebody has locked are skipped everywhere below, so that none of these statements,
# which touch many rows at once, can be part of a deadlock.
_EXTEND: Final = text("""
    with mine as (
        select job.id from job
        join unnest(cast(:ids as text[]), cast(:fences as bigint[])) as held (id, fence)
            on job.id = held.id and job.fence = held.fence
        where job.state = 'running'
        for no key update of job skip locked
    )
    update job set lease_until = clock_timestamp() + :seconds * interval '1 second'
    from mine where job.id = mine.id
    returning job.id
""")

_STILL_HELD: Final = text("""
    select job.id from job
    join unnest(cast(:ids as text[]), cast(:fences as bigint[])) as held (id, fence)
        on job.id = held.id and job.fence = held.fence
    where job.state = 'running'
""")

_RELEASE: Final = text("""
    with mine as (
        select job.id from job
        join unnest(cast(:ids as text[]), cast(:fences as bigint[])) as held (id, fence)
            on job.id = held.id and job.fence = held.fence
        where job.state = 'running'
        for no key update of job skip locked
    )
    update job set state = 'ready', run_at = clock_timestamp(), attempts = attempts - 1,
        lease_owner = null, lease_until = null
    from mine where job.id = mine.id
""")


class Claims:
    """One worker's claims on jobs, lasting `seconds` unless extended."""

    def __init__(self, database: Database, owner: str, seconds: float) -> None:
        self._database: Final = database
        self._owner: Final = owner
        self._seconds: Final = seconds

    async def claim(self, kinds: Sequence[str], limit: int) -> list[Lease]:
        """Take up to `limit` due jobs of `kinds`, oldest first; each counts as an attempt."""
        async with self._database.engine.begin() as connection:
            rows = await connection.execute(
                _CLAIM,
                {
                    "kinds": list(kinds),
                    "limit": limit,
                    "owner": self._owner,
                    "seconds": self._seconds,
                },
            )
            return [Lease(*row) for row in rows]

    async def extend(self, leases: Sequence[Lease]) -> set[str]:
        """Extend `leases`; return the ids of those that are lost.

        A row that somebody else is writing to right now is neither extended nor lost.
        """
        held = arrays(leases)
        async with self._database.engine.begin() as connection:
            extended = await connection.execute(_EXTEND, {**held, "seconds": self._seconds})
            kept = set(extended.scalars())
            if len(kept) < len(leases):
                kept.update((await connection.execute(_STILL_HELD, held)).scalars())
        return {lease.id for lease in leases} - kept

    async def release(self, leases: Sequence[Lease]) -> None:
        """Give jobs back unfinished, as if they had not been claimed."""
        async with self._database.engine.begin() as connection:
            await connection.execute(_RELEASE, arrays(leases))

"""Ask for work, inside the transaction of the change that needs it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from atlas_hub.db.engine import Database
from atlas_hub.db.ids import new_id
from atlas_hub.jobs.bell import Bell

_BELL: Final = "jobs.bell"
_ENQUEUED: Final = "jobs.enqueued"

# Sorted keys: two transactions that ask for the same jobs take the row locks in the same order.
# A running row has run_at 'infinity'; lowering it is what tells the finisher to run once more.
_UPSERT: Final = text("""
    insert into job (id, kind, key, version, state, run_at, attempts, fence)
    select asked.id, :kind, asked.key, 1, 'ready', coalesce(:run_at, clock_timestamp()), 0, 0
    from unnest(cast(:ids as text[]), cast(:keys as text[])) as asked (id, key)
    order by asked.key
    on conflict (kind, key) do update set
        version = job.version + 1,
        state = case job.state when 'running' then 'running' else 'ready' end,
        attempts = case job.state when 'dead' then 0 else job.attempts end,
        run_at = case job.state
            when 'dead' then excluded.run_at else least(job.run_at, excluded.run_at) end
""")


async def enqueue(
    session: AsyncSession, kind: str, key: str, *, run_at: datetime | None = None
) -> None:
    """Ask for one run of `kind` on the record `key`, not before `run_at` (default: now).

    The row commits or rolls back with the caller. Asking again for work that waits costs nothing;
    asking while it runs causes one more run; asking for dead work revives it.
    """
    await enqueue_many(session, kind, (key,), run_at=run_at)


async def enqueue_many(
    session: AsyncSession, kind: str, keys: Iterable[str], *, run_at: datetime | None = None
) -> None:
    """Ask for one run of `kind` for each of `keys`, in one statement."""
    distinct = sorted(set(keys))
    if not distinct:
        return
    ids = [new_id("job") for _ in distinct]
    await session.execute(_UPSERT, {"kind": kind, "keys": distinct, "ids": ids, "run_at": run_at})
    ring_after_commit(session)


def ring_after_commit(session: AsyncSession) -> None:
    """Ring the session's bell, if it has one, once its transaction is committed."""
    session.info[_ENQUEUED] = True


def attach_bell(database: Database, bell: Bell) -> None:
    """Let every later session of `database` ring `bell` after a commit that enqueued jobs."""
    database.mark_sessions({_BELL: bell})


@event.listens_for(Session, "after_commit")
def _ring(session: Session) -> None:
    if session.in_nested_transaction():  # a savepoint: nobody else can see the rows yet
        return
    if session.info.pop(_ENQUEUED, False) and (bell := session.info.get(_BELL)):
        bell.ring()


@event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    if not session.in_nested_transaction():
        session.info.pop(_ENQUEUED, None)

"""Dead letters: jobs that nobody tries again until a person or a change asks for it."""

from collections.abc import Sequence

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from atlas_hub.jobs.queue import ring_after_commit
from atlas_hub.jobs.tables import Job
from atlas_hub_core.errors import Conflict, NotFound


async def list_dead(
    session: AsyncSession, *, after: str | None = None, limit: int = 100
) -> Sequence[Job]:
    """Return up to `limit` dead jobs in the order of their ids, from behind the id `after`."""
    statement = select(Job).where(Job.state == "dead").order_by(col(Job.id)).limit(limit)
    if after is not None:
        statement = statement.where(Job.id > after)
    return (await session.execute(statement)).scalars().all()


async def retry(session: AsyncSession, job_id: str) -> Job:
    """Let the dead job `job_id` run again, with all its attempts; the caller commits.

    Raises:
        NotFound: there is no such job; a job that has finished is gone.
        Conflict: the job is not dead.
    """
    statement = select(Job).where(Job.id == job_id).with_for_update(key_share=True)
    job = (await session.execute(statement)).scalar_one_or_none()
    if job is None:
        message = f"there is no job {job_id!r}; finished jobs are not kept"
        raise NotFound(message, code="job_not_found")
    if job.state != "dead":
        message = f"job {job_id} is {job.state}; only dead jobs can be retried"
        raise Conflict(message, code="job_not_dead")
    job.state, job.attempts, job.version = "ready", 0, job.version + 1
    job.run_at = func.clock_timestamp()  # type: ignore[assignment]
    await session.flush()
    await session.refresh(job)
    ring_after_commit(session)
    return job

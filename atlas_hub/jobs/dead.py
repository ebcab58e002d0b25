"""Dead letters: jobs that nobody tries again until a person or a change asks for it."""

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.jobs.queue import ring_after_commit
from atlas_hub.jobs.tables import Job
from atlas_hub_core.errors import Conflict, NotFound


def dead_jobs() -> Select[Job]:
    """Return the statement that lists dead jobs; page it by `Job.id`."""
    return select(Job).where(col(Job.state) == "dead")


async def retry(session: AsyncSession, job_id: str) -> Job:
    """Let the dead job `job_id` run again, with all its attempts; the caller commits.

    Raises:
        NotFound: there is no such job; a job that has finished is gone.
        Conflict: the job is not dead.
    """
    statement = select(Job).where(col(Job.id) == job_id).with_for_update(key_share=True)
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

"""Jobs and schedules of the room."""

from functools import partial

from atlas_hub.access.seal import BATCH, seal
from atlas_hub.http.idempotency import forget_old
from atlas_hub.hub import Hub
from atlas_hub.jobs.kinds import JobKind, JobRun
from atlas_hub.jobs.schedules import Schedule

SCHEDULES = (
    Schedule("access.seal_audit", "access.seal_audit", "all", every_seconds=60),
    Schedule("access.forget_answers", "access.forget_answers", "all", every_seconds=3600),
)


async def seal_audit(_: Hub, job: JobRun) -> None:
    """Run the job `access.seal_audit`."""
    sealed = BATCH
    while sealed == BATCH:
        async with job.transaction() as session:
            sealed = await seal(session)


async def forget_answers(_: Hub, job: JobRun) -> None:
    """Run the job `access.forget_answers`: idempotency answers are kept 30 days."""
    async with job.transaction() as session:
        await forget_old(session)


def kinds(hub: Hub) -> list[JobKind]:
    """Return the kinds of jobs of this room."""
    return [
        JobKind("access.seal_audit", partial(seal_audit, hub)),
        JobKind("access.forget_answers", partial(forget_answers, hub)),
    ]

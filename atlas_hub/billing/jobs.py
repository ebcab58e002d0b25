"""Jobs and schedules of the room."""

from functools import partial

from atlas_hub.billing.run import run_billing
from atlas_hub.http.actor import SYSTEM
from atlas_hub.hub import Hub
from atlas_hub.jobs.kinds import JobKind, JobRun
from atlas_hub.jobs.schedules import Schedule

SCHEDULES = (Schedule("billing.sweep", "billing.sweep", "all", every_seconds=60),)


async def sweep(hub: Hub, _: JobRun) -> None:
    """Run the job `billing.sweep`: bill what is due now, finalize what has waited long enough."""
    await run_billing(hub, SYSTEM)


def kinds(hub: Hub) -> list[JobKind]:
    """Return the kinds of jobs of this room."""
    return [JobKind("billing.sweep", partial(sweep, hub), timeout_seconds=3600.0, concurrency=1)]

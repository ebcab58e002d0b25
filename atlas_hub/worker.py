"""The worker process: every room's jobs and schedules."""

import asyncio
from typing import Final

from atlas_hub.access import jobs as access
from atlas_hub.billing import jobs as billing
from atlas_hub.hub import Hub
from atlas_hub.jobs.kinds import Registry
from atlas_hub.jobs.schedules import ensure_schedules
from atlas_hub.jobs.worker import JobWorker
from atlas_hub.payments import jobs as payments

_ROOMS: Final = (access, billing, payments)


async def work(
    hub: Hub, redis_url: str | None, stop: asyncio.Event, *, lease_seconds: float
) -> None:
    """Run jobs until `stop` is set, then let those under way end."""
    registry = Registry(*(kind for room in _ROOMS for kind in room.kinds(hub)))
    async with hub.database.transaction() as session:
        await ensure_schedules(
            session, [schedule for room in _ROOMS for schedule in room.SCHEDULES]
        )
    worker = JobWorker(hub.database, registry, redis_url, lease_seconds=lease_seconds)
    await worker.run(stop)

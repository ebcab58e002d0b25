"""Take jobs back from workers that went away: their claims were not extended in time."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from sqlalchemy import text

from atlas_hub.db.engine import Database
from atlas_hub.jobs.kinds import JobKind, Lease
from atlas_hub.jobs.verdicts import Verdict, judge, settle
from atlas_hub_core.errors import Unavailable

_logger = logging.getLogger(__name__)

_EXPIRED: Final = text("""
    select id, kind, key, version, attempts, fence from job
    where state = 'running' and lease_until <= now() and kind = any(cast(:kinds as text[]))
    order by lease_until limit 100
    for no key update skip locked
""")


class WorkerLost(Unavailable):
    """The worker that ran the job went away without a word."""


async def take_back(database: Database, kinds: Mapping[str, JobKind]) -> int:
    """Settle expired claims on `kinds` as failed attempts; return how many there were.

    The attempt counts, so a job that kills its worker is dead after its kind's `max_attempts`.
    """
    async with database.engine.begin() as connection:
        rows = await connection.execute(_EXPIRED, {"kinds": list(kinds)})
        leases = [Lease(*row) for row in rows]
        for lease in leases:
            verdict = _verdict(lease, kinds[lease.kind].max_attempts)
            state = await settle(connection, lease, verdict)
            _logger.warning("%s %s lost its worker: %s", lease.kind, lease.key, state)
    return len(leases)


def _verdict(lease: Lease, max_attempts: int) -> Verdict:
    message = f"the worker went away during attempt {lease.attempt}"
    verdict = judge(WorkerLost(message, code="worker_lost"), lease.attempt, max_attempts)
    # Once is a crash or a deploy: resume at once. Twice may be the job's own doing: the delays also
    # scatter jobs that died together, so that a poisonous one does not take the same others along.
    return replace(verdict, delay=0.0) if lease.attempt == 1 else verdict

"""Schedules: rows that enqueue a job again and again."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from atlas_hub.jobs.queue import enqueue_many

_ENSURE: Final = text("""
    insert into job_schedule (name, kind, key, every_seconds, next_run_at)
    values (:name, :kind, :key, :every_seconds, now())
    on conflict (name) do update set
        kind = excluded.kind, key = excluded.key, every_seconds = excluded.every_seconds,
        next_run_at = least(
            job_schedule.next_run_at, now() + excluded.every_seconds * interval '1 second')
""")

# The next tick stays on the schedule's own grid, however many ticks were missed.
_FIRE: Final = text("""
    with due as (
        select name from job_schedule where next_run_at <= now() for update skip locked
    )
    update job_schedule set next_run_at = next_run_at + interval '1 second' * every_seconds
        * (1 + floor(extract(epoch from now() - next_run_at) / every_seconds)::int)
    from due where job_schedule.name = due.name
    returning job_schedule.kind, job_schedule.key
""")


@dataclass(frozen=True, slots=True)
class Schedule:
    """Enqueue (`kind`, `key`) every `every_seconds`, whole seconds, at least 1; first at once."""

    name: str
    kind: str
    key: str
    every_seconds: int


async def ensure_schedules(session: AsyncSession, schedules: Iterable[Schedule]) -> None:
    """Create what is missing and update what differs; a tick that is due already stays due."""
    for schedule in sorted(schedules, key=lambda one: one.name):
        await session.execute(_ENSURE, asdict(schedule))


async def fire_due(session: AsyncSession) -> int:
    """Enqueue the jobs of all due schedules; return how many schedules fired.

    Ticks missed meanwhile are caught up once. Two callers never fire the same tick.
    """
    keys: dict[str, list[str]] = defaultdict(list)
    fired = 0
    for kind, key in await session.execute(_FIRE):
        keys[kind].append(key)
        fired += 1
    for kind in sorted(keys):
        await enqueue_many(session, kind, keys[kind])
    return fired

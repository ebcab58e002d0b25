"""Schedules are rows: fired once per tick by whoever comes first."""

import asyncio

import pytest

from atlas_hub.jobs.schedules import Schedule, ensure_schedules, fire_due

HOURLY = Schedule("hourly", "note", "all", 3600)


@pytest.fixture
def ensure(database):
    async def do(*schedules: Schedule) -> None:
        async with database.transaction() as session:
            await ensure_schedules(session, schedules)

    return do


@pytest.fixture
def fire(database):
    async def do() -> int:
        async with database.transaction() as session:
            return await fire_due(session)

    return do


async def test_a_new_schedule_fires_at_once_and_then_every_so_often(jobs, ensure, fire):
    await ensure(HOURLY)
    assert await fire() == 1
    assert await fire() == 0
    assert (await jobs.row("note", "all")).version == 1
    (row,) = await jobs.sql("select next_run_at - now() from job_schedule")
    assert 3500 < row[0].total_seconds() <= 3600


async def test_missed_ticks_are_caught_up_once_and_stay_on_the_grid(jobs, ensure, fire):
    await ensure(HOURLY)
    await jobs.sql("update job_schedule set next_run_at = now() - interval '100.5 hours'")
    (before,) = await jobs.sql("select next_run_at from job_schedule")
    assert await fire() == 1
    assert await fire() == 0
    (after,) = await jobs.sql("select next_run_at, now() from job_schedule")
    assert (after[0] - before[0]).total_seconds() == 101 * 3600
    assert after[0] > after[1]


async def test_many_at_once_fire_a_tick_once(jobs, ensure, fire):
    await ensure(*(Schedule(f"s{n}", "note", str(n), 3600) for n in range(20)))
    fired = await asyncio.gather(*(fire() for _ in range(8)))
    assert sum(fired) == 20
    versions = await jobs.sql("select distinct version from job")
    assert [row[0] for row in versions] == [1]


async def test_ensuring_again_keeps_the_tick_and_takes_the_changes(jobs, ensure, fire):
    await ensure(HOURLY)
    await fire()
    (before,) = await jobs.sql("select next_run_at from job_schedule")
    await ensure(HOURLY)
    assert await jobs.sql("select next_run_at from job_schedule") == [before]
    await ensure(Schedule("hourly", "note", "some", 60))
    (row,) = await jobs.sql("select key, next_run_at - now() from job_schedule")
    assert row[0] == "some"
    assert row[1].total_seconds() <= 60


async def test_workers_fire_schedules(jobs, ensure, start_worker, noting):
    await ensure(HOURLY)
    for _ in range(2):
        await start_worker(noting)

    async def ran() -> bool:
        return len(await jobs.effects()) == 1

    await jobs.until(ran)
    await asyncio.sleep(0.5)
    assert len(await jobs.effects()) == 1

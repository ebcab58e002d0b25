"""Asking for work: in the caller's transaction, coalesced by (kind, key)."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from atlas_hub.jobs.bell import Bell
from atlas_hub.jobs.kinds import JobKind, JobRun, Registry
from atlas_hub.jobs.queue import attach_bell, enqueue, enqueue_many


class CountingBell(Bell):
    def __init__(self) -> None:
        self.rings = 0

    def ring(self) -> None:
        self.rings += 1

    async def close(self) -> None:
        pass


async def test_ten_edits_are_one_run(jobs, start_worker):
    versions = []

    async def handler(run: JobRun) -> None:
        versions.append(run.version)

    for _ in range(10):
        await jobs.ask("sync", "cus_1")
    await start_worker(Registry(JobKind("sync", handler)))
    await jobs.drained()
    assert versions == [10]


async def test_edits_during_a_run_are_one_more_run(jobs, start_worker):
    started, go_on = asyncio.Event(), asyncio.Event()
    versions = []

    async def handler(run: JobRun) -> None:
        versions.append(run.version)
        started.set()
        await go_on.wait()

    await start_worker(Registry(JobKind("sync", handler)))
    await jobs.ask("sync", "cus_1")
    await started.wait()
    for _ in range(3):
        await jobs.ask("sync", "cus_1")
    assert (await jobs.row("sync", "cus_1")).state == "running"
    go_on.set()
    await jobs.drained()
    assert versions == [1, 4]


async def test_job_is_atomic_with_the_callers_change(jobs, database):
    async def change() -> None:
        async with database.transaction() as session:
            await enqueue(session, "sync", "cus_1")
            raise RuntimeError("changed my mind")

    with pytest.raises(RuntimeError, match="changed my mind"):
        await change()
    assert await jobs.row("sync", "cus_1") is None


async def test_a_transaction_committed_late_is_still_found(jobs, database, noting, start_worker):
    await start_worker(noting)
    async with database.transaction() as session:
        await enqueue(session, "note", "older")
        await jobs.ask("note", "younger")

        async def younger_ran() -> bool:
            return len(await jobs.effects()) == 1

        await jobs.until(younger_ran)
    await jobs.drained()
    assert [key for _, key, _ in await jobs.effects()] == ["younger", "older"]


async def test_run_at_only_moves_forward(jobs):
    soon, late = (datetime.now(UTC) + timedelta(hours=hours) for hours in (1, 2))
    await jobs.ask("sync", "a", run_at=late)
    await jobs.ask("sync", "a", run_at=soon)
    assert (await jobs.row("sync", "a")).run_at == soon
    await jobs.ask("sync", "a", run_at=late)
    row = await jobs.row("sync", "a")
    assert (row.run_at, row.version) == (soon, 3)


async def test_a_run_asked_for_later_during_a_run_comes_later(jobs, start_worker):
    started, go_on = asyncio.Event(), asyncio.Event()

    async def handler(run: JobRun) -> None:
        started.set()
        await go_on.wait()

    later = datetime.now(UTC) + timedelta(hours=1)
    await start_worker(Registry(JobKind("sync", handler)))
    await jobs.ask("sync", "a")
    await started.wait()
    await jobs.ask("sync", "a", run_at=later)
    go_on.set()

    async def waits() -> bool:
        row = await jobs.row("sync", "a")
        return (row.state, row.run_at, row.attempts) == ("ready", later, 0)

    await jobs.until(waits)


async def test_asking_for_dead_work_revives_it(jobs):
    await jobs.ask("sync", "a")
    await jobs.sql("update job set state = 'dead', attempts = 9, run_at = '2020-01-01Z'")
    await jobs.ask("sync", "a")
    row = await jobs.row("sync", "a")
    assert (row.state, row.attempts) == ("ready", 0)
    assert row.run_at.year > 2020


async def test_enqueue_many_drops_repeated_keys(jobs, database):
    async with database.transaction() as session:
        await enqueue_many(session, "sync", ["b", "a", "b"])
        await enqueue_many(session, "sync", [])
    rows = await jobs.sql("select key, version from job order by key")
    assert [tuple(row) for row in rows] == [("a", 1), ("b", 1)]


async def test_callers_in_opposite_order_do_not_deadlock(jobs, database):
    keys = [f"k{number}" for number in range(200)]

    async def ask(order: list[str]) -> None:
        for _ in range(10):
            async with database.transaction() as session:
                await enqueue_many(session, "sync", order)

    await asyncio.gather(ask(keys), ask(keys[::-1]), ask(keys))
    versions = await jobs.sql("select distinct version from job")
    assert [row.version for row in versions] == [30]


async def test_the_bell_rings_once_and_only_after_the_commit(database):
    bell = CountingBell()
    attach_bell(database, bell)
    async with database.session() as session:
        async with session.begin_nested():
            await enqueue_many(session, "sync", ["a", "b"])
        assert bell.rings == 0
        await session.commit()
        assert bell.rings == 1
        await session.commit()
        await enqueue(session, "sync", "c")
        await session.rollback()
        await session.commit()
    assert bell.rings == 1


async def test_a_savepoint_rolled_back_keeps_the_outer_ring(database):
    bell = CountingBell()
    attach_bell(database, bell)
    async with database.transaction() as session:
        await enqueue(session, "sync", "a")
        nested = await session.begin_nested()
        await nested.rollback()
    assert bell.rings == 1

"""Claims, leases, fences: a job is never done by two, and never by a worker that lost it."""

import asyncio
from collections import Counter

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from atlas_hub.jobs.claims import Claims
from atlas_hub.jobs.expired import take_back
from atlas_hub.jobs.finisher import Finisher
from atlas_hub.jobs.kinds import JobKind, JobRun, LeaseLost, Registry
from atlas_hub_core.errors import Conflict


@pytest.fixture
def claims(database):
    return Claims(database, "wrk_test", seconds=30)


async def expire(jobs) -> None:
    await jobs.sql("update job set lease_until = now() - interval '1 second'")


async def test_an_attempt_counts_when_it_is_claimed(jobs, claims):
    await jobs.ask("note", "a")
    (lease,) = await claims.claim(["note"], 10)
    row = await jobs.row("note", "a")
    assert (row.state, row.attempts, row.fence) == ("running", 1, 1)
    assert (lease.attempt, lease.version, lease.key) == (1, 1, "a")
    assert await claims.claim(["note"], 10) == []


async def test_a_zombie_cannot_write(jobs, database, claims, noting):
    await jobs.ask("note", "a")
    (old,) = await claims.claim(["note"], 1)
    await expire(jobs)
    assert await take_back(database, noting) == 1
    with pytest.raises(LeaseLost):
        await noting["note"].handler(JobRun(old, database, 30))
    (new,) = await claims.claim(["note"], 1)
    with pytest.raises(LeaseLost):
        await noting["note"].handler(JobRun(old, database, 30))
    await noting["note"].handler(JobRun(new, database, 30))
    assert len(await jobs.effects()) == 1
    assert await claims.extend([old]) == {old.id}
    await Finisher(database).finish(old)
    await claims.release([old])
    assert (await jobs.row("note", "a")).fence == new.fence
    assert (await jobs.row("note", "a")).state == "running"


async def test_nobody_claims_while_a_zombie_is_still_writing(jobs, database, claims, noting):
    await jobs.ask("note", "a")
    (lease,) = await claims.claim(["note"], 1)
    async with JobRun(lease, database, 30).transaction() as session:
        await session.execute(text("insert into effect (key) values ('a')"))
        await expire(jobs)
        await take_back(database, noting)
        assert await claims.claim(["note"], 1) == []
    assert len(await claims.claim(["note"], 1)) == 1


async def test_edits_and_extensions_do_not_wait_for_a_writing_handler(jobs, database, claims):
    await jobs.ask("note", "a")
    (lease,) = await claims.claim(["note"], 1)
    async with JobRun(lease, database, 30).transaction():
        async with asyncio.timeout(5):
            await jobs.ask("note", "a")
            before = (await jobs.row("note", "a")).lease_until
            assert await claims.extend([lease]) == set()
        assert (await jobs.row("note", "a")).lease_until > before


async def test_a_stalled_transaction_is_cut_off_after_a_lease(jobs, database, claims, noting):
    await jobs.ask("note", "a")
    (lease,) = await claims.claim(["note"], 1)

    async def stall() -> None:
        async with JobRun(lease, database, 0.2).transaction() as session:
            pid = (await session.execute(text("select pg_backend_pid()"))).scalar_one()

            async def cut_off() -> bool:
                return not await jobs.sql("select 1 from pg_stat_activity where pid = :p", p=pid)

            await jobs.until(cut_off, 5)
            await session.execute(text("insert into effect (key) values ('a')"))

    with pytest.raises(DBAPIError):
        await stall()
    assert await jobs.effects() == []


async def test_a_long_job_keeps_its_lease(jobs, start_worker, noting):
    async def handler(run: JobRun) -> None:
        await asyncio.sleep(1.5)
        await noting["note"].handler(run)

    registry = Registry(JobKind("long", handler))
    await jobs.ask("long", "a")
    for _ in range(2):
        await start_worker(registry, lease_seconds=0.6)
    await jobs.drained()
    assert len(await jobs.effects()) == 1


async def test_a_lost_lease_cancels_the_run(jobs, start_worker):
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def handler(run: JobRun) -> None:
        started.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    await jobs.ask("long", "a")
    await start_worker(Registry(JobKind("long", handler)), lease_seconds=0.4)
    await started.wait()
    await jobs.sql("update job set fence = fence + 1, lease_until = 'infinity'")
    async with asyncio.timeout(5):
        await cancelled.wait()
    assert (await jobs.row("long", "a")).state == "running"


async def test_two_workers_do_a_thousand_jobs_once_each(jobs, database, start_worker):
    runs: Counter[str] = Counter()

    async def handler(run: JobRun) -> None:
        runs[run.key] += 1

    await jobs.sql("""
        insert into job (id, kind, key, version, state, run_at, attempts, fence)
        select 'job_' || n, 'noop', n::text, 1, 'ready', now(), 0, 0
        from generate_series(1, 1000) n""")
    for _ in range(2):
        await start_worker(Registry(JobKind("noop", handler)))
    await jobs.drained(60)
    assert len(runs) == 1000
    assert set(runs.values()) == {1}


async def test_concurrency_of_a_kind_is_kept_and_others_go_on(jobs, start_worker):
    running = most = 0
    others = asyncio.Event()

    async def narrow(run: JobRun) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.2)
        running -= 1

    async def wide(run: JobRun) -> None:
        others.set()

    await jobs.ask("narrow", *map(str, range(10)))
    await jobs.ask("wide", "a")
    registry = Registry(JobKind("narrow", narrow, concurrency=2), JobKind("wide", wide))
    await start_worker(registry, concurrency=5)
    async with asyncio.timeout(10):
        await others.wait()
    await jobs.drained()
    assert most == 2


async def test_unknown_kinds_wait_visibly_for_a_worker_that_knows_them(jobs, start_worker, noting):
    await jobs.ask("plugin.sync", "a")
    stop = await start_worker(noting)

    async def stepped_back() -> bool:
        row = await jobs.row("plugin.sync", "a")
        return bool(row.last_error_code == "unknown_kind")

    await jobs.until(stepped_back)
    row = await jobs.row("plugin.sync", "a")
    assert (row.state, row.attempts) == ("ready", 0)
    (late,) = await jobs.sql("select run_at > now() + interval '30 seconds' from job")
    assert late[0]
    stop.set()
    await start_worker(Registry(JobKind("plugin.sync", noting["note"].handler)))
    await jobs.drained()


async def test_workers_without_a_plugin_leave_its_jobs_to_the_others(jobs, start_worker, noting):
    await start_worker(Registry(JobKind("plugin.sync", noting["note"].handler)))
    await start_worker(noting)
    await jobs.ask("plugin.sync", "a", "b", "c")
    await jobs.drained(5)


async def test_workers_say_that_they_live_and_leave(jobs, start_worker, noting):
    await jobs.sql("""insert into worker_heartbeat (id, host, pid, seen_at, kinds)
        values ('wrk_old', 'h', 1, now() - interval '1 day', '[]')""")
    stop = await start_worker(noting)

    async def workers() -> list[tuple[list[str], bool]]:
        rows = await jobs.sql("select kinds, id <> 'wrk_old' from worker_heartbeat")
        return [tuple(row) for row in rows]

    async def only_the_new_one() -> bool:
        return await workers() == [(["note"], True)]

    async def nobody() -> bool:
        return await workers() == []

    await jobs.until(only_the_new_one)
    stop.set()
    await jobs.until(nobody)


async def test_stopping_lets_short_jobs_end_and_gives_long_ones_back(jobs, start_worker, noting):
    started = asyncio.Event()

    async def long(run: JobRun) -> None:
        started.set()
        await asyncio.sleep(60)

    async def short(run: JobRun) -> None:
        await asyncio.sleep(0.3)
        await noting["note"].handler(run)

    async def deaf(run: JobRun) -> None:
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                return  # as if all were done

    registry = Registry(JobKind("long", long), JobKind("short", short), JobKind("deaf", deaf))
    for kind in registry:
        await jobs.ask(kind, "a")
    stop = await start_worker(registry, grace_seconds=1.0)

    async def all_run() -> bool:
        return {row.state for row in await jobs.all_rows()} == {"running"}

    await jobs.until(all_run)
    stop.set()

    async def given_back() -> bool:
        rows = await jobs.sql("select kind, state, attempts, lease_owner from job order by kind")
        return [tuple(row) for row in rows] == [
            ("deaf", "ready", 0, None),
            ("long", "ready", 0, None),
        ]

    await jobs.until(given_back)
    assert len(await jobs.effects()) == 1


def test_a_kind_is_registered_once():
    async def handler(run: JobRun) -> None: ...

    registry = Registry(JobKind("a", handler))
    with pytest.raises(Conflict):
        registry.add(JobKind("a", handler))

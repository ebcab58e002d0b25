"""What becomes of a job whose attempt fails is decided by the type of the error."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from atlas_hub.jobs import verdicts
from atlas_hub.jobs.dead import dead_jobs, retry
from atlas_hub.jobs.kinds import JobKind, JobRun, Registry
from atlas_hub.sdk.errors import AuthFailed, NotReady, RateLimited, Rejected
from atlas_hub_core.errors import Conflict, NotFound


def raising(error: BaseException, **options) -> Registry:
    async def handler(run: JobRun) -> None:
        raise error

    return Registry(JobKind("fail", handler, **options))


@pytest.fixture
def settled(jobs):
    """Wait until the job has failed at least once, and return its row."""

    async def wait(state: str) -> object:
        async def is_settled() -> bool:
            row = await jobs.row("fail", "a")
            return row.state == state and row.last_error is not None

        await jobs.until(is_settled)
        return await jobs.row("fail", "a")

    return wait


@pytest.mark.parametrize("kind", [Rejected, AuthFailed])
async def test_permanent_errors_are_dead_at_once(kind, jobs, start_worker, settled):
    await jobs.ask("fail", "a")
    await start_worker(raising(kind("no such field", code="bad_field")))
    row = await settled("dead")
    assert (row.attempts, row.last_error, row.last_error_code) == (1, "no such field", "bad_field")


async def test_retry_after_is_honoured_and_a_rate_limit_costs_no_attempt(
    jobs, start_worker, settled
):
    await jobs.ask("fail", "a")
    before = datetime.now(UTC)
    await start_worker(raising(RateLimited("slow", code="slow", retry_after=300), max_attempts=1))
    row = await settled("ready")
    assert row.attempts == 0
    assert timedelta(seconds=299) < row.run_at - before < timedelta(seconds=330)


async def test_not_ready_is_tried_again_later_and_counts(jobs, start_worker, settled):
    await jobs.ask("fail", "a")
    before = datetime.now(UTC)
    await start_worker(raising(NotReady("down", code="down", retry_after=100)))
    row = await settled("ready")
    assert row.attempts == 1
    assert timedelta(seconds=99) < row.run_at - before < timedelta(seconds=130)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("bug \x00 \ud800"),
        SystemExit(3),
        asyncio.CancelledError(),
        TimeoutError("of its own"),
        ExceptionGroup("several", [ValueError("one"), KeyError("two")]),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_anything_else_backs_off_and_is_dead_in_the_end(
    error, jobs, start_worker, settled, monkeypatch, caplog
):
    caplog.set_level(100)  # half a surrogate in a report would break off the whole test process
    monkeypatch.setattr(verdicts, "FIRST_DELAY_SECONDS", 0.01)
    await jobs.ask("fail", "a")
    await start_worker(raising(error, max_attempts=3))
    row = await settled("dead")
    assert row.attempts == 3
    assert row.lease_owner is None


async def test_a_lone_cause_in_a_group_decides(jobs, start_worker, settled):
    group = ExceptionGroup("one", [Rejected("no", code="no")])
    await jobs.ask("fail", "a")
    await start_worker(raising(group))
    assert (await settled("dead")).last_error_code == "no"


async def test_a_change_during_a_fatal_run_gets_its_own_run(jobs, start_worker):
    runs = []

    async def handler(run: JobRun) -> None:
        runs.append(run.attempt)
        if len(runs) == 1:
            await jobs.ask("fail", "a")
            raise Rejected("wrong until edited", code="no")

    await jobs.ask("fail", "a")
    await start_worker(Registry(JobKind("fail", handler)))
    await jobs.drained()
    assert runs == [1, 1]


async def test_an_attempt_that_takes_too_long_is_cancelled(jobs, start_worker, settled):
    cancelled = asyncio.Event()

    async def handler(run: JobRun) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            cancelled.set()

    await jobs.ask("fail", "a")
    kind = JobKind("fail", handler, timeout_seconds=0.2, max_attempts=1)
    await start_worker(Registry(kind))
    row = await settled("dead")
    assert row.last_error_code == "job_timeout"
    assert cancelled.is_set()


async def test_a_handler_that_ignores_its_timeout_loses_the_lease(jobs, start_worker):
    lost, release = asyncio.Event(), asyncio.Event()
    attempts = []

    async def handler(run: JobRun) -> None:
        attempts.append(run.attempt)
        if run.attempt > 1:
            return
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        try:
            async with run.transaction() as session:
                await session.execute(text("insert into effect (kind) values ('zombie')"))
        finally:
            lost.set()

    await jobs.ask("fail", "a")
    await start_worker(Registry(JobKind("fail", handler, timeout_seconds=0.2)), lease_seconds=0.8)
    await jobs.drained()
    release.set()
    await lost.wait()
    assert attempts == [1, 2]
    assert await jobs.effects() == []


async def test_dead_letters_are_listed_and_retried(jobs, database, start_worker, settled):
    broken = True

    async def handler(run: JobRun) -> None:
        if broken:
            raise Rejected("not yet", code="no")

    await jobs.ask("fail", "a")
    await start_worker(Registry(JobKind("fail", handler)))
    row = await settled("dead")
    async with database.session() as session:
        assert [job.id for job in (await session.execute(dead_jobs())).scalars()] == [row.id]
    broken = False
    async with database.transaction() as session:
        job = await retry(session, row.id)
        assert (job.state, job.attempts, job.version) == ("ready", 0, 2)
    await jobs.drained()


async def test_only_dead_jobs_can_be_retried(jobs, database):
    await jobs.ask("fail", "a")
    row = await jobs.row("fail", "a")
    async with database.session() as session:
        with pytest.raises(Conflict):
            await retry(session, row.id)
        with pytest.raises(NotFound):
            await retry(session, "job_none")


def test_backoff_doubles_to_a_ceiling():
    for attempt in (1, 2, 5, 10, 11, 50, sys.maxsize):
        whole = min(900.0, 2.0 ** min(attempt - 1, 30))
        delays = [verdicts.backoff(attempt) for _ in range(200)]
        assert whole / 2 <= min(delays) < max(delays) <= whole

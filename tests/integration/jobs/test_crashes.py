"""Workers that are killed, stopped or terminated lose no work and harm no other."""

import os
import signal
import subprocess
import sys
import time

import pytest

from atlas_hub.jobs.worker import JobWorker


async def running(jobs, kind: str, key: str) -> None:
    async def is_running() -> bool:
        row = await jobs.row(kind, key)
        return row is not None and row.state == "running"

    await jobs.until(is_running)


async def test_another_worker_resumes_after_kill_9(jobs, start_process, start_worker, noting):
    await jobs.ask("slow", "0.5")
    victim = start_process("victim")
    await running(jobs, "slow", "0.5")
    victim.kill()
    killed = time.monotonic()
    start_process("heir")
    await jobs.drained()
    assert time.monotonic() - killed < 10
    assert await jobs.effects() == [("slow", "0.5", "heir")]


def test_the_default_lease_resumes_within_ten_seconds():
    defaults = JobWorker.__init__.__kwdefaults__
    # A lease, a look for expired ones, a look for due ones.
    assert defaults["lease_seconds"] + 2 * defaults["poll_seconds"] < 10


async def test_a_job_that_kills_its_worker_is_dead_in_the_end(jobs, start_process):
    await jobs.ask("poison", "a")
    await jobs.ask("note", *map(str, range(20)))
    deaths = 0

    async def is_dead() -> bool:
        nonlocal process, deaths
        if process.poll() is not None:
            assert process.returncode == -signal.SIGKILL
            deaths += 1
            process = start_process()
        return (await jobs.row("poison", "a")).state == "dead"

    process = start_process()
    await jobs.until(is_dead, 60)
    row = await jobs.row("poison", "a")
    assert (row.attempts, row.last_error_code, deaths) == (3, "worker_lost", 3)

    async def others_are_done() -> bool:
        return len(await jobs.sql("select 1 from job")) == 1

    await jobs.until(others_are_done)
    noted = {key for kind, key, _ in await jobs.effects() if kind == "note"}
    assert noted == set(map(str, range(20)))


async def test_terminating_workers_costs_no_attempts(jobs, start_process):
    await jobs.ask("slow", "60")
    for _ in range(4):
        process = start_process()
        await running(jobs, "slow", "60")
        process.terminate()
        assert process.wait(timeout=20) == 0
        row = await jobs.row("slow", "60")
        assert (row.state, row.attempts, row.lease_owner) == ("ready", 0, None)
    assert row.fence == 4


async def test_a_worker_that_was_suspended_cannot_write(jobs, start_process):
    await jobs.ask("slow", "2")
    sleeper = start_process("sleeper")
    await running(jobs, "slow", "2")
    sleeper.send_signal(signal.SIGSTOP)
    start_process("heir")
    await jobs.drained()
    sleeper.send_signal(signal.SIGCONT)
    sleeper.terminate()
    assert sleeper.wait(timeout=20) == 0
    assert await jobs.effects() == [("slow", "2", "heir")]


@pytest.mark.parametrize(
    ("failpoint", "effects"), [("after_claim", 1), ("before_finish", 2), ("after_finish", 1)]
)
async def test_killed_at_a_failpoint(failpoint, effects, jobs, start_process, monkeypatch):
    await jobs.ask("note", "a")
    monkeypatch.setenv("ATLAS_FAILPOINTS", f"jobs.{failpoint}=kill9")
    victim = start_process("victim")
    assert victim.wait(timeout=20) == -signal.SIGKILL
    monkeypatch.delenv("ATLAS_FAILPOINTS")
    start_process("heir")
    await jobs.drained()
    assert len(await jobs.effects()) == effects


async def test_a_worker_outlives_its_database_connections(jobs, start_worker, noting):
    await start_worker(noting)
    for key in "abc":
        await jobs.sql("""select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid()""")
        await jobs.ask("note", key)
        await jobs.drained()
    assert [key for _, key, _ in await jobs.effects()] == ["a", "b", "c"]


def test_failpoints_are_spelt_as_the_tests_spell_them():
    script = "import atlas_hub.jobs.worker, atlas_hub.failpoints as f; print(len(f._ARMED))"
    environment = os.environ | {"ATLAS_FAILPOINTS": "jobs.after_claim=hang;jobs.after_finish=raise"}
    answer = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "2"

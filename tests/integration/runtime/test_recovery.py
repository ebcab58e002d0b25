"""What is killed comes back by itself, with its data."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio

from atlas_hub.runtime import EmbeddedRuntime


@pytest.fixture
def kill_hub(alive, eventually, query):
    """Write a row, kill the hub and perhaps its servers; answer when all are gone."""

    async def kill(running, *programs: str) -> None:
        await query(
            running.database_url, "create table t (n int)", "insert into t values (7)", "select 1"
        )
        pids = running.servers()
        for program in programs:
            os.kill(pids[program], signal.SIGKILL)
        running.kill()
        await eventually(lambda: not any(map(alive, pids.values())))

    return kill


async def until_both_answer(running, query) -> None:
    async with asyncio.timeout(15):
        while True:
            try:
                await query(running.database_url, "select 1")
                async with redis.asyncio.from_url(running.redis_url) as client:
                    await client.ping()
            except (OSError, asyncpg.PostgresError, redis.ConnectionError):
                await asyncio.sleep(0.05)
            else:
                return


@pytest.mark.parametrize("programs", [(), ("postgres",), ("postgres", "valkey-server")])
async def test_row_survives_kill_9(data_dir, hub, query, kill_hub, programs):
    with hub(data_dir) as running:
        await kill_hub(running, *programs)
        assert running.sockets.exists()
    with hub(data_dir) as again:
        assert await query(again.database_url, "select n from t") == [7]
        again.stop()


async def test_start_right_after_the_kill_waits_for_dying_servers(data_dir, hub, query):
    with hub(data_dir) as running:
        await query(
            running.database_url, "create table t (n int)", "insert into t values (7)", "select 1"
        )
        running.kill()
        with hub(data_dir) as again:
            assert await query(again.database_url, "select n from t") == [7]
            again.stop()


async def test_server_that_does_not_die_is_killed(data_dir, hub, query, alive):
    with hub(data_dir) as running:
        await query(
            running.database_url, "create table t (n int)", "insert into t values (7)", "select 1"
        )
        stuck = running.servers()["postgres"]
        os.kill(stuck, signal.SIGSTOP)
        running.kill()
        assert alive(stuck)
        with hub(data_dir) as again:
            assert not alive(stuck)
            assert await query(again.database_url, "select n from t") == [7]
            again.stop()


async def test_pid_file_that_names_somebody_else_is_no_obstacle(data_dir, hub, query, kill_hub):
    with hub(data_dir) as running:
        await kill_hub(running, "postgres")
    pid_file = data_dir / "postgres" / "postmaster.pid"
    owner = pid_file.stat().st_uid if os.geteuid() == 0 else None
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, user=owner) as other:  # noqa: ASYNC220
        lines = pid_file.read_text().splitlines()
        pid_file.write_text("\n".join([str(other.pid), *lines[1:]]) + "\n")
        with hub(data_dir) as again:
            assert await query(again.database_url, "select n from t") == [7]
            assert other.poll() is None
            again.stop()
        other.communicate()


async def test_half_made_cluster_is_made_again(fresh_dir, hub, query):
    (fresh_dir / "postgres.new" / "base").mkdir(parents=True)
    with hub(fresh_dir) as running:
        assert await query(running.database_url, "select 1") == [1]
        running.stop()
    assert not (fresh_dir / "postgres.new").exists()


async def test_damaged_append_only_file_is_set_aside(data_dir, hub):
    with hub(data_dir) as running:
        async with redis.asyncio.from_url(running.redis_url) as client:
            await client.set("bell", "rung")
        running.stop()
    (log,) = (data_dir / "valkey" / "appendonlydir").glob("*.incr.aof")
    log.write_bytes(b"nonsense" + log.read_bytes())
    with hub(data_dir) as again:
        async with redis.asyncio.from_url(again.redis_url) as client:
            assert await client.get("bell") is None
        again.stop()
    assert len(list(data_dir.glob("valkey.damaged-*"))) == 1


@pytest.mark.parametrize("program", ["postgres", "valkey-server"])
async def test_killed_server_is_restarted_while_the_hub_lives(
    data_dir, hub, query, eventually, program
):
    with hub(data_dir) as running:
        await query(
            running.database_url, "create table t (n int)", "insert into t values (7)", "select 1"
        )
        for _ in range(2):
            before = running.servers()[program]
            os.kill(before, signal.SIGKILL)
            await eventually(lambda old=before: running.servers().get(program, old) != old)
            await until_both_answer(running, query)
        assert await query(running.database_url, "select n from t") == [7]
        running.stop()


async def test_half_a_start_that_is_killed_is_taken_up_again(fresh_dir, hub, query):
    script = Path(__file__).with_name("hub_process.py")
    for pause in (0.1, 0.3, 0.6, 0.9):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(script), str(fresh_dir)),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
        await asyncio.sleep(pause)
        process.kill()
        await process.wait()
    with hub(fresh_dir) as running:
        assert await query(running.database_url, "select 1") == [1]
        running.stop()


async def test_servers_outlive_the_thread_that_asked_for_them(data_dir, query):
    def start() -> EmbeddedRuntime:
        return EmbeddedRuntime(data_dir, redis_url="").__enter__()

    loop = asyncio.get_running_loop()
    runtime = await loop.run_in_executor(None, start)
    await loop.shutdown_default_executor()
    try:
        await asyncio.sleep(0.3)
        assert await query(runtime.database_url, "select 1") == [1]
    finally:
        runtime.__exit__(None, None, None)

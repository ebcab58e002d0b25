"""With Redis work starts at once; without it, or when it misbehaves, nothing is lost."""

import asyncio
import logging
import time

import pytest
from redis.asyncio import Redis

from atlas_hub.jobs.bell import ENOUGH_RINGS, QUEUE, RedisBell, SilentBell, open_bell
from atlas_hub.jobs.kinds import JobKind, JobRun, Registry
from atlas_hub.jobs.queue import attach_bell
from atlas_hub.testing.servers import running_valkey

NEVER = 1000.0  # seconds between polls, where only a ring can start a job


@pytest.fixture
async def redis(valkey_server):
    client = Redis.from_url(valkey_server.url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture
async def ringing(database, valkey_server, redis):
    bell = RedisBell(valkey_server.url)
    attach_bell(database, bell)
    yield bell
    await bell.close()


async def heard(jobs, redis) -> None:
    """Return once a worker listens."""

    async def listening() -> bool:
        return bool(await redis.exists(f"{QUEUE}:health-check"))

    await jobs.until(listening)


async def test_a_ring_starts_a_lone_job_at_once(
    jobs, ringing, redis, valkey_server, start_worker, noting
):
    await start_worker(noting, valkey_server.url, poll_seconds=NEVER)
    await heard(jobs, redis)
    for key in "abc":
        await jobs.ask("note", key)
        await jobs.drained(5)
    assert len(await jobs.effects()) == 3
    assert await redis.zcard(QUEUE) == 0


async def test_rings_are_json_and_not_hoarded(jobs, ringing, redis):
    for number in range(ENOUGH_RINGS + 20):
        await jobs.ask("note", str(number))
        await asyncio.sleep(0.002)
    await ringing.close()
    assert 1 <= await redis.zcard(QUEUE) <= ENOUGH_RINGS
    keys = await redis.keys("arq:job:*")
    assert (await redis.get(keys[0])).startswith(b'{"')


async def test_flushall_in_the_middle_loses_nothing(
    jobs, ringing, redis, valkey_server, start_worker, noting
):
    async def handler(run: JobRun) -> None:
        await asyncio.sleep(0.02)
        await noting["note"].handler(run)

    await start_worker(Registry(JobKind("note", handler)), valkey_server.url, concurrency=5)
    for number in range(100):
        await jobs.ask("note", str(number))
        if number % 10 == 0:
            await redis.flushall()
    await jobs.drained()
    assert sorted(int(key) for _, key, _ in await jobs.effects()) == list(range(100))


async def test_the_worker_outlives_redis_and_hears_it_again(
    jobs, database, start_worker, noting, caplog
):
    with running_valkey() as valkey:
        bell = RedisBell(valkey.url)
        attach_bell(database, bell)
        await start_worker(noting, valkey.url)
        await jobs.ask("note", "before")
        await jobs.drained()
        valkey.process.kill()
        valkey.process.wait()
        for number in range(3):
            await jobs.ask("note", f"away{number}")
        await jobs.drained(5)
        await start_worker(noting, valkey.url, poll_seconds=NEVER)
        await jobs.drained()
        valkey.start()
        async with Redis.from_url(valkey.url) as redis:
            await heard(jobs, redis)
        await jobs.ask("note", "after")
        await jobs.drained(5)
        await bell.close()
    assert len(await jobs.effects()) == 5
    silent = [r for r in caplog.records if "the job bell is silent" in r.message]
    assert len(silent) == 1


async def test_only_a_ring_wakes_a_worker_after_redis_came_back(
    jobs, database, start_worker, noting
):
    with running_valkey() as valkey:
        bell = RedisBell(valkey.url)
        attach_bell(database, bell)
        await start_worker(noting, valkey.url, poll_seconds=NEVER)
        async with Redis.from_url(valkey.url) as redis:
            await heard(jobs, redis)
        valkey.process.kill()
        valkey.process.wait()
        await asyncio.sleep(0.2)
        valkey.start()
        async with Redis.from_url(valkey.url) as redis:
            await redis.delete(f"{QUEUE}:health-check")  # the append-only file remembers it
            await heard(jobs, redis)
        await jobs.ask("note", "after")
        await jobs.drained(5)
        await bell.close()


async def test_a_redis_that_does_not_answer_harms_nobody(database, jobs, start_worker, noting):
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    bell = RedisBell(f"redis://{host}:{port}")
    attach_bell(database, bell)
    await start_worker(noting, f"redis://{host}:{port}")
    begin = time.perf_counter()
    bell.ring()
    assert time.perf_counter() - begin < 0.05
    await jobs.ask("note", "a")
    await jobs.drained(5)
    begin = time.perf_counter()
    await bell.close()
    assert time.perf_counter() - begin < 1
    server.close()


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1", "unix:///nowhere/valkey.sock"])
async def test_no_redis_there_is_logged_once(url, caplog):
    bell = RedisBell(url)
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            bell.ring()
            await asyncio.sleep(0.02)
        await bell.close()
    assert len(caplog.records) == 1


async def test_without_redis_the_bell_is_silent():
    bell = open_bell(None)
    assert isinstance(bell, SilentBell)
    bell.ring()
    await bell.close()

"""How fast are durable jobs? Prints figures and ratios as one JSON object.

No-op jobs per second of one worker against arq at its best settings, in this same run, and how long
a lone job takes from its commit to its start. PostgreSQL waits for
the disk as in production.

    .venv/bin/python tests/bench/jobs_bench.py [--jobs 5000] [--lone 50]
"""

import argparse
import asyncio
import json
import logging
import statistics
import sys
import time

from arq.connections import ArqRedis
from arq.worker import Worker, func
from redis.asyncio import ConnectionPool
from sqlalchemy import text

from atlas_hub.db.engine import Database
from atlas_hub.db.migrate import upgrade
from atlas_hub.jobs.bell import RedisBell
from atlas_hub.jobs.kinds import JobKind, JobRun, Registry
from atlas_hub.jobs.queue import attach_bell, enqueue, enqueue_many
from atlas_hub.jobs.worker import JobWorker
from atlas_hub.testing.servers import running_postgres, running_valkey

ROUNDS = 3
SLOTS = 100


async def arq_rate(redis_url: str, jobs: int) -> float:
    """Return no-op jobs per second that one arq worker drains."""
    redis = ArqRedis(ConnectionPool.from_url(redis_url), default_queue_name="bench")
    await redis.flushall()

    async def noop(_ctx: object, _number: int) -> None: ...

    for number in range(jobs):
        await redis.enqueue_job("noop", number)

    worker = Worker(
        functions=[func(noop, name="noop", keep_result=0)],
        redis_pool=redis,
        queue_name="bench",
        burst=True,
        handle_signals=False,
        poll_delay=0.01,
        keep_result=0,
        max_jobs=SLOTS,
    )
    begin = time.perf_counter()
    await worker.main()
    rate = jobs / (time.perf_counter() - begin)
    if worker.jobs_complete != jobs:
        message = f"arq did {worker.jobs_complete} of {jobs} jobs"
        raise RuntimeError(message)
    await redis.aclose(close_connection_pool=True)
    return rate


async def our_rate(database: Database, redis_url: str, jobs: int) -> float:
    """Return no-op jobs per second that one JobWorker drains."""
    done = 0
    all_done, stop = asyncio.Event(), asyncio.Event()

    async def noop(_run: JobRun) -> None:
        nonlocal done
        done += 1
        if done == jobs:
            all_done.set()

    async with database.transaction() as session:
        await enqueue_many(session, "noop", map(str, range(jobs)))
    async with database.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("vacuum analyze job"))
    worker = JobWorker(database, Registry(JobKind("noop", noop)), redis_url, concurrency=SLOTS)
    begin = time.perf_counter()
    task = asyncio.create_task(worker.run(stop))
    await all_done.wait()
    while await rows_left(database):  # noqa: ASYNC110 - another connection deletes them
        await asyncio.sleep(0.001)
    rate = jobs / (time.perf_counter() - begin)
    stop.set()
    await task
    return rate


async def rows_left(database: Database) -> bool:
    """Say whether any job is unfinished."""
    async with database.engine.connect() as connection:
        return (await connection.execute(text("select 1 from job limit 1"))).first() is not None


async def lone_job_ms(database: Database, redis_url: str, times: int) -> list[float]:
    """Return milliseconds from the commit of a lone job to its start, `times` times."""
    started = asyncio.Event()
    stop = asyncio.Event()

    async def noop(_run: JobRun) -> None:
        started.set()

    bell = RedisBell(redis_url)
    attach_bell(database, bell)
    worker = JobWorker(database, Registry(JobKind("lone", noop)), redis_url, poll_seconds=1.0)
    task = asyncio.create_task(worker.run(stop))
    await asyncio.sleep(2)
    figures = []
    for number in range(times):
        started.clear()
        async with database.transaction() as session:
            await enqueue(session, "lone", str(number))
        begin = time.perf_counter()
        await started.wait()
        figures.append((time.perf_counter() - begin) * 1000)
        await asyncio.sleep(0.037)  # no multiple of any poll
    stop.set()
    await task
    await bell.close()
    return figures


async def measure(database_url: str, redis_url: str, jobs: int, lone: int) -> dict[str, float]:
    """Run everything, rates in alternation, and return the figures."""
    database = Database(database_url)
    await upgrade(database)
    arq, ours = [], []
    for _ in range(ROUNDS):
        arq.append(await arq_rate(redis_url, jobs))
        ours.append(await our_rate(database, redis_url, jobs))
    lone_ms = await lone_job_ms(database, redis_url, lone)
    await database.close()
    return {
        "arq_jobs_per_second": round(statistics.median(arq)),
        "our_jobs_per_second": round(statistics.median(ours)),
        "ratio_to_arq": round(statistics.median(ours) / statistics.median(arq), 2),
        "lone_job_ms_p50": round(statistics.median(lone_ms), 1),
        "lone_job_ms_p95": round(statistics.quantiles(lone_ms, n=20)[-1], 1),
    }


def main() -> None:
    """Start the servers, measure, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=5000)
    parser.add_argument("--lone", type=int, default=50)
    options = parser.parse_args()
    logging.disable(logging.WARNING)
    with running_postgres(durable=True) as postgres, running_valkey() as valkey:
        figures = asyncio.run(measure(postgres.url, valkey.url, options.jobs, options.lone))
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")


main()

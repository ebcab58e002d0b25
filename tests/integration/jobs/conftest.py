"""Every test here runs on a database of its own, on PostgreSQL 16 and 18."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text

from atlas_hub.db.engine import Database
from atlas_hub.db.ids import new_id
from atlas_hub.db.migrate import upgrade
from atlas_hub.jobs.kinds import JobKind, JobRun, Registry
from atlas_hub.jobs.queue import enqueue
from atlas_hub.jobs.worker import JobWorker
from atlas_hub.runtime.postgres import PostgresServer

EFFECT = """create table effect (
    id bigint generated always as identity, kind text, key text, worker text)"""


def _renamed(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(params=[16, 18], scope="module")
def postgres(
    request: pytest.FixtureRequest, postgres_of: Callable[[int], PostgresServer]
) -> PostgresServer:
    return postgres_of(request.param)


@asynccontextmanager
async def administration(server: PostgresServer) -> AsyncIterator[Callable[[str], Awaitable[Any]]]:
    """Yield a function that runs a statement outside of any transaction."""
    admin = Database(server.url)
    async with admin.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        yield lambda statement: connection.execute(text(statement))
    await admin.close()


@pytest.fixture
async def database_url(postgres: PostgresServer) -> AsyncIterator[str]:
    name = new_id("job").replace("_", "")
    async with administration(postgres) as run:
        exists = await run("select 1 from pg_database where datname = 'migrated'")
        if exists.first() is None:
            await run("create database migrated")
            template = Database(_renamed(postgres.url, "migrated"))
            await upgrade(template)
            async with template.engine.begin() as connection:
                await connection.execute(text(EFFECT))
            await template.close()
        await run(f"create database {name} template migrated")
    yield _renamed(postgres.url, name)
    async with administration(postgres) as run:
        await run(f"drop database {name} with (force)")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


class Jobs:
    """What tests do with jobs, in few words."""

    def __init__(self, database: Database) -> None:
        self.database = database

    async def ask(self, kind: str, *keys: str, **options: Any) -> None:
        for key in keys:
            async with self.database.transaction() as session:
                await enqueue(session, kind, key, **options)

    async def sql(self, statement: str, **parameters: Any) -> list[Any]:
        async with self.database.engine.begin() as connection:
            result = await connection.execute(text(statement), parameters)
            return list(result) if result.returns_rows else []

    async def row(self, kind: str, key: str) -> Any:
        """The job's row, or None once it has finished."""
        found = await self.sql("select * from job where kind = :k and key = :key", k=kind, key=key)
        return found[0] if found else None

    async def effects(self) -> list[tuple[str, str, str]]:
        return [tuple(row) for row in await self.sql("select kind, key, worker from effect")]

    async def drained(self, seconds: float = 20.0) -> None:
        async def empty() -> bool:
            return not await self.sql("select 1 from job")

        await self.until(empty, seconds)

    async def until(self, condition: Callable[[], Awaitable[bool]], seconds: float = 20.0) -> None:
        end = time.monotonic() + seconds
        while not await condition():
            assert time.monotonic() < end, f"not within {seconds} s: {await self.all_rows()}"
            await asyncio.sleep(0.02)

    async def all_rows(self) -> list[Any]:
        return await self.sql("select * from job limit 20")


@pytest.fixture
def jobs(database: Database) -> Jobs:
    return Jobs(database)


async def note(run: JobRun) -> None:
    """The plainest handler: leaves one effect, fenced."""
    async with run.transaction() as session:
        effect = {"kind": run.kind, "key": run.key}
        await session.execute(
            text("insert into effect (kind, key, worker) values (:kind, :key, 'here')"), effect
        )


@pytest.fixture
def noting() -> Registry:
    return Registry(JobKind("note", note))


StartWorker = Callable[..., Awaitable[asyncio.Event]]


@pytest.fixture
async def start_worker(database_url: str) -> AsyncIterator[StartWorker]:
    """Start a worker with a pool of its own in this process; it stops with the test."""
    stack = AsyncExitStack()

    async def start(
        registry: Registry, redis_url: str | None = None, **options: Any
    ) -> asyncio.Event:
        database, stop = Database(database_url), asyncio.Event()
        defaults = {"lease_seconds": 2.0, "poll_seconds": 0.1, "grace_seconds": 0.2}
        worker = JobWorker(database, registry, redis_url, **(defaults | options))
        task = asyncio.create_task(worker.run(stop))

        async def end() -> None:
            stop.set()
            await task
            await database.close()

        stack.push_async_callback(end)
        return stop

    async with stack:
        yield start


StartProcess = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start_process(database_url: str) -> Iterator[StartProcess]:
    """Start `worker_process.py`; it is killed at the end of the test if it still runs."""
    stack = ExitStack()

    def start(name: str = "process", **options: Any) -> subprocess.Popen[bytes]:
        defaults = {"lease_seconds": 1.0, "poll_seconds": 0.1, "grace_seconds": 0.1}
        arguments = {"url": database_url, "name": name, "options": defaults | options}
        script = Path(__file__).with_name("worker_process.py")
        process = stack.enter_context(
            subprocess.Popen([sys.executable, script, json.dumps(arguments)])
        )
        stack.callback(process.kill)
        return process

    with stack:
        yield start

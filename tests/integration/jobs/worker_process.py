"""A worker in a process of its own, for tests that kill, stop or terminate it.

Arguments: one JSON object with `url`, `options` of JobWorker and the name to sign effects with.
"""

import asyncio
import json
import os
import signal
import sys

from sqlalchemy import text

from atlas_hub.db.engine import Database
from atlas_hub.jobs.kinds import JobKind, JobRun, Registry
from atlas_hub.jobs.worker import JobWorker

ARGUMENTS = json.loads(sys.argv[1])


async def note(run: JobRun) -> None:
    async with run.transaction() as session:
        effect = {"kind": run.kind, "key": run.key, "worker": ARGUMENTS["name"]}
        statement = "insert into effect (kind, key, worker) values (:kind, :key, :worker)"
        await session.execute(text(statement), effect)


async def slow(run: JobRun) -> None:
    await asyncio.sleep(float(run.key))
    await note(run)


async def poison(run: JobRun) -> None:
    await note(run)
    os.kill(os.getpid(), signal.SIGKILL)


async def main() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    database = Database(ARGUMENTS["url"])
    registry = Registry(
        JobKind("note", note),
        JobKind("slow", slow),
        JobKind("poison", poison, max_attempts=3),
    )
    await JobWorker(database, registry, **ARGUMENTS["options"]).run(stop)
    await database.close()


asyncio.run(main())

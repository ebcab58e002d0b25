"""`atlas-hub doctor`: is everything in place, and if not, what to do."""

import asyncio
from collections.abc import Iterator

import typer
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.cli.services import Services, installed_plugins, load_services
from atlas_hub.db.migrate import current, head
from atlas_hub.hub import Hub, open_hub
from atlas_hub.jobs.tables import Job, WorkerHeartbeat
from atlas_hub_core.errors import AtlasError

Finding = tuple[bool, str]


def doctor() -> int:
    """Print one line per finding; return 0 if all are good, else 1."""
    try:
        findings = asyncio.run(_examine(load_services()))
    except AtlasError as error:
        findings = [(False, error.message)]
    for good, sentence in findings:
        mark = typer.style("ok  ", fg="green") if good else typer.style("BAD ", fg="red")
        typer.echo(f"{mark}{sentence}")
    return 0 if all(good for good, _ in findings) else 1


async def _examine(services: Services) -> list[Finding]:
    plugins = installed_plugins(services.settings)
    async with open_hub(
        services.settings,
        plugins,
        database_url=services.database_url,
        redis_url=services.redis_url,
    ) as hub:
        await hub.database.check()
        findings = [(True, "PostgreSQL answers")]
        findings.append(_redis(await hub.bell.state()))
        revision = await current(hub.database)
        findings.append(_schema(revision))
        if revision is not None:
            async with hub.database.session() as session:
                findings += [await _workers(session), await _dead_jobs(session)]
        findings += _plugins(hub)
        return findings


def _redis(state: str) -> Finding:
    sentences = {
        "ok": "Redis answers",
        "none": "There is no Redis; jobs start up to a second later",
        "away": "Redis does not answer; jobs start up to a second later. Check ATLAS_REDIS_URL",
    }
    return state != "away", sentences[state]


def _schema(revision: str | None) -> Finding:
    if revision == head():
        return True, f"The database has the schema of this version ({revision})"
    return False, f"The database is at {revision}, not {head()}. Run `atlas-hub db upgrade`"


async def _workers(session: AsyncSession) -> Finding:
    alive = await session.execute(
        select(func.count())
        .select_from(WorkerHeartbeat)
        .where(col(WorkerHeartbeat.seen_at) > func.now() - func.make_interval(0, 0, 0, 0, 0, 0, 30))
    )
    count = alive.scalar_one()
    if count:
        return True, f"{count} worker(s) alive"
    return False, "No worker is alive. Start one with `atlas-hub worker`"


async def _dead_jobs(session: AsyncSession) -> Finding:
    dead = await session.execute(
        select(func.count()).select_from(Job).where(col(Job.state) == "dead")
    )
    count = dead.scalar_one()
    if not count:
        return True, "No job is dead"
    return False, f"{count} job(s) are dead. GET /v1/jobs?state=dead shows why; retry them there"


def _plugins(hub: Hub) -> Iterator[Finding]:
    for info in hub.plugins.plugins():
        if info.state in ("broken", "incompatible"):
            yield False, f"Plugin {info.name} is {info.state}: {info.reason}"
        else:
            yield True, f"Plugin {info.name} {info.version} is {info.state}"

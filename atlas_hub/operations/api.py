"""Routes: health, jobs, the test clock."""

from importlib.metadata import version
from typing import Annotated, Literal

from fastapi import Query
from sqlalchemy import select
from sqlmodel import col

from atlas_hub.access import audit
from atlas_hub.http.bodies import Answer, Body, Timestamp
from atlas_hub.http.paging import Cursor, Limit, Page, fetch_page
from atlas_hub.http.routing import PUBLIC, Caller, HubDep, Router, Session, needs
from atlas_hub.jobs.dead import dead_jobs, retry
from atlas_hub.jobs.queue import enqueue
from atlas_hub.jobs.tables import Job
from atlas_hub.operations.health import Health, readiness
from atlas_hub_core.errors import Conflict, InvalidInput

router = Router("operations")

VERSION = version("atlas-hub")


class ClockBody(Body):
    """Where to move business time."""

    now: Timestamp


class ClockAnswer(Answer):
    """Business time."""

    now: Timestamp
    test_mode: bool


class JobAnswer(Answer):
    """One unit of durable work; finished jobs leave no row."""

    id: str
    kind: str
    key: str
    state: str
    run_at: Timestamp
    attempts: int
    last_error: str | None
    last_error_code: str | None
    created_at: Timestamp


@router.get("/healthz", openapi_extra=needs(PUBLIC))
async def healthz() -> Health:
    """Say that this process is alive."""
    return Health(status="ok", version=VERSION)


@router.get("/readyz", openapi_extra=needs(PUBLIC))
async def readyz(hub: HubDep) -> Health:
    """Say whether this process can serve: PostgreSQL answers and has this version's schema."""
    return await readiness(hub, VERSION)


@router.get("/v1/test_clock", openapi_extra=needs("clock:read"))
async def get_clock(session: Session, hub: HubDep) -> ClockAnswer:
    """Answer business time."""
    return ClockAnswer(now=await hub.clock.now(session), test_mode=hub.clock.test_mode)


@router.post("/v1/test_clock", openapi_extra=needs("clock:write"))
async def move_clock(body: ClockBody, session: Session, hub: HubDep, caller: Caller) -> ClockAnswer:
    """Move business time forward; only with `ATLAS_TEST_CLOCK=1`."""
    if not hub.clock.test_mode:
        message = (
            "Business time is real time here. Start the hub with ATLAS_TEST_CLOCK=1 to move it."
        )
        raise Conflict(message, code="test_clock_off")
    before = await hub.clock.set_time(session)
    if before is not None and body.now < before:
        message = (
            f"now is before the present business time {before.isoformat()}; time only moves on."
        )
        raise InvalidInput(message, code="clock_backwards", field="now")
    await hub.clock.set(session, body.now)
    await enqueue(session, "billing.sweep", "all")
    audit.record(session, caller, "move", "clock", "test_clock", {"now": body.now.isoformat()})
    return ClockAnswer(now=body.now, test_mode=True)


@router.get("/v1/jobs", openapi_extra=needs("jobs:read"))
async def list_all_jobs(
    session: Session,
    state: Annotated[
        Literal["ready", "running", "dead"] | None, Query(description="Only jobs in this state.")
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[JobAnswer]:
    """List jobs that are waiting, running or dead, newest first."""
    statement = dead_jobs() if state == "dead" else select(Job)
    if state not in (None, "dead"):
        statement = statement.where(col(Job.state) == state)
    rows, following = await fetch_page(session, statement, col(Job.id), limit=limit, cursor=cursor)
    return Page(data=[JobAnswer.model_validate(row) for row in rows], next_cursor=following)


@router.post("/v1/jobs/{job_id}/retry", openapi_extra=needs("jobs:write"))
async def retry_dead_job(job_id: str, session: Session, caller: Caller) -> JobAnswer:
    """Let a dead job run again, with fresh attempts and on present data."""
    row = await retry(session, job_id)
    audit.record(session, caller, "retry", "job", job_id, {"kind": row.kind, "key": row.key})
    return JobAnswer.model_validate(row)

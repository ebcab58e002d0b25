"""Durable work: one row per (kind, key) that still needs doing."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from atlas_hub.db.columns import created, id_column, jsonb, utc


class Job(SQLModel, table=True):
    """Work that is waiting, running or dead. A finished job has no row.

    `version` rises with every enqueue. While a job runs its `run_at` is infinity, unless it was
    asked for again: then the worker that finishes puts the row back to `ready`. `fence` rises with
    every claim and is checked by every write of the claimer, so a worker that lost its lease can no
    longer change anything.
    """

    __tablename__ = "job"
    __table_args__ = (
        UniqueConstraint("kind", "key"),
        Index("job_due", "run_at", postgresql_where=text("state = 'ready'")),
        Index("job_leased", "lease_until", postgresql_where=text("state = 'running'")),
        Index("job_dead", "id", postgresql_where=text("state = 'dead'")),
    )
    id: str = id_column("job")
    kind: str
    key: str
    version: int = Field(default=1, sa_type=BigInteger)
    state: str = "ready"  # ready | running | dead
    run_at: datetime = utc()
    attempts: int = 0
    fence: int = Field(default=0, sa_type=BigInteger)
    lease_owner: str | None = None
    lease_until: datetime | None = utc(default=None)
    last_error: str | None = None
    last_error_code: str | None = None
    created_at: datetime = created()


class JobSchedule(SQLModel, table=True):
    """A job to enqueue again and again; ticks missed while nothing ran are caught up once."""

    __tablename__ = "job_schedule"
    name: str = Field(primary_key=True)
    kind: str
    key: str
    every_seconds: int
    next_run_at: datetime = utc()


class WorkerHeartbeat(SQLModel, table=True):
    """A worker process that is, or was, alive."""

    __tablename__ = "worker_heartbeat"
    id: str = id_column("wrk")
    host: str
    pid: int
    started_at: datetime = created()
    seen_at: datetime = utc()
    kinds: list[str] = jsonb(default=[])

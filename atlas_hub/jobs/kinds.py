"""Kinds of jobs: what a room registers, and what its handler is given."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from atlas_hub.db.engine import Database
from atlas_hub_core.errors import AtlasError, Conflict

# KEY SHARE: others may still enqueue or extend the row, but nobody can claim it (FOR UPDATE) before
# this transaction ends. A process that stops inside it is cut off by the server after a lease.
_HOLD: Final = text("""
    select set_config('idle_in_transaction_session_timeout', :idle_ms, true)
    from job where id = :id and fence = :fence and state = 'running'
    for key share
""")


class LeaseLost(AtlasError):
    """Another worker took the job over; nothing may be written in its name any more."""


@dataclass(frozen=True, slots=True)
class Lease:
    """One claim of a job. `fence` is never given twice; `attempt` counts from 1."""

    id: str
    kind: str
    key: str
    version: int
    attempt: int
    fence: int


def arrays(leases: Sequence[Lease]) -> dict[str, list[Any]]:
    """Return the ids and fences of `leases`, as parameters for `unnest`."""
    return {"ids": [lease.id for lease in leases], "fences": [lease.fence for lease in leases]}


@dataclass(frozen=True, slots=True)
class JobRun:
    """One attempt at a job, as its handler sees it. `key` says which record to look at."""

    lease: Lease
    database: Database
    lease_seconds: float

    @property
    def kind(self) -> str:
        """Name of the kind."""
        return self.lease.kind

    @property
    def key(self) -> str:
        """Which record the job is about."""
        return self.lease.key

    @property
    def version(self) -> int:
        """How many times the job had been asked for when it was claimed."""
        return self.lease.version

    @property
    def attempt(self) -> int:
        """Number of this attempt, from 1."""
        return self.lease.attempt

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """Yield a session that commits at the end, and only while this run holds its lease.

        Every write of a handler goes through it. Keep it short: never call a vendor inside.

        Raises:
            LeaseLost: the job was claimed by another worker meanwhile.
        """
        async with self.database.transaction() as session:
            hold = {
                "id": self.lease.id,
                "fence": self.lease.fence,
                "idle_ms": str(int(self.lease_seconds * 1000)),
            }
            if (await session.execute(_HOLD, hold)).first() is None:
                message = f"job {self.lease.id} ({self.kind} {self.key}) is no longer ours"
                raise LeaseLost(message, code="lease_lost")
            yield session


Handler = Callable[[JobRun], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class JobKind:
    """A named kind of job.

    The handler reads current state and brings the record `run.key` in line with it; it may be run
    again at any time. `max_attempts` failures in a row make the job dead. `concurrency` limits how
    many run at once in one worker process; None leaves it to the worker.
    """

    name: str
    handler: Handler
    max_attempts: int = 10
    timeout_seconds: float = 60.0
    concurrency: int | None = None


class Registry(Mapping[str, JobKind]):
    """The kinds that a worker can do, by name."""

    def __init__(self, *kinds: JobKind) -> None:
        self._kinds: Final[dict[str, JobKind]] = {}
        for kind in kinds:
            self.add(kind)

    def add(self, kind: JobKind) -> None:
        """Register `kind`.

        Raises:
            Conflict: the name is taken.
        """
        if kind.name in self._kinds:
            message = f"job kind {kind.name!r} is registered twice; choose another name"
            raise Conflict(message, code="job_kind_taken")
        self._kinds[kind.name] = kind

    def __getitem__(self, name: str) -> JobKind:
        return self._kinds[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __len__(self) -> int:
        return len(self._kinds)

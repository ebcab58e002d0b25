"""The jobs that run in this process right now, each in its own task, under its own lease."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from atlas_hub.db.engine import Database
from atlas_hub.failpoints import failpoint
from atlas_hub.jobs.attempt import attempt
from atlas_hub.jobs.claims import Claims
from atlas_hub.jobs.finisher import Finisher
from atlas_hub.jobs.kinds import JobKind, JobRun, Lease, Registry
from atlas_hub.jobs.verdicts import judge, settle

_CANCEL_SECONDS: Final = 2.0

_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Held:
    """A running job. After `deadline` (monotonic seconds) its lease is not extended any more."""

    lease: Lease
    kind: JobKind
    deadline: float
    settling: bool = False
    task: asyncio.Task[None] = field(init=False)


class Slots:
    """Room for `concurrency` jobs. `on_free` is called whenever one has ended."""

    def __init__(
        self,
        database: Database,
        registry: Registry,
        claims: Claims,
        *,
        concurrency: int,
        lease_seconds: float,
        on_free: Callable[[], None],
    ) -> None:
        self._database: Final = database
        self._registry: Final = registry
        self._claims: Final = claims
        self._concurrency: Final = concurrency
        self._lease_seconds: Final = lease_seconds
        self._on_free: Final = on_free
        self._finisher: Final = Finisher(database)
        self._held: Final[dict[str, _Held]] = {}

    @property
    def free(self) -> int:
        """How many more jobs may start."""
        return self._concurrency - len(self._held)

    def lanes(self) -> Iterator[tuple[list[str], int]]:
        """Yield sets of kinds with how many more of them may start, limited kinds one by one."""
        running = Counter(held.kind.name for held in self._held.values())
        limited = [kind for kind in self._registry.values() if kind.concurrency is not None]
        yield [name for name, kind in self._registry.items() if kind.concurrency is None], self.free
        for kind in limited:
            yield [kind.name], min(self.free, (kind.concurrency or 0) - running[kind.name])

    def start(self, lease: Lease) -> None:
        """Run the job of `lease` in a task of its own."""
        kind = self._registry[lease.kind]
        held = _Held(lease, kind, time.monotonic() + kind.timeout_seconds)
        self._held[lease.id] = held
        held.task = asyncio.create_task(self._perform(held), name=f"{lease.kind} {lease.key}")

    async def extend(self) -> None:
        """Extend the leases of what runs in its time; cancel what others have taken over."""
        now = time.monotonic()
        leases = [held.lease for held in self._held.values() if held.deadline > now]
        if not leases:
            return
        for job_id in await self._claims.extend(leases):
            held = self._held.get(job_id)
            if held is not None and held.lease in leases and not held.settling:
                del self._held[job_id]
                held.task.cancel()
                _logger.warning("%s %s: lease lost", held.lease.kind, held.lease.key)
                self._on_free()

    async def drain(self, grace_seconds: float) -> None:
        """Give running jobs `grace_seconds` to end, then cancel them and give them back."""
        await self._wait_for_tasks(grace_seconds)
        for held in self._held.values():
            if not held.settling:
                held.task.cancel()
        await self._wait_for_tasks(_CANCEL_SECONDS)
        if self._held:
            await self._claims.release([held.lease for held in self._held.values()])

    async def _wait_for_tasks(self, seconds: float) -> None:
        if self._held:
            await asyncio.wait([held.task for held in self._held.values()], timeout=seconds)

    async def _perform(self, held: _Held) -> None:
        # A cancelled job stays in self._held: drain() gives it back.
        failure = await attempt(held.kind, JobRun(held.lease, self._database, self._lease_seconds))
        held.settling = True
        try:
            await self._settle(held, failure)
            await failpoint("jobs.after_finish")
        except Exception:
            name = f"{held.lease.kind} {held.lease.key}"
            _logger.exception("%s could not be settled; it runs again when its lease ends", name)
        if self._held.get(held.lease.id) is held:
            del self._held[held.lease.id]
        self._on_free()

    async def _settle(self, held: _Held, failure: BaseException | None) -> None:
        lease = held.lease
        if failure is None:
            await self._finisher.finish(lease)
            return
        verdict = judge(failure, lease.attempt, held.kind.max_attempts)
        async with self._database.engine.begin() as connection:
            state = await settle(connection, lease, verdict)
        _logger.warning(
            "%s %s failed in attempt %d, now %s: %s",
            lease.kind,
            lease.key,
            lease.attempt,
            state or "somebody else's",
            verdict.error,
            exc_info=failure if verdict.code == "unexpected_error" else None,
        )

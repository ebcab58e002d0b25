"""The worker: looks for due jobs, runs them under leases, and stops without losing any."""

import asyncio
from collections.abc import Coroutine, Iterator
from typing import Any, Final

from atlas_hub.db.engine import Database
from atlas_hub.jobs.claims import Claims
from atlas_hub.jobs.expired import take_back
from atlas_hub.jobs.kinds import Registry
from atlas_hub.jobs.loops import end, repeat
from atlas_hub.jobs.presence import BEAT_SECONDS, Presence
from atlas_hub.jobs.rings import RingListener
from atlas_hub.jobs.schedules import fire_due
from atlas_hub.jobs.slots import Slots


class JobWorker:
    """Runs up to `concurrency` jobs of the kinds in `registry` at a time, until told to stop.

    Due jobs are looked for every `poll_seconds`, at every ring when there is a Redis, and when a
    slot falls free. A worker that dies is noticed after `lease_seconds`. When stopped, running jobs
    get `grace_seconds` to end; then they are cancelled and given back, uncounted.
    """

    def __init__(
        self,
        database: Database,
        registry: Registry,
        redis_url: str | None = None,
        *,
        concurrency: int = 20,
        lease_seconds: float = 7.0,
        poll_seconds: float = 1.0,
        grace_seconds: float = 5.0,
    ) -> None:
        self._database: Final = database
        self._registry: Final = registry
        self._redis_url: Final = redis_url
        self._lease_seconds: Final = lease_seconds
        self._poll_seconds: Final = poll_seconds
        self._grace_seconds: Final = grace_seconds
        self._presence: Final = Presence(database, registry)
        self._claims: Final = Claims(database, self._presence.id, lease_seconds)
        self._slots: Final = Slots(
            database,
            registry,
            self._claims,
            concurrency=concurrency,
            lease_seconds=lease_seconds,
            on_free=self.wake,
        )
        self._wake: Final = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set; then drain, give back what still runs, and return."""
        leaving, left = asyncio.Event(), asyncio.Event()
        looking = asyncio.create_task(
            repeat("claim", self._look, self._poll_seconds, wake=self._wake, stop=leaving)
        )
        others = [asyncio.create_task(loop) for loop in self._side_loops(left)]
        listening = asyncio.create_task(self._listen(left))
        try:
            await stop.wait()
        finally:
            leaving.set()
            self._wake.set()
            # Not cancelled at once: a claim that commits unheard would cost its jobs an attempt.
            await asyncio.wait((looking,), timeout=self._grace_seconds)
            await self._slots.drain(self._grace_seconds)
            left.set()
            # Nor are these: a cancelled statement can leave its connection behind.
            await asyncio.wait((listening, *others), timeout=self._grace_seconds)
            await end(looking, listening, *others)
            await self._presence.leave()

    def wake(self) -> None:
        """Look for due jobs now."""
        self._wake.set()

    def _side_loops(self, left: asyncio.Event) -> Iterator[Coroutine[Any, Any, None]]:
        for name, step, seconds in (
            ("extend leases", self._slots.extend, self._lease_seconds / 4),
            ("take back", self._take_back, self._poll_seconds),
            ("schedules", self._fire_schedules, self._poll_seconds),
            ("presence", self._presence.beat, BEAT_SECONDS),
        ):
            yield repeat(name, step, seconds, wake=left, stop=left)

    async def _listen(self, left: asyncio.Event) -> None:
        if self._redis_url is not None:
            await RingListener(self._redis_url, self.wake).run(left)

    async def _look(self) -> None:
        """Start as many due jobs as there is room for."""
        for kinds, limit in self._slots.lanes():
            if kinds and limit > 0:
                for lease in await self._claims.claim(kinds, limit):
                    self._slots.start(lease)

    async def _take_back(self) -> None:
        if await take_back(self._database, self._registry):
            self.wake()

    async def _fire_schedules(self) -> None:
        async with self._database.transaction() as session:
            fired = await fire_due(session)
        if fired:
            self.wake()

"""Finish jobs, many per transaction: whoever finishes while one commits joins the next."""

import asyncio
from collections.abc import Sequence
from typing import Final

from sqlalchemy import text

from atlas_hub.db.engine import Database
from atlas_hub.jobs.kinds import Lease, arrays

_DELETE: Final = text("""
    with mine as (
        select job.id from job
        join unnest(cast(:ids as text[]), cast(:fences as bigint[])) as done (id, fence)
            on job.id = done.id and job.fence = done.fence
        where job.state = 'running' and job.run_at = 'infinity'
        for update of job skip locked
    )
    delete from job using mine where job.id = mine.id and job.run_at = 'infinity'
    returning job.id
""")

_LOCK: Final = text(
    "select run_at = 'infinity' from job"
    " where id = :id and fence = :fence and state = 'running' for update"
)
_DELETE_ONE: Final = text("delete from job where id = :id")
_AGAIN: Final = text("""
    update job set state = 'ready', attempts = 0, lease_owner = null, lease_until = null,
        last_error = null, last_error_code = null
    where id = :id
""")


class Finisher:
    """Removes finished jobs; puts back those that were asked for again during their run."""

    def __init__(self, database: Database) -> None:
        self._database: Final = database
        self._waiting: list[tuple[Lease, asyncio.Future[bool]]] = []
        self._flushing: asyncio.Task[None] | None = None

    async def finish(self, lease: Lease) -> None:
        """Finish `lease`. A lost lease is left alone: the job belongs to somebody else by then."""
        gone: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((lease, gone))
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush())
        if not await gone:
            await self._finish_alone(lease)

    async def _flush(self) -> None:
        while self._waiting:
            await asyncio.sleep(0)  # let the others that are just finishing come in
            batch, self._waiting = self._waiting, []
            try:
                gone = await self._delete([lease for lease, _ in batch])
            except Exception as error:  # noqa: BLE001 - handed to everybody who waits for it
                _hand_out(batch, error)
            else:
                _hand_out(batch, gone)

    async def _delete(self, leases: Sequence[Lease]) -> set[str]:
        async with self._database.engine.begin() as connection:
            return set((await connection.execute(_DELETE, arrays(leases))).scalars())

    async def _finish_alone(self, lease: Lease) -> None:
        """Finish a row that was asked for again, is being written to, or is lost."""
        row = {"id": lease.id, "fence": lease.fence}
        async with self._database.engine.begin() as connection:
            unasked = (await connection.execute(_LOCK, row)).scalar_one_or_none()
            if unasked is not None:
                await connection.execute(_DELETE_ONE if unasked else _AGAIN, {"id": lease.id})


def _hand_out(
    batch: list[tuple[Lease, asyncio.Future[bool]]], outcome: set[str] | Exception
) -> None:
    for lease, future in batch:
        if future.done():  # whoever waited was cancelled
            continue
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(lease.id in outcome)

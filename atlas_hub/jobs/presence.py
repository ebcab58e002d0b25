"""Which workers are alive, which kinds they can do, and which jobs nobody can do."""

import logging
import os
import socket
from collections.abc import Iterable
from typing import Final

from sqlalchemy import text

from atlas_hub.db.engine import Database
from atlas_hub.db.ids import new_id

BEAT_SECONDS: Final = 10.0
_ALIVE_SECONDS: Final = 60
_FORGET_SECONDS: Final = 3600
_UNKNOWN_DELAY_SECONDS: Final = 60

_logger = logging.getLogger(__name__)

_BEAT: Final = text("""
    insert into worker_heartbeat (id, host, pid, seen_at, kinds)
    values (:id, :host, :pid, now(), to_jsonb(cast(:kinds as text[])))
    on conflict (id) do update set seen_at = excluded.seen_at, kinds = excluded.kinds
""")
_FORGET: Final = text(
    "delete from worker_heartbeat where seen_at < now() - :seconds * interval '1 second'"
)
_LEAVE: Final = text("delete from worker_heartbeat where id = :id")

# A job that no living worker can do would stay first in line for ever: it steps back, visibly.
_POSTPONE: Final = text("""
    with orphan as (
        select id from job
        where state = 'ready' and run_at <= now() and kind <> all(array(
            select jsonb_array_elements_text(kinds) from worker_heartbeat
            where seen_at > now() - :alive * interval '1 second'))
        limit 1000
        for no key update skip locked
    )
    update job set run_at = now() + :delay * interval '1 second',
        last_error_code = 'unknown_kind', last_error = 'no worker knows this kind of job'
    from orphan where job.id = orphan.id
    returning job.kind
""")
_WELCOME: Final = text("""
    with known as (
        select id from job
        where state = 'ready' and last_error_code = 'unknown_kind'
            and kind = any(cast(:kinds as text[]))
        for no key update skip locked
    )
    update job set run_at = now(), last_error_code = null, last_error = null
    from known where job.id = known.id
""")


class Presence:
    """This worker's row in `worker_heartbeat`."""

    def __init__(self, database: Database, kinds: Iterable[str]) -> None:
        self.id: Final = new_id("wrk")
        self._database: Final = database
        self._kinds: Final = sorted(kinds)
        self._welcomed = False

    async def beat(self) -> None:
        """Say that this worker is alive; forget old workers; postpone jobs nobody can do."""
        async with self._database.engine.begin() as connection:
            here = {"id": self.id, "host": socket.gethostname(), "pid": os.getpid()}
            await connection.execute(_BEAT, {**here, "kinds": self._kinds})
            await connection.execute(_FORGET, {"seconds": _FORGET_SECONDS})
            if not self._welcomed:
                await connection.execute(_WELCOME, {"kinds": self._kinds})
        self._welcomed = True
        await self._postpone_unknown()

    async def _postpone_unknown(self) -> None:
        delays = {"alive": _ALIVE_SECONDS, "delay": _UNKNOWN_DELAY_SECONDS}
        async with self._database.engine.begin() as connection:
            kinds = set((await connection.execute(_POSTPONE, delays)).scalars())
        if kinds:
            _logger.warning("jobs wait for a worker that knows their kind: %s", sorted(kinds))

    async def leave(self) -> None:
        """Remove the row: the worker stops on purpose."""
        async with self._database.engine.begin() as connection:
            await connection.execute(_LEAVE, {"id": self.id})

"""Hear the bell: arq's worker, kept running whatever Redis does."""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any, Final

from arq.connections import ArqRedis
from arq.worker import Worker, func

from atlas_hub.jobs.bell import QUEUE, RING, connect, to_json
from atlas_hub.jobs.loops import end

POLL_SECONDS: Final = 0.02
_RESTART_SECONDS: Final = 1.0
_ANSWER_SECONDS: Final = 5.0
_LEAVE_SECONDS: Final = 1.0

_logger = logging.getLogger(__name__)


class RingListener:
    """Calls `on_ring` at every ring that this process hears."""

    def __init__(self, redis_url: str, on_ring: Callable[[], None]) -> None:
        self._redis_url: Final = redis_url
        self._on_ring: Final = on_ring
        self._away = False

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until `stop` is set. arq's worker ends when Redis does: it is started again."""
        logging.getLogger("arq").setLevel(logging.ERROR)  # it tells of every ring and restart
        stopped = asyncio.create_task(stop.wait())
        while not stop.is_set():
            try:
                await self._run_arq(stopped)
            except Exception as error:  # noqa: BLE001 - whatever it was, polling goes on
                self._note_away(error)
            await asyncio.wait((stopped,), timeout=_RESTART_SECONDS)

    async def _run_arq(self, stopped: asyncio.Task[Any]) -> None:
        redis = connect(self._redis_url, timeout=_ANSWER_SECONDS)
        worker = self._arq_worker(redis)
        running = asyncio.create_task(worker.main())
        try:
            await asyncio.wait((running, stopped), return_when=asyncio.FIRST_COMPLETED)
            # Asked to end by itself: redis-py may lose a connection, or the cancellation, when it
            # is cancelled. worker.close() would stumble over tasks that failed with Redis.
            worker.burst, worker.max_burst_jobs = True, 0
            async with asyncio.timeout(_LEAVE_SECONDS):
                await running
        finally:
            await end(running, *worker.tasks.values())
            await redis.aclose(close_connection_pool=True)

    def _arq_worker(self, redis: ArqRedis) -> Worker:
        async def ring(ctx: dict[Any, Any], *_args: Any, **_kwargs: Any) -> None:  # noqa: ARG001
            self._on_ring()

        async def connected(ctx: dict[Any, Any]) -> None:  # noqa: ARG001
            self._note_back()

        return Worker(
            functions=[func(ring, name=RING, keep_result=0, timeout=5, max_tries=1)],
            on_startup=connected,
            redis_pool=redis,
            queue_name=QUEUE,
            handle_signals=False,
            poll_delay=POLL_SECONDS,
            keep_result=0,
            health_check_interval=15,
            job_serializer=to_json,
            job_deserializer=json.loads,
            log_results=False,
        )

    def _note_away(self, error: Exception) -> None:
        if not self._away:
            _logger.warning("the job bell cannot be heard, polling instead: %r", error)
        self._away = True

    def _note_back(self) -> None:
        if self._away:
            _logger.info("the job bell is heard again")
        self._away = False

"""The doorbell: tells idle workers at once that there is work. Losing a ring costs one poll."""

import asyncio
import json
import logging
from typing import Any, Final, Protocol

from arq.connections import ArqRedis
from redis.asyncio import ConnectionPool

QUEUE: Final = "atlas-hub:bell"
RING: Final = "ring"
ANSWER_SECONDS: Final = 0.2
ENOUGH_RINGS: Final = 100  # nobody listens, or everybody is awake: more rings only fill Redis

_logger = logging.getLogger(__name__)


class Bell(Protocol):
    """What a process rings after it committed jobs."""

    def ring(self) -> None:
        """Wake a worker, best effort: returns at once and never raises."""

    async def state(self) -> str:
        """Say `ok`, `away` or, in a deployment without Redis, `none`."""
        ...

    async def close(self) -> None:
        """Let a ring that is under way end, then free what the bell holds."""


class SilentBell:
    """The bell of a deployment without Redis: workers find work by polling."""

    def ring(self) -> None:
        """Do nothing."""

    async def state(self) -> str:
        """Say `none`."""
        return "none"

    async def close(self) -> None:
        """Do nothing."""


class RedisBell:
    """Rings through arq. Rings asked for while one is under way become one more."""

    def __init__(self, redis_url: str) -> None:
        self._redis: Final = connect(redis_url, timeout=ANSWER_SECONDS)
        self._wanted = False
        self._away = False
        self._ringing: asyncio.Task[None] | None = None

    def ring(self) -> None:
        """Wake a worker, best effort: returns at once and never raises."""
        self._wanted = True
        if self._ringing is None or self._ringing.done():
            self._ringing = asyncio.get_running_loop().create_task(self._ring_while_wanted())

    async def state(self) -> str:
        """Say whether Redis answers: `ok` or `away`."""
        try:
            await self._redis.ping()  # the client's own time limit holds
        except Exception:  # noqa: BLE001 - whatever the reason, the bell is silent
            return "away"
        return "ok"

    async def close(self) -> None:
        """Let a ring that is under way end, then disconnect."""
        if self._ringing is not None:
            await self._ringing
        await self._redis.aclose(close_connection_pool=True)

    async def _ring_while_wanted(self) -> None:
        while self._wanted:
            self._wanted = False
            try:
                if await self._redis.zcard(QUEUE) < ENOUGH_RINGS:
                    await self._redis.enqueue_job(RING)
            except Exception as error:  # noqa: BLE001 - a bell must not harm the one who rings
                self._note_away(error)
            else:
                self._away = False

    def _note_away(self, error: Exception) -> None:
        if not self._away:
            _logger.warning("the job bell is silent, workers poll instead: %r", error)
        self._away = True


def connect(redis_url: str, *, timeout: float) -> ArqRedis:
    """Return arq's Redis client, JSON inside, which connects when it is first used.

    `timeout` is the seconds to wait for a connection or an answer.
    """
    pool = ConnectionPool.from_url(
        redis_url, socket_timeout=timeout, socket_connect_timeout=timeout
    )
    return ArqRedis(
        pool,
        job_serializer=to_json,
        job_deserializer=json.loads,
        default_queue_name=QUEUE,
    )


def to_json(document: dict[str, Any]) -> bytes:
    """Return the UTF-8 JSON of `document`; arq's own default would be pickle."""
    return json.dumps(document).encode()


def open_bell(redis_url: str | None) -> Bell:
    """Return the bell of this deployment."""
    return SilentBell() if redis_url is None else RedisBell(redis_url)

"""Steps that a worker takes again and again, whatever goes wrong in one of them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

_END_ROUNDS: Final = 50
_END_ROUND_SECONDS: Final = 0.1

_logger = logging.getLogger(__name__)


async def repeat(
    name: str,
    step: Callable[[], Awaitable[object]],
    seconds: float,
    *,
    wake: asyncio.Event,
    stop: asyncio.Event,
) -> None:
    """Take `step` every `seconds`, and whenever `wake` is set, until `stop` is set (and `wake`).

    A step that fails is tried again; only the first failure in a row is logged.
    """
    failing = False
    while not stop.is_set():
        wake.clear()
        try:
            await step()
        except Exception:
            if not failing:
                _logger.exception("worker: %s failed, trying again every %g s", name, seconds)
            failing = True
        else:
            if failing:
                _logger.info("worker: %s works again", name)
            failing = False
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await wake.wait()


async def end(*tasks: asyncio.Task[Any]) -> None:
    """Cancel `tasks` until they have ended, for 5 seconds at most.

    Once is not enough: redis and database drivers swallow a cancellation now and then.
    """
    pending = {task for task in tasks if not task.done()}
    for _ in range(_END_ROUNDS):
        if not pending:
            break
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_END_ROUND_SECONDS)
    for task in tasks:
        if task.done() and not task.cancelled():
            task.exception()  # asked for, so that asyncio does not report it

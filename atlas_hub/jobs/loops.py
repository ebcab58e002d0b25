"""Steps that a worker takes again and again, whatever goes wrong in one of them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

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

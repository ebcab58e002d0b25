"""Keep one worker process running beside the API."""

import asyncio
import logging
import os
import sys
import time
from typing import Final

from atlas_hub.settings import Settings

FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 30.0
STEADY_SECONDS: Final = 60.0
STOP_SECONDS: Final = 15.0

logger = logging.getLogger(__name__)


async def keep_worker(settings: Settings, *, database_url: str, redis_url: str | None) -> None:
    """Run a worker for ever, restarting one that ends; stop it when cancelled."""
    environment = {
        **os.environ,
        "ATLAS_DATABASE_URL": database_url,
        "ATLAS_REDIS_URL": redis_url or "",
        "ATLAS_DATA_DIR": str(settings.data_dir),
    }
    command = [sys.executable, "-m", "atlas_hub.cli", "worker", "--parent", str(os.getpid())]
    if settings.safe_mode:
        command.append("--safe-mode")
    pause = FIRST_PAUSE
    while True:
        started = time.monotonic()
        await _run(command, environment)
        if time.monotonic() - started > STEADY_SECONDS:
            pause = FIRST_PAUSE
        logger.error("the worker is gone, starting another in %.1f s", pause)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


async def _run(command: list[str], environment: dict[str, str]) -> None:
    process = await asyncio.create_subprocess_exec(*command, env=environment)
    try:
        await process.wait()
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()

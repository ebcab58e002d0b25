"""`atlas-hub worker`: run jobs until told to stop."""

import asyncio
import os
import signal
from typing import Final

from atlas_hub.cli.services import Services, configure_logging, installed_plugins, load_services
from atlas_hub.hub import open_hub
from atlas_hub.worker import work

PARENT_CHECK_SECONDS: Final = 1.0


def worker(*, parent: int | None, lease_seconds: float, safe_mode: bool) -> None:
    """Run a worker; with `parent`, only for as long as that process lives."""
    services = load_services(**({"safe_mode": True} if safe_mode else {}))
    configure_logging(services.settings)
    asyncio.run(_work(services, parent, lease_seconds))


async def _work(services: Services, parent: int | None, lease_seconds: float) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    plugins = await asyncio.to_thread(installed_plugins, services.settings)
    async with open_hub(
        services.settings,
        plugins,
        database_url=services.database_url,
        redis_url=services.redis_url,
    ) as hub:
        await hub.database.check()
        watch = asyncio.create_task(_stop_with(parent, stop)) if parent is not None else None
        await work(hub, services.redis_url, stop, lease_seconds=lease_seconds)
        if watch is not None:
            watch.cancel()


async def _stop_with(parent: int, stop: asyncio.Event) -> None:
    while os.getppid() == parent:  # noqa: ASYNC110 - nobody signals the end of another process
        await asyncio.sleep(PARENT_CHECK_SECONDS)
    stop.set()

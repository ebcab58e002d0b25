"""What one process shares: settings, database, plugins and what they bring, bell, clock."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from atlas_hub.db.clock import Clock
from atlas_hub.db.engine import Database
from atlas_hub.jobs.bell import Bell, open_bell
from atlas_hub.jobs.queue import attach_bell
from atlas_hub.plugins.host import PluginHost
from atlas_hub.settings import Settings
from atlas_hub_core.aggregations import Aggregation
from atlas_hub_core.params import Registry
from atlas_hub_core.prices import Price


@dataclass(frozen=True, slots=True)
class Hub:
    """The parts every room may use."""

    settings: Settings
    database: Database
    plugins: PluginHost
    prices: Registry[Price]
    aggregations: Registry[Aggregation[Any, Any]]
    bell: Bell
    clock: Clock


@asynccontextmanager
async def open_hub(
    settings: Settings, plugins: PluginHost, *, database_url: str, redis_url: str | None
) -> AsyncIterator[Hub]:
    """Yield the hub of this process, connected; disconnect it afterwards."""
    database = Database(database_url)
    bell = open_bell(redis_url)
    attach_bell(database, bell)
    try:
        yield Hub(
            settings=settings,
            database=database,
            plugins=plugins,
            prices=Registry("price", plugins.price_models()),
            aggregations=Registry("aggregation", plugins.aggregations()),
            bell=bell,
            clock=Clock(test_mode=settings.test_clock),
        )
    finally:
        await bell.close()
        await database.close()

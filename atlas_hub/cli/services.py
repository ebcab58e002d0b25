"""Where PostgreSQL and Redis are: from the settings, or from the hub that runs on the folder."""

import logging
import sys
from dataclasses import dataclass

from atlas_hub.plugins.host import PluginHost
from atlas_hub.plugins.start import load_plugins
from atlas_hub.runtime import attach
from atlas_hub.settings import Settings, load_settings


@dataclass(frozen=True, slots=True)
class Services:
    """Settings, and the URLs that follow from them."""

    settings: Settings
    database_url: str
    redis_url: str | None


def load_services(**overrides: object) -> Services:
    """Read the settings; without a database of their own, attach to the running hub."""
    settings = load_settings().model_copy(update=overrides)
    if settings.database_url is not None:
        return Services(settings, settings.database_url, settings.redis_url or None)
    state = attach(settings.data_dir)
    return Services(settings, state.database_url, state.redis_url)


def installed_plugins(settings: Settings) -> PluginHost:
    """Load the plugins that the settings allow; those that passed a probe are remembered."""
    folder = settings.data_dir
    memory = folder / "plugins.json" if folder.exists() else None
    return load_plugins(settings.plugins, safe_mode=settings.safe_mode, memory=memory)


def configure_logging(settings: Settings) -> None:
    """Log to standard error, one line each."""
    logging.basicConfig(
        stream=sys.stderr,
        level=settings.log_level.upper(),
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
    )
    for noisy in ("arq", "httpx2", "httpcore2", "alembic", "stripe"):
        logging.getLogger(noisy).setLevel("WARNING")

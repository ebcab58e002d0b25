"""What one process shares: settings, database, plugins, bell, clock."""

from dataclasses import dataclass

from atlas_hub.db.clock import Clock
from atlas_hub.db.engine import Database
from atlas_hub.jobs.bell import Bell
from atlas_hub.plugins.host import PluginHost
from atlas_hub.settings import Settings


@dataclass(frozen=True, slots=True)
class Hub:
    """The parts every room may use."""

    settings: Settings
    database: Database
    plugins: PluginHost
    bell: Bell
    clock: Clock

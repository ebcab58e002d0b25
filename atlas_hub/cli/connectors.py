"""`atlas-hub connectors list`: what is installed, and in which state."""

from rich.console import Console
from rich.table import Table

from atlas_hub.cli.services import installed_plugins
from atlas_hub.plugins.host import PluginInfo
from atlas_hub.settings import load_settings


def list_plugins(*, safe_mode: bool) -> None:
    """Print installed plugins as a table, broken ones with the reason."""
    settings = load_settings()
    if safe_mode:
        settings = settings.model_copy(update={"safe_mode": True})
    table = Table("name", "version", "state", "capabilities", "connection takes", box=None)
    for info in installed_plugins(settings).plugins():
        state = info.state if info.reason is None else f"{info.state}: {info.reason}"
        table.add_row(info.name, info.version, state, ", ".join(info.capabilities), _takes(info))
    Console(soft_wrap=False).print(table)


def _takes(info: PluginInfo) -> str:
    fields: list[str] = []
    for connector in info.connectors:
        properties = connector.config_schema.get("properties", {})
        fields += [f"config.{name}" for name in properties]
        fields += [f"secrets.{name}" for name in connector.secrets]
    return ", ".join(fields)

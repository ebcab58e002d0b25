"""`atlas-hub sandbox NAME`: a simulated vendor, alone on this machine."""

import signal
import threading

import typer

from atlas_hub.cli.services import installed_plugins
from atlas_hub.settings import load_settings
from atlas_hub_core.errors import NotFound


def sandbox(name: str, port: int) -> None:
    """Run the sandbox of connector `name` until told to stop."""
    connectors = installed_plugins(load_settings()).connectors()
    if name not in connectors:
        known = ", ".join(sorted(connectors)) or "none"
        message = f"There is no working connector {name!r}; working ones: {known}."
        raise NotFound(message, code="unknown_connector")
    running = connectors[name]().sandbox(port)
    if running is None:
        message = f"The connector {name} brings no sandbox."
        raise NotFound(message, code="no_sandbox")
    try:
        typer.echo(running.describe())
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        stop.wait()
    finally:
        running.close()

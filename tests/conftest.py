"""The hub under test: its parts on a fresh database, and a client of its API."""

import os
import signal
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import httpx2
import pytest

from atlas_hub.access.keys import ensure_bootstrap_key
from atlas_hub.hub import Hub, open_hub
from atlas_hub.plugins.host import PluginHost
from atlas_hub.plugins.start import load_plugins
from atlas_hub.settings import Settings

KEY = "test-key-of-thirty-two-characters-or-more"
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="session", autouse=True)
def interrupts() -> None:
    """Let Ctrl-C reach tests also where the run is in the background, which ignores it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def plugins() -> PluginHost:
    """The plugins that are installed, loaded once per test process."""
    return load_plugins()


@pytest.fixture
def settings(tmp_path) -> Settings:
    """A hub that walks its own clock and keeps its secrets in a folder of the test."""
    return Settings(data_dir=tmp_path / "data", test_clock=True)


@pytest.fixture
async def hub(database_url: str, settings: Settings, plugins: PluginHost) -> AsyncIterator[Hub]:
    """A hub on a fresh database, without Redis; business time is the start of 2026."""
    async with open_hub(settings, plugins, database_url=database_url, redis_url=None) as opened:
        async with opened.database.transaction() as session:
            await ensure_bootstrap_key(session, KEY)
            await opened.clock.set(session, START)
        yield opened


@pytest.fixture
def connect(hub: Hub) -> Callable[[str], httpx2.AsyncClient]:
    """Make a client of the hub's API that sends a given key."""
    from atlas_hub.api import create_app  # most tests need no API

    app = create_app(hub)

    def client(key: str) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app, raise_app_exceptions=False),
            base_url="http://hub",
            headers={"Authorization": f"Bearer {key}"},
        )

    return client


@pytest.fixture
async def api(connect) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of the hub's API with all scopes."""
    async with connect(KEY) as client:
        yield client


def pytest_terminal_summary(terminalreporter) -> None:
    """Say which outside material this run had, so that a green run is not taken for more."""
    for variable, what, instead in (
        ("ATLAS_TEST_DATA", "usage data", "seeded files with the rows and sums of the real trace"),
        ("ATLAS_TEST_SPECS", "vendor descriptions", "the vendor SDKs' own typed parameters"),
    ):
        terminalreporter.write_line(f"{what}: {os.environ.get(variable) or instead}")

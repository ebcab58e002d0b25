"""Fixtures for tests of the hub and of connectors; loaded by pytest wherever the hub is installed.

It imports nothing heavy: other projects' tests load it too.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import cache
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from atlas_hub.runtime.postgres import PostgresServer
    from atlas_hub.runtime.valkey import ValkeyServer
    from atlas_hub.testing.databases import Databases


@pytest.fixture(scope="session")
def postgres_of() -> Iterator[Callable[[int], PostgresServer]]:
    """Answer a running PostgreSQL of a major version; one each per test process."""
    from atlas_hub.testing.servers import running_postgres

    with ExitStack() as stack:

        @cache
        def server(major: int) -> PostgresServer:
            return stack.enter_context(running_postgres(major=major))

        yield server


@pytest.fixture(scope="session")
def postgres_server(postgres_of: Callable[[int], PostgresServer]) -> PostgresServer:
    """Answer a running PostgreSQL of the newest installed version, one per test process."""
    from atlas_hub.runtime.binaries import postgres_install

    return postgres_of(postgres_install()[0])


@pytest.fixture(scope="session")
def databases(postgres_server: PostgresServer) -> Databases:
    """Answer a maker of migrated databases."""
    from atlas_hub.testing.databases import Databases

    return Databases(postgres_server.url)


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """Answer the URL of a fresh, migrated database, dropped after the test."""
    url = databases.create()
    yield url
    databases.drop(url)


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[ValkeyServer]:
    """Answer a running Valkey, one per test process."""
    from atlas_hub.testing.servers import running_valkey

    with running_valkey() as server:
        yield server

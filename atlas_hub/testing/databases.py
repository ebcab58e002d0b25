"""Fresh databases for tests: each a copy of one that was migrated once per server."""

import asyncio
from itertools import count
from typing import Final

import asyncpg
from sqlalchemy import make_url

from atlas_hub.db.migrate import upgrade_blocking

_TEMPLATE: Final = "atlas_template"
_numbers: Final = count(1)


class Databases:
    """Makes and drops databases on one throw-away server."""

    def __init__(self, server_url: str) -> None:
        self._url: Final = make_url(server_url)
        self._migrated = False

    def create(self) -> str:
        """Return the URL of a new database with the newest schema."""
        if not self._migrated:
            self._run(f"create database {_TEMPLATE}")
            upgrade_blocking(self._named(_TEMPLATE))
            self._migrated = True
        name = f"test_{next(_numbers)}"
        self._run(f"create database {name} template {_TEMPLATE}")
        return self._named(name)

    def drop(self, url: str) -> None:
        """Drop a database that `create` made, whoever is still connected."""
        self._run(f"drop database {make_url(url).database} with (force)")

    def _named(self, name: str) -> str:
        return self._url.set(database=name).render_as_string(hide_password=False)

    def _run(self, statement: str) -> None:
        asyncio.run(self._execute(statement))

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(
            host=str(self._url.query["host"]),
            user=self._url.username,
            database=self._url.database,
        )
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

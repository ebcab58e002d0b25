"""Bring a database to the schema of this version."""

import asyncio
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from atlas_hub.db.engine import Database

_LOCK: Final = 0x61746C61  # any fixed number: one migrating process at a time


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection) -> None:
    connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    command.upgrade(_config(connection), "head")


async def upgrade(database: Database) -> None:
    """Run every migration that is missing, all in one transaction."""
    async with database.engine.begin() as connection:
        await connection.run_sync(_upgrade)


def head() -> str:
    """Return the revision that this version of the hub expects."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        message = "the package holds no migrations"
        raise RuntimeError(message)
    return revision


async def current(database: Database) -> str | None:
    """Return the revision the database is at; None before the first migration."""
    async with database.engine.connect() as connection:
        return await connection.run_sync(
            lambda sync: MigrationContext.configure(sync).get_current_revision()
        )


def upgrade_blocking(database_url: str) -> None:
    """Do `upgrade` from synchronous code."""

    async def run() -> None:
        database = Database(database_url)
        try:
            await upgrade(database)
        finally:
            await database.close()

    asyncio.run(run())

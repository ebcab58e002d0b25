"""The schema that migrations make is the one the tables describe, on every supported server."""

import importlib
from collections.abc import Callable

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import make_url, text
from sqlmodel import SQLModel

from atlas_hub.db.engine import Database
from atlas_hub.db.migrate import current, head, upgrade
from atlas_hub.runtime.postgres import PostgresServer

ROOMS = "jobs http access customers catalog usage subscriptions billing connections payments"


@pytest.fixture(params=[16, 18])
async def empty(request, postgres_of: Callable[[int], PostgresServer]):
    """An empty database on PostgreSQL 16 and 18."""
    server = postgres_of(request.param)
    admin = Database(server.url)
    async with admin.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("drop database if exists migrations"))
        await connection.execute(text("create database migrations"))
    await admin.close()
    url = make_url(server.url).set(database="migrations")
    database = Database(url.render_as_string(hide_password=False))
    yield database
    await database.close()


async def test_migrations_make_what_the_tables_describe(empty: Database) -> None:
    for room in ROOMS.split():
        importlib.import_module(f"atlas_hub.{room}.tables")
    await upgrade(empty)

    def differences(connection) -> list:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        found = compare_metadata(context, SQLModel.metadata)
        return [each for each in found if "alembic_version" not in str(each)]

    async with empty.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_upgrading_twice_changes_nothing(empty: Database) -> None:
    assert await current(empty) is None
    await upgrade(empty)
    await upgrade(empty)
    assert await current(empty) == head()


async def test_an_upgrade_that_is_cut_off_leaves_nothing(empty: Database) -> None:
    """All migrations are one transaction, so a second try starts from where the first did."""
    async with empty.engine.connect() as blocker:
        await blocker.execute(text("create table customer (id int)"))
        await blocker.commit()
        with pytest.raises(Exception, match="customer"):
            await upgrade(empty)
        assert await current(empty) is None
        await blocker.execute(text("drop table customer"))
        await blocker.commit()
    await upgrade(empty)
    assert await current(empty) == head()

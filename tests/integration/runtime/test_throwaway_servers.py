"""The servers that tests run on."""

import subprocess
import sys

import redis.asyncio


async def test_both_major_versions(postgres_of, query):
    for major in (16, 18):
        version = await query(postgres_of(major).url, "show server_version_num")
        assert version[0].startswith(str(major))
    assert postgres_of(16) is postgres_of(16)


async def test_newest_by_default(postgres_server, query):
    assert await query(postgres_server.url, "select current_database()::text") == ["atlas"]
    assert postgres_server.major == 18


async def test_valkey_answers(valkey_server):
    async with redis.asyncio.from_url(valkey_server.url) as client:
        assert await client.ping()


def test_plugin_imports_nothing_heavy():
    program = (
        "import sys; before = set(sys.modules); import pytest; base = set(sys.modules);"
        "import atlas_hub.testing.pytest_plugin; print(*(set(sys.modules) - base))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()
    assert {name.partition(".")[0] for name in loaded} <= {"atlas_hub"}

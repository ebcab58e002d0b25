"""Start, stop, attach: the everyday life of the embedded servers."""

import subprocess

import pytest
import redis.asyncio

from atlas_hub.runtime import EmbeddedRuntime, attach
from atlas_hub_core.errors import Conflict, Unavailable


async def ask_valkey(url: str, *command: str):
    async with redis.asyncio.from_url(url, decode_responses=True) as client:
        return await client.execute_command(*command)


async def valkey_setting(url: str, name: str) -> str:
    async with redis.asyncio.from_url(url, decode_responses=True) as client:
        return (await client.config_get(name))[name]


async def test_data_outlives_a_clean_stop(fresh_dir, hub, query, alive):
    with hub(fresh_dir) as first:
        await query(
            first.database_url, "create table t (n int)", "insert into t values (42)", "select 1"
        )
        await ask_valkey(first.redis_url, "SET", "bell", "rung")
        assert (await query(first.database_url, "show server_version_num"))[0].startswith("18")
        servers = first.servers()
        first.stop()
    assert set(servers) == {"postgres", "valkey-server"}
    assert not [pid for pid in servers.values() if alive(pid)]
    assert not first.sockets.exists()
    assert not (fresh_dir / "runtime.json").exists()
    with hub(fresh_dir) as second:
        assert await query(second.database_url, "select n from t") == [42]
        assert await ask_valkey(second.redis_url, "GET", "bell") == "rung"
        second.stop()


async def test_servers_listen_on_private_sockets_only(data_dir, hub, query):
    with hub(data_dir) as running:
        assert await query(running.database_url, "show listen_addresses") == [""]
        assert await valkey_setting(running.redis_url, "port") == "0"
        assert await valkey_setting(running.redis_url, "appendonly") == "yes"
        owners = running.owners()
        assert owners == {running.sockets.stat().st_uid}
        assert 0 not in owners
        assert running.sockets.stat().st_mode & 0o777 == 0o700
        assert (data_dir / "postgres").stat().st_uid in owners
        assert len(str(running.sockets)) < 60
        running.stop()


async def test_long_data_path_below_a_closed_folder(home, hub, query):
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    data_dir = closed / ("d" * (150 - len(str(closed)) - 1))
    assert len(str(data_dir)) == 150
    for _ in range(2):
        with hub(data_dir) as running:
            assert await query(running.database_url, "select 1") == [1]
            running.stop()


def test_second_hub_on_the_folder_is_refused(data_dir, hub):
    with hub(data_dir) as running:
        with pytest.raises(Conflict) as refusal, EmbeddedRuntime(data_dir):
            pytest.fail("a second hub started")
        assert f"process {running.process.pid}" in refusal.value.message
        assert "ATLAS_DATA_DIR" in refusal.value.message
        assert running.servers()
        running.stop()


def test_attach_finds_a_running_hub_and_only_that(data_dir, hub):
    with pytest.raises(Unavailable, match="atlas-hub serve"):
        attach(data_dir)
    with hub(data_dir) as running:
        state = attach(data_dir)
        assert (state.database_url, state.redis_url) == (running.database_url, running.redis_url)
        assert state.pid == running.process.pid
        assert (data_dir / "runtime.json").stat().st_mode & 0o777 == 0o600
        running.kill()
        assert (data_dir / "runtime.json").exists()
        with pytest.raises(Unavailable, match="atlas-hub serve"):
            attach(data_dir)


def test_published_address_is_attached_to(data_dir):
    with EmbeddedRuntime(data_dir, redis_url="") as runtime:
        assert runtime.redis_url is None
        runtime.publish(api_url="http://127.0.0.1:8000")
        assert attach(data_dir).api_url == "http://127.0.0.1:8000"


def test_outside_servers_are_used_and_nothing_is_started(fresh_dir):
    urls = {"database_url": "postgresql://db/x", "redis_url": "redis://cache"}
    with EmbeddedRuntime(fresh_dir, **urls) as one, EmbeddedRuntime(fresh_dir, **urls) as two:
        assert (one.database_url, two.redis_url) == ("postgresql://db/x", "redis://cache")
    assert not fresh_dir.exists()


def test_valkey_alone_beside_an_outside_database(fresh_dir):
    with EmbeddedRuntime(fresh_dir, database_url="postgresql://db/x") as runtime:
        assert runtime.redis_url.startswith("unix://")
        assert not (fresh_dir / "postgres").exists()


async def test_folder_keeps_its_major_version(fresh_dir, query):
    for major in (16, None):
        with EmbeddedRuntime(fresh_dir, redis_url="", postgres_major=major) as runtime:
            version = await query(runtime.database_url, "show server_version_num")
            assert version[0].startswith("16")


def test_file_in_place_of_the_data_folder_is_explained(fresh_dir):
    fresh_dir.touch()
    with pytest.raises(Unavailable, match="ATLAS_DATA_DIR"), EmbeddedRuntime(fresh_dir):
        pytest.fail("started")


def test_failed_start_quotes_the_log_and_leaves_nothing(data_dir, hub):
    with hub(data_dir) as running:
        sockets = running.sockets
        running.stop()
    with (data_dir / "postgres" / "postgresql.conf").open("a") as settings:
        settings.write("no_such_setting = 1\n")
    with pytest.raises(Unavailable, match="no_such_setting"), EmbeddedRuntime(data_dir):
        pytest.fail("started")
    assert not sockets.exists()
    assert not subprocess.run(
        ["pgrep", "-f", str(sockets)], check=False, capture_output=True
    ).stdout

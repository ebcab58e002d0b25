"""Parts of the runtime that need no server."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from atlas_hub.runtime import EmbeddedRuntime, binaries, launch
from atlas_hub.runtime.account import Account
from atlas_hub.runtime.binaries import postgres_install, valkey_server
from atlas_hub.runtime.children import LOG_LIMIT_BYTES, trim_log
from atlas_hub.runtime.lock import data_folder_lock, is_held
from atlas_hub.runtime.sockets import socket_folder
from atlas_hub_core.errors import Conflict, Unavailable

OWN = Account(os.geteuid(), os.getegid())
STRANGER = Account(os.geteuid() + 54321, os.getegid() + 54321)


@pytest.fixture
def home():
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


@pytest.fixture
def no_wheels(monkeypatch):
    monkeypatch.setattr(binaries, "find_spec", lambda _name: None)


def test_missing_wheel_names_the_remedy(no_wheels, home):
    assert valkey_server() is None
    with pytest.raises(Unavailable, match=r"atlas-hub\[embedded\]"), EmbeddedRuntime(home / "data"):
        pytest.fail("started")


def test_missing_version_names_what_is_there():
    with pytest.raises(Unavailable, match=r"PostgreSQL 17 .* carries \[16, 18\]"):
        postgres_install(17)


def test_without_redis_the_runtime_says_so(no_wheels, home, caplog):
    with EmbeddedRuntime(home / "data", database_url="postgresql://db/x") as runtime:
        assert runtime.redis_url is None
    assert "No Redis" in caplog.text


def test_unstarted_runtime_has_no_url(home):
    with pytest.raises(Unavailable, match="with"):
        _ = EmbeddedRuntime(home).database_url


@pytest.mark.parametrize(
    ("folder_mode", "file_mode", "own", "stranger"),
    [(0o755, 0o644, True, True), (0o700, 0o644, True, False), (0o755, 0o600, True, False),
     (0o711, 0o644, True, True), (0o751, 0o640, True, False)],
)  # fmt: skip
def test_reach_follows_the_mode_bits(home, folder_mode, file_mode, own, stranger):
    home.chmod(0o755)
    folder = home / "folder"
    folder.mkdir()
    file = folder / "file"
    file.touch()
    file.chmod(file_mode)
    folder.chmod(folder_mode)
    assert (OWN.can_reach(file), STRANGER.can_reach(file)) == (own, stranger)
    folder.chmod(0o700)


def test_lock_is_exclusive_and_ends(home):
    assert not is_held(home)
    with data_folder_lock(home):
        assert is_held(home)
        with pytest.raises(Conflict, match=f"process {os.getpid()}"), data_folder_lock(home):
            pytest.fail("locked twice")
        assert is_held(home)
    assert not is_held(home)


def test_socket_folder_is_private_and_short_lived(home):
    with socket_folder(home, None) as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "left").touch()
        with socket_folder(home, None) as again:
            assert again == folder
            assert not list(again.iterdir())
    assert not folder.exists()


def test_socket_folder_in_a_strangers_hand_is_refused(home):
    with socket_folder(home, None) as folder:
        pass
    folder.symlink_to(home)
    try:
        with pytest.raises(Unavailable, match=str(folder)), socket_folder(home, None):
            pytest.fail("followed a link")
        assert home.exists()
    finally:
        folder.unlink()


def test_large_log_is_set_aside(home):
    log = home / "postgres.log"
    log.write_bytes(b"small")
    trim_log(log)
    assert log.exists()
    with log.open("ab") as file:
        file.truncate(LOG_LIMIT_BYTES + 1)
    trim_log(log)
    assert not log.exists()
    assert (home / "postgres.log.1").stat().st_size > LOG_LIMIT_BYTES


def test_launcher_does_not_outlive_a_dead_parent():
    answer = subprocess.run(
        [sys.executable, "-I", "-S", launch.__file__, "1", "-1", "-1", "9", "/bin/echo", "ran"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (answer.returncode, answer.stdout) == (1, "")
    assert "the hub is gone" in answer.stderr

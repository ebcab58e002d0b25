"""The embedded PostgreSQL: one server in one folder, reached through a unix socket only."""

import os
import pwd
import shutil
import subprocess
from pathlib import Path
from signal import SIGINT, SIGQUIT
from typing import Final
from urllib.parse import quote

from atlas_hub.runtime.binaries import postgres_install, reachable_postgres
from atlas_hub.runtime.children import Place, end_strays, run, spawn, stop, wait_ready
from atlas_hub_core.errors import Unavailable

USER: Final = "atlas"
DATABASE: Final = "atlas"
START_SECONDS: Final = 120.0  # a crash recovery replays up to 1 GB of log
STOP_SECONDS: Final = 20.0
_STATUS_LINE: Final = 7  # of postmaster.pid, as pg_ctl reads it
_FORGETFUL: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class PostgresServer:
    """PostgreSQL in `place.folder`. An existing folder keeps its major version."""

    def __init__(self, place: Place, *, major: int | None = None, durable: bool = True) -> None:
        self.place: Final = place
        self.durable: Final = durable
        self.process: subprocess.Popen[bytes] | None = None
        self.major, install = postgres_install(_major_of(place.folder) or major)
        self._bin: Final = reachable_postgres(install, place.account, place.sockets) / "bin"

    @property
    def url(self) -> str:
        """SQLAlchemy URL of the hub's database, for asyncpg."""
        host = quote(str(self.place.sockets))
        return f"postgresql+asyncpg://{USER}@/{DATABASE}?host={host}"

    def start(self) -> None:
        """Start, after making the cluster if there is none; return when it takes connections.

        Raises:
            Unavailable: It did not start; the message has the end of its log.
        """
        if not self.place.folder.exists():
            self._create()
        end_strays(self.place.folder)
        self._drop_stale_pid_file()
        self.process = spawn(
            [self._bin / "postgres", "-D", self._address(self.place.folder), *self._settings()],
            self.place,
            cwd=self.place.folder,
            death_signal=SIGQUIT,
        )
        wait_ready(self.process, self._ready, self.place, seconds=START_SECONDS)

    def stop(self) -> None:
        """Shut down: sessions are ended, everything is on disk, the process is gone."""
        if self.process:
            stop(self.process, SIGINT, SIGQUIT, seconds=STOP_SECONDS)
            self.process = None

    def _create(self) -> None:
        """Make the cluster beside its place and move it there, so that half a one never counts."""
        folder = self.place.folder.with_suffix(".new")
        if folder.exists():
            end_strays(folder)
            shutil.rmtree(folder)
        self._check_user_exists()
        self.place.make(folder)
        at = self._address(folder)
        locale = (
            ["--locale-provider=builtin", "--locale=C.UTF-8"] if self.major > 16 else ["--locale=C"]
        )
        command: list[str | Path] = [
            *(self._bin / "initdb", "-D", at, f"--username={USER}", "--auth=trust"),
            *("--encoding=UTF8", "--data-checksums", "--set=timezone=UTC", *locale),
            *([] if self.durable else ["--no-sync"]),
        ]
        run(command, self.place, cwd=folder, stage="create its data folder")
        alone: list[str | Path] = [self._bin / "postgres", "--single", "-D", at, "template1"]
        script = f"create database {DATABASE}\n"
        run(alone, self.place, cwd=folder, stage="create its database", script=script)
        folder.rename(self.place.folder)

    def _settings(self) -> list[str]:
        """Return what must hold whatever the administrator wrote into postgresql.conf."""
        values = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.place.sockets),
            "unix_socket_permissions": "0700",
            "logging_collector": "off",
            "fsync": "on",
        }
        if not self.durable:
            values |= _FORGETFUL
        return [part for name, value in values.items() for part in ("-c", f"{name}={value}")]

    def _address(self, folder: Path) -> str:
        """Name `folder` so that the server's account can open it.

        Below a folder closed to the account its path cannot be walked, but the working folder,
        which the hub sets before it gives up its rights, can.
        """
        account = self.place.account
        return str(folder) if account is None or account.can_reach(folder) else "/proc/self/cwd"

    def _ready(self) -> bool:
        lines = self._pid_file_lines()
        mine = self.process is not None and lines[:1] == [str(self.process.pid)]
        return mine and len(lines) > _STATUS_LINE and lines[_STATUS_LINE].strip() == "ready"

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self.place.folder / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _drop_stale_pid_file(self) -> None:
        """Remove the file of a dead server.

        Its number may by now be a zombie, or another process, and PostgreSQL would wait for it.
        Where there is no /proc to prove the server dead, PostgreSQL decides by itself.
        """
        if Path("/proc/self").exists():
            (self.place.folder / "postmaster.pid").unlink(missing_ok=True)

    def _check_user_exists(self) -> None:
        uid = self.place.account.uid if self.place.account else os.geteuid()
        try:
            pwd.getpwuid(uid)
        except KeyError:
            message = (
                f"PostgreSQL cannot make its data folder as user {uid}, which has no entry in"
                " /etc/passwd: add one, or set ATLAS_DATABASE_URL"
            )
            raise Unavailable(message, code="no_server_account") from None


def _major_of(folder: Path) -> int | None:
    version = folder / "PG_VERSION"
    return int(version.read_text()) if version.exists() else None

"""Server processes as direct children of the hub.

A child dies with the thread that started it (that is how Linux counts the parent of a death
signal), so the caller starts children from a thread that lives as long as the hub.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL, Signals
from typing import Final

from atlas_hub.runtime import launch
from atlas_hub.runtime.account import Account
from atlas_hub_core.errors import Unavailable

LOG_LIMIT_BYTES: Final = 10_000_000
_SERVERS: Final = frozenset({"postgres", "valkey-server"})
_PROC: Final = Path("/proc")
_ENVIRONMENT: Final = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/local/bin:/usr/bin:/bin"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server lives: its data, the folder of its socket, its log, its account."""

    folder: Path
    sockets: Path
    log: Path
    account: Account | None

    def make(self, folder: Path) -> Path:
        """Create `folder` for the server's account alone."""
        folder.mkdir(mode=0o700, exist_ok=True)
        if self.account:
            self.account.own(folder)
        return folder


def spawn(
    command: list[str | Path],
    place: Place,
    *,
    cwd: Path,
    death_signal: Signals,
    stdin: int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own, in folder `cwd`, output appended to the log."""
    account = place.account or Account(-1, -1)
    launcher = [sys.executable, "-I", "-S", launch.__file__]
    terms = [os.getpid(), account.uid, account.gid, int(death_signal)]
    with place.log.open("ab") as log:
        return subprocess.Popen(  # noqa: S603 - our own programs, no shell
            [*launcher, *map(str, terms), *map(str, command)],
            cwd=cwd,
            env=_ENVIRONMENT,
            stdin=stdin,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def run(
    command: list[str | Path], place: Place, *, cwd: Path, stage: str, script: str = ""
) -> None:
    """Run `command` to its end, with `script` as its input.

    Raises:
        Unavailable: It failed; the message has the end of its log.
    """
    process = spawn(command, place, cwd=cwd, death_signal=SIGKILL, stdin=subprocess.PIPE)
    process.communicate(script.encode())
    if process.returncode != 0:
        raise failure(stage, place)


def wait_ready(
    process: subprocess.Popen[bytes], ready: Callable[[], bool], place: Place, *, seconds: float
) -> None:
    """Wait until `ready()`.

    Raises:
        Unavailable: The process ended, or was not ready in time; the message has its log's end.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            stop(process, SIGKILL, seconds=1)
            raise failure("start", place)
        time.sleep(0.01)


def stop(process: subprocess.Popen[bytes], *signals: Signals, seconds: float) -> None:
    """Send each signal in turn, waiting `seconds` after each, then kill."""
    for signal in (*signals, SIGKILL):
        if process.poll() is not None:
            return
        process.send_signal(signal)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue


def end_strays(folder: Path, *, patience: float = 5) -> None:
    """Wait for servers of a former hub that still run in `folder`, then kill them.

    The caller holds the lock of the data folder, so no living hub owns them.
    """
    deadline = time.monotonic() + patience
    while strays := list(_servers_in(folder)):
        if time.monotonic() > deadline:
            for pid in strays:
                _kill(pid)
        time.sleep(0.02)


def failure(stage: str, place: Place) -> Unavailable:
    """Return the error that says what the log says."""
    lines = place.log.read_text(errors="replace").splitlines()[-8:]
    message = f"{place.folder.name} failed to {stage}; its log {place.log} ends with:\n"
    return Unavailable(message + "\n".join(lines), code=f"{place.folder.name}_failed")


def trim_log(log: Path) -> None:
    """Set a log that has grown large aside; one former log is kept."""
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))


def _servers_in(folder: Path) -> Iterator[int]:
    """Find servers by their working folder. Systems without /proc show none."""
    here = folder.stat()
    for entry in _PROC.glob("[0-9]*"):
        try:
            cwd = (entry / "cwd").stat()
            program = (entry / "exe").readlink().name.removesuffix(" (deleted)")
        except OSError:  # another user's, a zombie, or gone by now
            continue
        if (cwd.st_dev, cwd.st_ino) == (here.st_dev, here.st_ino) and program in _SERVERS:
            yield int(entry.name)


def _kill(pid: int) -> None:
    try:
        os.kill(pid, SIGKILL)
    except ProcessLookupError:
        return

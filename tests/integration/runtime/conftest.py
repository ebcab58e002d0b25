"""A hub in a process of its own, and ways to look into what it runs.

Test files cannot import each other, so helpers are handed out as fixtures.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import make_url

HUB_PROCESS = Path(__file__).with_name("hub_process.py")


@dataclass
class HubProcess:
    """One started hub."""

    process: subprocess.Popen[str]
    database_url: str
    redis_url: str

    @property
    def sockets(self) -> Path:
        return Path(str(make_url(self.database_url).query["host"]))

    def servers(self) -> dict[str, int]:
        """Pids of its direct children by program name."""
        children = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        pids = [int(pid) for file in children for pid in file.read_text().split()]
        return {_program(pid): pid for pid in pids if _alive(pid)}

    def owners(self) -> set[int]:
        """Uids that its servers run under."""
        return {Path(f"/proc/{pid}").stat().st_uid for pid in self.servers().values()}

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.wait(30) == 0, self.process.stderr.read()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)


def _program(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/exe").readlink().name
    except FileNotFoundError:
        return "gone"


@contextmanager
def _hub(
    data_dir: Path,
    *,
    python: str = sys.executable,
    uid: int | None = None,
    env: Mapping[str, str] | None = None,
) -> Iterator[HubProcess]:
    """Run a hub on `data_dir`, as `uid` if given; it is stopped or killed at the end."""
    account: dict[str, Any] = {} if uid is None else {"user": uid, "group": uid, "extra_groups": []}
    process = subprocess.Popen(
        [python, str(HUB_PROCESS if env is None else env["HUB_PROCESS"]), str(data_dir)],
        env={**os.environ, **(env or {})},
        cwd="/",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **account,
    )
    with process:
        try:
            line = process.stdout.readline()
            assert line, process.stderr.read()
            yield HubProcess(process, **json.loads(line))
        finally:
            process.kill()


async def _query(database_url: str, *statements: str) -> list[Any]:
    """Run statements on one connection; the first column of the last one's rows."""
    url = make_url(database_url)
    connection = await asyncpg.connect(
        host=url.query["host"], user=url.username, database=url.database
    )
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return [row[0] for row in await connection.fetch(statements[-1])]
    finally:
        await connection.close()


async def _eventually(condition: Callable[[], Any], *, seconds: float = 15) -> None:
    """Wait until `condition()` is true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        await asyncio.sleep(0.05)


def _alive(pid: int) -> bool:
    """Say whether `pid` runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def home() -> Iterator[Path]:
    """A temporary folder on a short path, closed to everybody else."""
    with tempfile.TemporaryDirectory(prefix="atlas-test-") as folder:
        yield Path(folder)


@pytest.fixture
def fresh_dir(home: Path) -> Path:
    """Where a hub will make its data folder."""
    return home / ".atlas"


@pytest.fixture(scope="session")
def made_dir() -> Iterator[Path]:
    """A data folder that a hub has made, once per process: making one waits for the disk."""
    with tempfile.TemporaryDirectory(prefix="atlas-test-") as folder:
        with _hub(Path(folder) / "made") as running:
            running.stop()
        yield Path(folder) / "made"


@pytest.fixture
def data_dir(made_dir: Path, fresh_dir: Path) -> Path:
    """A copy of a data folder that a hub has made and left."""
    subprocess.run(["cp", "-a", made_dir, fresh_dir], check=True)
    return fresh_dir


@pytest.fixture
def hub() -> Iterator[Callable[..., Any]]:
    """Start hubs; what a killed one leaves in the temporary folder goes at the end."""
    sockets: set[Path] = set()

    @contextmanager
    def start(*args: Any, **kwargs: Any) -> Iterator[HubProcess]:
        with _hub(*args, **kwargs) as running:
            sockets.add(running.sockets)
            yield running

    yield start
    for folder in sockets:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def query() -> Callable[..., Any]:
    return _query


@pytest.fixture
def eventually() -> Callable[..., Any]:
    return _eventually


@pytest.fixture
def alive() -> Callable[..., Any]:
    return _alive

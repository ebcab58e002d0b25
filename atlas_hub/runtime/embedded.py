"""What a hub without settings stands on: its own PostgreSQL and Valkey in the data folder."""

import asyncio
import logging
import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from atlas_hub.runtime.account import Account, inherit_owner, server_account
from atlas_hub.runtime.binaries import REMEDY, valkey_server
from atlas_hub.runtime.children import Place, trim_log
from atlas_hub.runtime.lock import data_folder_lock
from atlas_hub.runtime.postgres import PostgresServer
from atlas_hub.runtime.sockets import socket_folder
from atlas_hub.runtime.state import RuntimeState, remove_state, write_state
from atlas_hub.runtime.valkey import ValkeyServer
from atlas_hub_core.errors import AtlasError, Unavailable

_LOG: Final = logging.getLogger(__name__)
WATCH_SECONDS: Final = 0.2
FIRST_PAUSE: Final = 0.2
LONGEST_PAUSE: Final = 30.0
STEADY_SECONDS: Final = 60.0

Server = PostgresServer | ValkeyServer


class EmbeddedRuntime:
    """PostgreSQL and Valkey for one hub, as a context manager.

    A server whose URL is given is not started. With neither to start, nothing in the data folder
    is touched, so any number of hubs can share outside servers.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        database_url: str | None = None,
        redis_url: str | None = None,
        postgres_major: int | None = None,
    ) -> None:
        """Describe it; nothing happens before `with`.

        Args:
            data_dir: Absolute path; made with mode 0700 if there is none.
            database_url: An outside PostgreSQL, or None for the embedded one.
            redis_url: An outside Redis, empty for none at all, or None for the embedded one.
            postgres_major: Version for a new data folder; the newest installed by default.
        """
        self.data_dir: Final = data_dir
        self._database_url = database_url
        self._redis_url = redis_url
        self._major: Final = postgres_major
        self._servers: Final[list[Server]] = []
        self._stack: Final = ExitStack()
        # Children die with the thread that started them: this one lives as long as the runtime.
        self._thread: Final = ThreadPoolExecutor(1, "embedded-servers")

    @property
    def database_url(self) -> str:
        """SQLAlchemy URL of PostgreSQL."""
        if self._database_url is None:
            message = "The embedded PostgreSQL is not started: use the runtime in a `with` block"
            raise Unavailable(message, code="postgres_not_started")
        return self._database_url

    @property
    def redis_url(self) -> str | None:
        """URL of Valkey or Redis, or None where the hub works without."""
        return self._redis_url or None

    def publish(self, *, api_url: str | None = None) -> None:
        """Write `runtime.json`, so that `attach` finds this hub and, once it serves, its API."""
        if self._servers:
            state = RuntimeState(self.database_url, self.redis_url, os.getpid(), api_url)
            write_state(self.data_dir, state)

    async def watch(self) -> None:
        """Restart a server that dies, for ever; cancel this before the `with` block ends."""
        await asyncio.gather(*(self._keep(server) for server in self._servers))

    def __enter__(self) -> Self:
        try:
            self._thread.submit(self._start).result()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def _start(self) -> None:
        valkey = valkey_server() if self._redis_url is None else None
        if self._redis_url is None and valkey is None:
            _LOG.warning("No Redis: jobs start by polling. %s, or set ATLAS_REDIS_URL", REMEDY)
        if self._database_url is not None and valkey is None:
            return
        _make_data_dir(self.data_dir)
        self._stack.enter_context(data_folder_lock(self.data_dir))
        account = server_account(self.data_dir)
        sockets = self._stack.enter_context(socket_folder(self.data_dir, account))
        if self._database_url is None:
            place = _place(self.data_dir, "postgres", sockets, account)
            self._database_url = self._run(PostgresServer(place, major=self._major))
        if valkey is not None:
            place = _place(self.data_dir, "valkey", sockets, account)
            self._redis_url = self._run(ValkeyServer(place, valkey))
        self._stack.callback(remove_state, self.data_dir)
        self.publish()

    def _run(self, server: Server) -> str:
        self._stack.callback(server.stop)
        server.start()
        self._servers.append(server)
        return server.url

    def _close(self) -> None:
        self._thread.submit(self._stack.close).result()
        self._thread.shutdown()

    async def _keep(self, server: Server) -> None:
        name, pause = server.place.folder.name, FIRST_PAUSE
        while True:
            started = time.monotonic()
            await _ended(server)
            if time.monotonic() - started > STEADY_SECONDS:
                pause = FIRST_PAUSE
            _LOG.error("%s is gone, restarting it in %.1f s", name, pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
            try:
                await asyncio.get_running_loop().run_in_executor(self._thread, server.start)
            except (AtlasError, OSError):
                _LOG.exception("%s did not restart", name)


async def _ended(server: Server) -> None:
    while server.process is not None and server.process.poll() is None:  # noqa: ASYNC110
        await asyncio.sleep(WATCH_SECONDS)


def _make_data_dir(data_dir: Path) -> None:
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        writable = os.access(data_dir, os.W_OK | os.X_OK)
    except OSError as error:
        writable, reason = False, str(error)
    else:
        reason = f"it belongs to user {data_dir.stat().st_uid}"
    if not writable:
        message = (
            f"The data folder {data_dir} cannot be used ({reason}): run as its owner, or name"
            " another with ATLAS_DATA_DIR"
        )
        raise Unavailable(message, code="data_folder_unusable", field="ATLAS_DATA_DIR")


def _place(data_dir: Path, name: str, sockets: Path, account: Account | None) -> Place:
    logs = data_dir / "logs"
    logs.mkdir(mode=0o700, exist_ok=True)
    inherit_owner(logs)
    log = logs / f"{name}.log"
    trim_log(log)
    log.touch(mode=0o600)
    inherit_owner(log)
    return Place(data_dir / name, sockets, log, account)

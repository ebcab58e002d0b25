"""Throw-away servers: the real PostgreSQL and Valkey in a temporary folder.

They belong to the thread that starts them and end with it.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from atlas_hub.runtime.account import server_account
from atlas_hub.runtime.binaries import REMEDY, valkey_server
from atlas_hub.runtime.children import Place
from atlas_hub.runtime.postgres import PostgresServer
from atlas_hub.runtime.sockets import socket_folder
from atlas_hub.runtime.valkey import ValkeyServer
from atlas_hub_core.errors import Unavailable


@contextmanager
def running_postgres(
    *, major: int | None = None, durable: bool = False
) -> Iterator[PostgresServer]:
    """Yield a fresh server, of `major` or the newest installed.

    Unless `durable`, it never waits for the disk.
    """
    with _place("postgres") as place:
        server = PostgresServer(place, major=major, durable=durable)
        try:
            server.start()
            yield server
        finally:
            server.stop()


@contextmanager
def running_valkey() -> Iterator[ValkeyServer]:
    """Yield a fresh Valkey.

    Raises:
        Unavailable: The wheel is not installed.
    """
    program = valkey_server()
    if program is None:
        raise Unavailable(f"There is no embedded Valkey: {REMEDY}", code="valkey_not_installed")
    with _place("valkey") as place:
        server = ValkeyServer(place, program)
        try:
            server.start()
            yield server
        finally:
            server.stop()


@contextmanager
def _place(name: str) -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="atlas-test-") as home:
        folder = Path(home)
        account = server_account(folder)
        with socket_folder(folder, account) as sockets:
            yield Place(folder / name, sockets, folder / f"{name}.log", account)

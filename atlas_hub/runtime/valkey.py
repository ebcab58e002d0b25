"""The embedded Valkey: rings the bell for jobs, through a unix socket only."""

import socket
import subprocess
import time
from pathlib import Path
from signal import SIGTERM
from typing import Final

from atlas_hub.runtime.binaries import reachable_valkey
from atlas_hub.runtime.children import Place, end_strays, spawn, stop, wait_ready
from atlas_hub_core.errors import Unavailable

START_SECONDS: Final = 60.0
STOP_SECONDS: Final = 10.0


class ValkeyServer:
    """Valkey with its append-only file in `place.folder`."""

    def __init__(self, place: Place, program: Path) -> None:
        self.place: Final = place
        self.process: subprocess.Popen[bytes] | None = None
        self._program: Final = reachable_valkey(program, place.account, place.sockets)
        self._socket: Final = place.sockets / "valkey.sock"

    @property
    def url(self) -> str:
        """URL for redis clients and arq."""
        return f"unix://{self._socket}?db=0"

    def start(self) -> None:
        """Start and return when it answers. A damaged append-only file is set aside.

        Raises:
            Unavailable: It did not start; the message has the end of its log.
        """
        self.place.make(self.place.folder)
        end_strays(self.place.folder)
        try:
            self._launch()
        except Unavailable:
            # It holds no truth: jobs are rows in PostgreSQL, so starting empty loses nothing.
            aside = self.place.folder.with_name(f"valkey.damaged-{time.time_ns() // 1_000_000}")
            self.place.folder.rename(aside)
            self.place.make(self.place.folder)
            self._launch()

    def stop(self) -> None:
        """Shut down with everything on disk; the process is gone afterwards."""
        if self.process:
            stop(self.process, SIGTERM, seconds=STOP_SECONDS)
            self.process = None

    def _launch(self) -> None:
        self._socket.unlink(missing_ok=True)
        settings = {
            "port": "0",
            "unixsocket": str(self._socket),
            "unixsocketperm": "700",
            "dir": ".",
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
        }
        options = [part for name, value in settings.items() for part in (f"--{name}", value)]
        self.process = spawn(
            [self._program, *options],
            self.place,
            cwd=self.place.folder,
            death_signal=SIGTERM,
        )
        wait_ready(self.process, self._ready, self.place, seconds=START_SECONDS)

    def _ready(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(1)
            try:
                client.connect(str(self._socket))
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
            except OSError:
                return False

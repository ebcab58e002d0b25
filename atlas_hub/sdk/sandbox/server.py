"""A loopback HTTP server in a thread of its own."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import uvicorn

from atlas_hub.sdk.sandbox.app import Application
from atlas_hub.sdk.sandbox.wire import CuttableProtocol

if TYPE_CHECKING:
    from atlas_hub.sdk.sandbox.sandbox import Sandbox

TICK = 0.5


class Server:
    """Serves one sandbox on 127.0.0.1. The port is bound at once, so it is known before start."""

    def __init__(self, sandbox: "Sandbox", port: int) -> None:
        self._sandbox = sandbox
        self._socket = socket.create_server(("127.0.0.1", port))
        # Inherited by accepted connections; asyncio only sets it on sockets that name TCP.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._run, name=f"sandbox-{self.port}", daemon=True)
        self._ready = threading.Event()
        self._uvicorn: uvicorn.Server | None = None

    def start(self) -> None:
        """Serve in the background; returns once requests are answered."""
        if not self._ready.is_set():
            self._thread.start()
            self._ready.wait()

    def close(self) -> None:
        """Answer what is under way, cut what hangs, and end the thread."""
        if self._uvicorn is not None:
            self._uvicorn.should_exit = True
            self._thread.join()
        self._socket.close()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        application = Application(self._sandbox)
        config = uvicorn.Config(
            application,
            http=CuttableProtocol,
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=2,
        )
        self._uvicorn = _Announcing(config, self._ready.set, application.stopping.set)
        ticking = asyncio.create_task(_every(TICK, self._sandbox.tick))
        try:
            await self._uvicorn.serve(sockets=[self._socket])
        finally:
            ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ticking
            await self._sandbox.webhooks.stop()
            self._ready.set()


class _Announcing(uvicorn.Server):
    """uvicorn, saying when it has started and when it begins to stop."""

    def __init__(
        self, config: uvicorn.Config, started: Callable[[], None], stopping: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._on_start = started
        self._on_stop = stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._on_stop()
        await super().shutdown(sockets)


async def _every(seconds: float, action: Callable[[], Any]) -> None:
    while True:
        await asyncio.sleep(seconds)
        action()

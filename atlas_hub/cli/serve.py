"""`atlas-hub serve`: the embedded servers, the API, and a worker in a process of its own."""

import asyncio
import logging
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NoReturn

import typer
import uvicorn

from atlas_hub.access.keys import create_first_key, ensure_bootstrap_key
from atlas_hub.api import create_app
from atlas_hub.cli.services import configure_logging, installed_plugins
from atlas_hub.cli.supervisor import keep_worker
from atlas_hub.db.migrate import upgrade
from atlas_hub.hub import Hub, open_hub
from atlas_hub.runtime import EmbeddedRuntime
from atlas_hub.settings import Settings, load_settings
from atlas_hub_core.errors import Unavailable

GRACE_SECONDS: Final = 10

logger = logging.getLogger(__name__)


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: this process has more to stop than the API."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(*, host: str | None, port: int | None, with_worker: bool, safe_mode: bool) -> None:
    """Run the hub until it is told to stop."""
    settings = load_settings()
    given = {"host": host, "port": port, "safe_mode": safe_mode or None}
    changes = {name: value for name, value in given.items() if value is not None}
    settings = settings.model_copy(update=changes)
    configure_logging(settings)
    signal.signal(signal.SIGTERM, _leave)  # until the server takes signals itself
    listener = _listen(settings)
    with (
        listener,
        EmbeddedRuntime(
            settings.data_dir, database_url=settings.database_url, redis_url=settings.redis_url
        ) as runtime,
    ):
        asyncio.run(_serve(settings, runtime, listener, with_worker=with_worker))


def _leave(*_: object) -> NoReturn:
    """Stop while still starting, as an exit that stops what has been started."""
    raise SystemExit(0)


def _listen(settings: Settings) -> socket.socket:
    try:
        return socket.create_server((settings.host, settings.port))
    except OSError as error:
        message = (
            f"{settings.host}:{settings.port} cannot be listened on ({error.strerror}). "
            "Stop what listens there, or choose another with --port or ATLAS_PORT."
        )
        raise Unavailable(message, code="port_taken") from None


async def _serve(
    settings: Settings, runtime: EmbeddedRuntime, listener: socket.socket, *, with_worker: bool
) -> None:
    plugins = await asyncio.to_thread(installed_plugins, settings)
    database_url, redis_url = runtime.database_url, runtime.redis_url
    async with open_hub(settings, plugins, database_url=database_url, redis_url=redis_url) as hub:
        await hub.database.check()
        await upgrade(hub.database)
        first_key = await _prepare_keys(hub)
        server = _Server(
            uvicorn.Config(
                create_app(hub),
                log_config=None,
                access_log=False,
                lifespan="off",  # `open_hub` is around the whole server
                server_header=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        _stop_on_signals(server)
        host, port = listener.getsockname()[:2]
        url = f"http://{host}:{port}"
        runtime.publish(api_url=url)
        _greet(url, first_key)
        helpers = [asyncio.create_task(runtime.watch())]
        if with_worker:
            worker = keep_worker(settings, database_url=database_url, redis_url=redis_url)
            helpers.append(asyncio.create_task(worker))
        for helper in helpers:
            helper.add_done_callback(lambda task: _stop_on_failure(server, task))
        try:
            await server.serve(sockets=[listener])
        finally:
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)


async def _prepare_keys(hub: Hub) -> str | None:
    async with hub.database.transaction() as session:
        if hub.settings.bootstrap_key is not None:
            await ensure_bootstrap_key(session, hub.settings.bootstrap_key.get_secret_value())
            return None
        return await create_first_key(session)


def _stop_on_signals(server: uvicorn.Server) -> None:
    def stop() -> None:
        if server.should_exit:
            server.force_exit = True
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)


def _stop_on_failure(server: uvicorn.Server, task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.critical("the hub stops: a part of it failed", exc_info=error)
        server.should_exit = True


def _greet(url: str, first_key: str | None) -> None:
    typer.echo(f"Atlas Hub serves at {url}  (API description: {url}/openapi.json)")
    if first_key is not None:
        typer.echo(f"Your first API key, shown this once: {first_key}")
    typer.echo("Stop it with Ctrl-C.")

"""The API alone in a process: `api_process.py DATABASE_URL DATA_FOLDER KEY`; prints its port."""

import asyncio
import sys
from pathlib import Path

import uvicorn

from atlas_hub.access.keys import ensure_bootstrap_key
from atlas_hub.api import create_app
from atlas_hub.hub import open_hub
from atlas_hub.plugins.start import load_plugins
from atlas_hub.settings import Settings


async def main(database_url: str, folder: str, key: str) -> None:
    settings = Settings(data_dir=Path(folder))
    async with open_hub(settings, load_plugins(), database_url=database_url, redis_url=None) as hub:
        async with hub.database.transaction() as session:
            await ensure_bootstrap_key(session, key)
        server = uvicorn.Server(uvicorn.Config(create_app(hub), port=0, log_level="error"))
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn offers no event
            await asyncio.sleep(0.01)
        print(server.servers[0].sockets[0].getsockname()[1], flush=True)
        await serving


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

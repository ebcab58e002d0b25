"""A hub's process as far as its servers go; runs until its input ends.

`python hub_process.py DATA_DIR`; it prints its URLs as one line of JSON when they are up.
"""

import asyncio
import json
import sys
from pathlib import Path

from atlas_hub.runtime import EmbeddedRuntime
from atlas_hub_core.errors import AtlasError


async def _until_input_ends(runtime: EmbeddedRuntime) -> None:
    watch = asyncio.create_task(runtime.watch())
    await asyncio.to_thread(sys.stdin.read)
    watch.cancel()


def main() -> None:
    try:
        with EmbeddedRuntime(Path(sys.argv[1])) as runtime:
            urls = {"database_url": runtime.database_url, "redis_url": runtime.redis_url}
            print(json.dumps(urls), flush=True)
            asyncio.run(_until_input_ends(runtime))
    except AtlasError as error:
        sys.exit(error.message)


if __name__ == "__main__":
    main()

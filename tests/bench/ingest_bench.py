"""How fast are events taken in over HTTP, durably? Prints figures and ratios as one JSON object.

The hub's API against a minimal application with the same insert and nothing else: no key, no
checks of values, no answer per item. Both run in a process of their own on one PostgreSQL that
waits for the disk as in production, and take turns in this same run.

    .venv/bin/python tests/bench/ingest_bench.py [--rounds 3] [--events 20000]
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import blake2b
from itertools import count
from pathlib import Path

import asyncpg
import httpx2
import msgspec
import uvicorn
from fastapi import FastAPI, Request
from sqlalchemy import make_url

from atlas_hub.db.migrate import upgrade_blocking
from atlas_hub.testing.servers import running_postgres

KEY = "bench-key-of-thirty-two-characters-or-more"
CONNECTIONS = 2
FLOORS = {"batches of 1000": 0.45, "batches of 100": 0.4, "repeats against new": 0.8}
_API = Path(__file__).parents[1] / "integration" / "usage" / "api_process.py"
_ids = count(1)


class Event(msgspec.Struct):
    id: str
    name: str
    customer: str
    timestamp: datetime
    source: str = "default"
    properties: msgspec.Raw = msgspec.Raw(b"{}")


INSERT = """
    insert into usage_event
        (key, body_hash, source, event_id, name, customer_ref, timestamp, properties)
    select key, key, source, event_id, name, customer_ref, timestamp, properties::jsonb
    from unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::text[], $6::timestamptz[],
                $7::text[])
        as given (key, source, event_id, name, customer_ref, timestamp, properties)
    on conflict (key) do nothing returning key
"""


def minimal_app(database_url: str) -> FastAPI:
    """An application that stores events and does nothing else."""
    app = FastAPI()
    decode = msgspec.json.Decoder(list[Event]).decode
    pools: list[asyncpg.Pool] = []

    @app.post("/v1/events")
    async def post(request: Request) -> dict[str, int]:
        if not pools:
            pools.append(await asyncpg.create_pool(database_url))
        events = decode(await request.body())
        columns = zip(
            *(
                (
                    blake2b(f"{e.source}\0{e.id}".encode(), digest_size=16).digest(),
                    e.source,
                    e.id,
                    e.name,
                    e.customer,
                    e.timestamp,
                    bytes(e.properties).decode(),
                )
                for e in events
            ),
            strict=True,
        )
        return {"accepted": len(await pools[0].fetch(INSERT, *map(list, columns)))}

    return app


@contextmanager
def serving(*command: str) -> Iterator[str]:
    """Run a server that prints its port, and yield its URL."""
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def batch(size: int) -> bytes:
    """Return a list of new events, as a program that sends usage would write it."""
    return json.dumps(
        [
            {
                "id": f"bench-{next(_ids)}",
                "name": "llm.request",
                "customer": f"customer-{number % 50}",
                "timestamp": "2026-11-01T00:00:00.123456Z",
                "properties": {"model": "m1", "context_tokens": 4808 + number, "cost": 0.0125},
            }
            for number in range(size)
        ]
    ).encode()


async def rate(url: str, bodies: list[bytes], size: int) -> float:
    """Send all bodies over two connections; return events per second."""
    queue = iter(bodies)

    async def work(client: httpx2.AsyncClient) -> None:
        for body in queue:
            response = await client.post("/v1/events", content=body)
            response.raise_for_status()

    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=60) as client:
        begin = time.perf_counter()
        await asyncio.gather(*(work(client) for _ in range(CONNECTIONS)))
        return size * len(bodies) / (time.perf_counter() - begin)


async def measure(hub: str, floor: str, rounds: int, events: int) -> dict[str, object]:
    """Return events per second of both, and the ratios, each the median of the rounds."""
    figures: dict[str, list[float]] = {}
    ratios: dict[str, list[float]] = {name: [] for name in FLOORS}
    for turn in range(rounds + 1):
        for size in (1000, 100):
            mine = [batch(size) for _ in range(events // size)]
            theirs = [batch(size) for _ in range(events // size)]
            new, minimal = await rate(hub, mine, size), await rate(floor, theirs, size)
            again = await rate(hub, mine, size)
            if turn == 0:
                continue  # warm-up
            ratios[f"batches of {size}"].append(new / minimal)
            if size == 1000:
                ratios["repeats against new"].append(again / new)
            for name, figure in (("hub", new), ("minimal", minimal), ("hub, repeats", again)):
                figures.setdefault(f"{name}, {size}", []).append(figure)
    return {
        "events_per_second": {
            name: round(statistics.median(all_)) for name, all_ in figures.items()
        },
        "ratios": {name: round(statistics.median(all_), 2) for name, all_ in ratios.items()},
        "floors": FLOORS,
    }


def main() -> int:
    """Run everything; 1 if a ratio is below its floor."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--events", type=int, default=20_000, help="per round and way")
    parser.add_argument("--minimal", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.minimal:
        serve_minimal(arguments.minimal)
        return 0
    with running_postgres(durable=True) as server, tempfile.TemporaryDirectory() as folder:
        upgrade_blocking(server.url)
        plain = make_url(server.url).set(drivername="postgresql")
        address = plain.render_as_string(hide_password=False)
        with (
            serving(str(_API), server.url, folder, KEY) as hub,
            serving(__file__, "--minimal", address) as floor,
        ):
            result = asyncio.run(measure(hub, floor, arguments.rounds, arguments.events))
    print(json.dumps(result, indent=2))
    ratios = result["ratios"]
    assert isinstance(ratios, dict)
    return int(any(ratios[name] < floor for name, floor in FLOORS.items()))


def serve_minimal(database_url: str) -> None:
    """Serve the minimal application on a free port, and print the port."""
    config = uvicorn.Config(minimal_app(database_url), port=0, log_level="error")
    server, listening = uvicorn.Server(config), config.bind_socket()
    print(listening.getsockname()[1], flush=True)
    server.run([listening])


if __name__ == "__main__":
    sys.exit(main())

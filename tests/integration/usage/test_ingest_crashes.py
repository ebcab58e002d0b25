"""What was acknowledged is there after a kill; what was not can be sent again."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Self

import httpx2
import pytest

KEY = "test-key-of-thirty-two-characters-or-more"
SCRIPT = Path(__file__).with_name("api_process.py")


class Api:
    """The API in a process of its own, on `port`."""

    def __init__(self, database_url: str, folder: Path, failpoints: str = "") -> None:
        self.process = subprocess.Popen(
            [sys.executable, SCRIPT, database_url, str(folder), KEY],
            env={**os.environ, "ATLAS_FAILPOINTS": failpoints},
            stdout=subprocess.PIPE,
            text=True,
        )
        port = self.process.stdout.readline().strip()
        self.client = httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {KEY}"}
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.mark.parametrize("place", ["usage.after_validate", "usage.before_commit"])
async def test_a_kill_before_the_commit_leaves_nothing_and_a_retry_stores_once(
    database_url, tmp_path, event, place
):
    batch = [event() for _ in range(50)]
    async with Api(database_url, tmp_path, f"{place}=kill9@2") as api:
        assert (await api.client.post("/v1/events", json=batch[:10])).json()["accepted"] == 10
        with pytest.raises(httpx2.TransportError):
            await api.client.post("/v1/events", json=batch)
        assert api.process.wait(10) == -signal.SIGKILL
    async with Api(database_url, tmp_path) as api:
        assert len((await api.client.get("/v1/events?limit=500")).json()["data"]) == 10
        answer = (await api.client.post("/v1/events", json=batch)).json()
        assert answer == {"accepted": 40, "duplicates": 10, "rejected": []}


async def test_what_was_acknowledged_survives_a_kill_amid_many_writers(
    database_url, tmp_path, event
):
    acknowledged: set[str] = set()

    async def write(api: Api, writer: int) -> None:
        for number in range(200):
            batch = [event(id=f"{writer}-{number}-{n}") for n in range(5)]
            try:
                response = await api.client.post("/v1/events", content=json.dumps(batch))
            except httpx2.TransportError:
                return
            if response.status_code == 200:
                acknowledged.update(each["id"] for each in batch)

    async with Api(database_url, tmp_path) as api:
        writers = [asyncio.create_task(write(api, writer)) for writer in range(8)]
        while len(acknowledged) < 300:  # noqa: ASYNC110 - a figure is waited for, not an event
            await asyncio.sleep(0.01)
        api.process.kill()
        await asyncio.gather(*writers)
    async with Api(database_url, tmp_path) as api:
        stored: set[str] = set()
        cursor = ""
        while cursor is not None:
            page = (await api.client.get(f"/v1/events?limit=500{cursor}")).json()
            stored.update(each["id"] for each in page["data"])
            cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    assert acknowledged
    assert acknowledged <= stored

"""The demo's stage: a hub of its own in a folder of its own, run as anybody would run it."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2

from atlas_hub.runtime import attach
from atlas_hub_core.errors import Unavailable

START_SECONDS: Final = 120
STOP_SECONDS: Final = 30


@dataclass(frozen=True, slots=True)
class Stage:
    """A running hub: where it is, the key to it, and a client of its API."""

    folder: Path
    url: str
    key: str
    process: subprocess.Popen[bytes]
    client: httpx2.Client

    def call(self, method: str, path: str, body: Any | None = None) -> Any:
        """Call the hub's API and return the answer; a refusal ends the demo with its words."""
        response = self.client.request(method, path, json=body)
        if response.status_code >= 400:
            detail = response.json().get("detail", response.text)
            message = f"{method} {path} was refused: {detail}"
            raise Unavailable(message, code="demo_failed")
        return response.json() if response.content else None

    def run(self, *arguments: str) -> str:
        """Run an `atlas-hub` command against the hub and return what it prints."""
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "atlas_hub.cli", *arguments],
            env={
                **os.environ,
                "ATLAS_DATA_DIR": str(self.folder),
                "ATLAS_URL": self.url,
                "ATLAS_API_KEY": self.key,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            message = f"atlas-hub {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}"
            raise Unavailable(message, code="demo_failed")
        return done.stdout


@contextmanager
def running_hub(folder: Path, **settings: str) -> Iterator[Stage]:
    """Yield a hub that serves from `folder`; stop it afterwards.

    `settings` are further environment variables, such as `ATLAS_REDIS_URL`.
    """
    key = secrets.token_urlsafe(32)
    process = _start(folder, key, settings)
    try:
        url = _wait(folder, process)
        headers = {"Authorization": f"Bearer {key}"}
        with httpx2.Client(base_url=url, headers=headers, timeout=120) as client:
            yield Stage(folder, url, key, process, client)
    finally:
        _stop(process)


def _start(folder: Path, key: str, settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
    cleared = {name: value for name, value in os.environ.items() if not name.startswith("ATLAS_")}
    environment = {
        **cleared,
        "ATLAS_DATA_DIR": str(folder),
        "ATLAS_BOOTSTRAP_KEY": key,
        "ATLAS_TEST_CLOCK": "1",
        "ATLAS_PORT": "0",
        "ATLAS_LOG_LEVEL": "warning",
        **settings,
    }
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "hub.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "atlas_hub.cli", "serve"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _wait(folder: Path, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            url = attach(folder).api_url
            if url is not None and httpx2.get(f"{url}/readyz", timeout=5).is_success:
                return url
        except (Unavailable, httpx2.HTTPError):
            pass  # not there yet
        time.sleep(0.1)
    log = (folder / "hub.log").read_text(encoding="utf-8", errors="replace")
    message = f"The hub did not start. Its log, {folder / 'hub.log'}, ends with:\n{log[-2000:]}"
    raise Unavailable(message, code="demo_failed")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()

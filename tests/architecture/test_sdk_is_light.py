"""A plugin that imports the SDK does not load the hub."""

import subprocess
import sys
from pathlib import Path

import atlas_hub

HEAVY = {"fastapi", "starlette", "sqlalchemy", "sqlmodel", "asyncpg", "redis", "arq", "nicegui"}


def test_importing_the_sdk_loads_no_server_and_no_database() -> None:
    code = "import atlas_hub.sdk, sys; print(*sys.modules)"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    modules = set(run.stdout.split())
    assert "atlas_hub.sdk.connector" in modules
    assert not HEAVY & modules
    ours = {name for name in modules if name.startswith("atlas_hub.")}
    assert all(name.startswith("atlas_hub.sdk") for name in ours)


def test_the_package_itself_is_empty() -> None:
    assert atlas_hub.__file__
    assert Path(atlas_hub.__file__).read_bytes() == b""

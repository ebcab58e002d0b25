"""`runtime.json` in the data folder: how other commands find the hub that runs there."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from atlas_hub.runtime.account import inherit_owner
from atlas_hub.runtime.lock import is_held
from atlas_hub_core.errors import Unavailable

_NAME: Final = "runtime.json"


@dataclass(frozen=True, slots=True)
class RuntimeState:
    """Where the services of a running hub are.

    Attributes:
        database_url: SQLAlchemy URL for asyncpg.
        redis_url: URL for redis clients, or None where the hub works without.
        pid: The hub's process.
        api_url: Base URL of its API once it serves, such as `http://127.0.0.1:8000`.
    """

    database_url: str
    redis_url: str | None
    pid: int
    api_url: str | None = None


def write_state(data_dir: Path, state: RuntimeState) -> None:
    """Publish `state`: readable by this account alone, replaced as a whole."""
    draft = data_dir / f"{_NAME}.new"
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(state), file, indent=2)
    inherit_owner(draft)
    draft.replace(data_dir / _NAME)


def remove_state(data_dir: Path) -> None:
    """Publish that no hub runs here."""
    (data_dir / _NAME).unlink(missing_ok=True)


def attach(data_dir: Path) -> RuntimeState:
    """Return the state of the hub that runs on `data_dir`.

    Raises:
        Unavailable: None runs there.
    """
    path = data_dir / _NAME
    try:
        if is_held(data_dir):
            return RuntimeState(**json.loads(path.read_text()))
    except FileNotFoundError:
        pass  # it is just starting
    except PermissionError:
        message = f"This account may not read {path}: run the command as the hub's own account"
        raise Unavailable(message, code="hub_not_reachable") from None
    message = (
        f"No hub runs on {data_dir}: start it with 'atlas-hub serve', or point ATLAS_DATA_DIR at"
        " the folder of a running one, or set ATLAS_DATABASE_URL"
    )
    raise Unavailable(message, code="hub_not_running")

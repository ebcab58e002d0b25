"""One hub per data folder."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from atlas_hub.runtime.account import inherit_owner
from atlas_hub_core.errors import Conflict

_NAME: Final = "hub.lock"
_PATIENCE_SECONDS: Final = 1.0  # `is_held` takes the lock for a moment


@contextmanager
def data_folder_lock(data_dir: Path) -> Iterator[None]:
    """Hold the lock of `data_dir`; the kernel lets go of it when the process is gone.

    Raises:
        Conflict: Another hub holds it.
    """
    path = data_dir / _NAME
    with path.open("a+") as file:
        if not _take(file.fileno()):
            file.seek(0)
            message = (
                f"Another Atlas Hub (process {file.read().strip() or 'unknown'}) already runs on"
                f" {data_dir}: use that one, or stop it first, or give this one a folder of its"
                " own with ATLAS_DATA_DIR"
            )
            raise Conflict(message, code="data_folder_in_use", field="ATLAS_DATA_DIR")
        inherit_owner(path)
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def is_held(data_dir: Path) -> bool:
    """Say whether a living hub holds the lock of `data_dir`."""
    try:
        with (data_dir / _NAME).open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _take(file: int) -> bool:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        else:
            return True

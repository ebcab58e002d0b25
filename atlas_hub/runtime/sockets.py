"""A short private folder for sockets: their paths end at 107 bytes, data folders may be longer."""

import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from atlas_hub.runtime.account import Account
from atlas_hub_core.errors import Unavailable

_PARENT: Final = Path("/tmp")  # noqa: S108 - the folder below is made or verified, never trusted


@contextmanager
def socket_folder(data_dir: Path, account: Account | None) -> Iterator[Path]:
    """Yield a folder of mode 0700 owned by `account`, the same for every start on `data_dir`.

    What a killed hub left there is removed first; the folder goes at the end.

    Raises:
        Unavailable: Somebody else took the folder's name.
    """
    key = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    folder = _PARENT / f"atlas-hub-{key}"
    owner = account.uid if account else os.geteuid()
    _remove_own(folder, {owner, os.geteuid()})
    folder.mkdir(mode=0o700)
    if account:
        account.own(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_own(folder: Path, owners: set[int]) -> None:
    try:
        status = folder.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in owners:
        message = f"{folder} belongs to user {status.st_uid}, the hub needs it: remove it"
        raise Unavailable(message, code="socket_folder_taken")
    shutil.rmtree(folder)

"""Which account the embedded servers run under, and what it can reach.

PostgreSQL refuses to run as root. When the hub runs as root, its servers run as the owner of the
data folder, or as `nobody` if that is root too. Only folders that the hub makes for them change
hands; nothing else is touched.
"""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from atlas_hub_core.errors import Unavailable

_READ: Final = 4
_ENTER: Final = 1


@dataclass(frozen=True, slots=True)
class Account:
    """An unprivileged user of this machine."""

    uid: int
    gid: int

    def own(self, path: Path) -> None:
        """Make this account the owner of `path`."""
        os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def can_reach(self, path: Path) -> bool:
        """Say whether this account may read `path` and enter every folder above it."""
        path = path.resolve()
        return self._may(path, _READ) and all(self._may(folder, _ENTER) for folder in path.parents)

    def _may(self, path: Path, right: int) -> bool:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            right |= _ENTER
        shift = 6 if status.st_uid == self.uid else 3 if status.st_gid == self.gid else 0
        return (status.st_mode >> shift) & right == right


def server_account(data_dir: Path) -> Account | None:
    """Return the account for the servers of `data_dir`; None means the hub's own.

    Raises:
        Unavailable: The hub is root and there is no unprivileged account to run servers as.
    """
    if os.geteuid() != 0:
        return None
    owner = data_dir.stat()
    if owner.st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        message = (
            "PostgreSQL does not run as root and this machine has no user 'nobody': give the data"
            f" folder {data_dir} to an unprivileged user, or set ATLAS_DATABASE_URL"
        )
        raise Unavailable(message, code="no_server_account") from None
    return Account(nobody.pw_uid, nobody.pw_gid)


def inherit_owner(path: Path) -> None:
    """Give `path` to the owner of its folder, so that the hub can next run as either of both."""
    if os.geteuid() == 0:
        parent = path.parent.stat()
        os.chown(path, parent.st_uid, parent.st_gid, follow_symlinks=False)

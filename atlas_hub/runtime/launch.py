"""Become a server: drop the hub's rights, bind this process to the hub's life, run the program.

A script of its own, because code between fork and exec is unsafe in a process with threads, and
the hub has threads. It imports nothing of the hub and runs as
`python -I -S launch.py PARENT UID GID SIGNAL PROGRAM ARGUMENT...`; UID -1 keeps the account.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, uid: int, gid: int, death_signal: int, command: list[str]) -> None:
    """Replace this process by `command`; `death_signal` reaches it when `parent` is gone."""
    libc = ctypes.CDLL(None)
    if uid >= 0:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    os.umask(0o077)
    if sys.platform == "linux":
        # Changing the uid clears the signal, so it is set afterwards.
        libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:  # it died before the signal was set
        sys.exit("the hub is gone")
    os.execv(command[0], command)  # noqa: S606 - it is what this script is for


if __name__ == "__main__":
    PARENT, UID, GID, SIGNAL = map(int, sys.argv[1:5])
    main(PARENT, UID, GID, SIGNAL, sys.argv[5:])

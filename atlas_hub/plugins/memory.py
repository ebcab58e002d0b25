"""Remembers which plugins have passed their probe, so that a start is quick.

A pass holds as long as nothing changes that could change it: the interpreter, any installed
distribution, any file of the plugin's package. Failures are not remembered: a plugin that has been
mended works at the next start.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from atlas_hub.plugins.discovery import Candidate

log = logging.getLogger("atlas_hub.plugins")

METADATA_FOLDERS: Final = (".dist-info", ".egg-info")


class ProbeMemory:
    """A file with a fingerprint per plugin that has passed; `path` None remembers nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._environment = hashlib.sha256("\n".join(_environment()).encode()).hexdigest()
        self._passed = _read(path) if path else {}

    def has_passed(self, candidate: Candidate) -> bool:
        """Say whether exactly this plugin passed in exactly this environment."""
        return self._passed.get(candidate.name) == self._fingerprint(candidate)

    def remember(self, passed: Iterable[Candidate]) -> None:
        """Replace what is remembered."""
        if self._path is None:
            return
        content = {candidate.name: self._fingerprint(candidate) for candidate in passed}
        if content == self._passed:
            return
        fresh = self._path.with_suffix(f".{os.getpid()}")
        try:
            fresh.write_text(json.dumps(content))
            fresh.replace(self._path)
        except OSError as error:
            log.warning("Plugins will be probed again at the next start: %s", error)

    def _fingerprint(self, candidate: Candidate) -> str:
        digest = hashlib.sha256(self._environment.encode())
        for line in (candidate.entry.value, *_files(candidate)):
            digest.update(f"{line}\n".encode())
        return digest.hexdigest()


def _read(path: Path) -> dict[str, str]:
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _environment() -> Iterator[str]:
    """Yield what names the interpreter and every installed distribution with its version."""
    yield sys.version
    for folder in map(Path, sys.path):
        if folder.is_dir():
            names = (each.name for each in folder.iterdir() if each.suffix in METADATA_FOLDERS)
            yield from sorted(names)


def _files(candidate: Candidate) -> Iterator[str]:
    for path in sorted(candidate.folder.rglob("*")) if candidate.folder else ():
        if path.is_file() and path.parent.name != "__pycache__":
            facts = path.stat()
            yield f"{path} {facts.st_size} {facts.st_mtime_ns}"

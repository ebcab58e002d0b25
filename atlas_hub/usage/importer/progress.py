"""How far an import came, so that an interrupted one goes on instead of starting over.

Correctness never depends on it: rows that are sent again are repeats.
"""

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final

import msgspec

from atlas_hub.usage.importer.options import Options
from atlas_hub.usage.importer.report import Counts


class Progress:
    """What became of the rows that were answered, kept in the user's cache folder if it can be."""

    def __init__(self, options: Options, url: str) -> None:
        self._path: Final = _cache_folder() / f"{_fingerprint(options, url)}.json"

    def load(self) -> Counts:
        """Return what became of the rows of this very file that were answered before."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=Counts)
        except (OSError, ValueError):
            return Counts()

    def save(self, counts: Counts) -> None:
        """Remember that the first rows are answered."""
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            draft = self._path.with_suffix(f".{os.getpid()}")
            draft.write_bytes(msgspec.json.encode(counts))
            draft.replace(self._path)

    def clear(self) -> None:
        """Forget it: the import is complete."""
        with suppress(OSError):
            self._path.unlink()


def _cache_folder() -> Path:
    home = os.environ.get("XDG_CACHE_HOME")
    base = Path(home) if home else Path.home() / ".cache"
    return base / "atlas-hub" / "imports"


def _fingerprint(options: Options, url: str) -> str:
    state = options.file.stat()
    parts = asdict(options) | {
        "file": str(options.file.resolve()),
        "size": state.st_size,
        "changed": state.st_mtime_ns,
        "url": url,
    }
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]

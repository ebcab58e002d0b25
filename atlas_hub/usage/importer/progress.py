"""How far an import came, so that an interrupted one goes on instead of starting over.

Correctness never depends on it: rows that are sent again are repeats.
"""

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Final

from atlas_hub.usage.importer.options import Options


class Progress:
    """The number of rows that were answered, kept in the user's cache folder."""

    def __init__(self, options: Options, url: str) -> None:
        self._path: Final = _cache_folder() / f"{_fingerprint(options, url)}.json"

    def rows_done(self) -> int:
        """Return how many rows of this very file this very import has had answered."""
        try:
            return int(json.loads(self._path.read_text(encoding="ascii"))["rows"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    def save(self, rows: int) -> None:
        """Remember that the first `rows` rows are answered."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps({"rows": rows}), encoding="ascii")
        draft.replace(self._path)

    def clear(self) -> None:
        """Forget it: the import is complete."""
        self._path.unlink(missing_ok=True)


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

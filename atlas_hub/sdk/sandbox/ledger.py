"""The ledger: what reached the vendor and what it really did. The judge in tests of faults."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from atlas_hub.sdk.sandbox.messages import Request


@dataclass(frozen=True, slots=True)
class Entry:
    """One request. `status` is None when the client got no answer (cut or left hanging)."""

    number: int
    at: datetime
    method: str
    path: str
    query: str
    body: str
    idempotency_key: str | None
    status: int | None
    changed: bool
    fault: str | None

    def document(self) -> dict[str, Any]:
        """The entry as JSON."""
        return asdict(self) | {"at": self.at.isoformat()}


class Ledger:
    """An append-only list of entries, in the order the vendor decided them."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def record(
        self,
        request: Request,
        at: datetime,
        *,
        status: int | None,
        changed: bool,
        fault: str | None,
    ) -> None:
        """Append what was decided about `request`."""
        body = request.body.decode("utf-8", "replace")
        self._entries.append(
            Entry(
                len(self._entries) + 1,
                at,
                request.method,
                request.path,
                request.query,
                body,
                request.idempotency_key,
                status,
                changed,
                fault,
            )
        )

    def of(self, match: str) -> list[Entry]:
        """Entries whose `METHOD /path` fits the shell-style pattern, e.g. `POST /v1/*`."""
        return [entry for entry in self if fnmatchcase(f"{entry.method} {entry.path}", match)]

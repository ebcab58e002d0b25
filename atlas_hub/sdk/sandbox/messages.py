"""Requests and answers as a vendor's simulation sees them."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

Control = Callable[[Any], Any]
"""A control route: takes the JSON sent to it (None on GET), returns JSON."""


@dataclass(slots=True)
class Request:
    """One HTTP request. Header names are lower case; `delay` is how long a slow vendor works."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    delay: float = field(default=0.0, kw_only=True)

    async def work(self) -> None:
        """Take as long as the fault `slow` wants. Call it where the vendor would do the work."""
        if self.delay:
            await asyncio.sleep(self.delay)

    @property
    def idempotency_key(self) -> str | None:
        """The value of the header `Idempotency-Key`."""
        return self.headers.get("idempotency-key")

    def form(self) -> list[tuple[str, str]]:
        """Query and form body as decoded pairs, in the order sent."""
        text = self.body.decode("utf-8", "replace")
        return [
            *parse_qsl(self.query, keep_blank_values=True),
            *parse_qsl(text, keep_blank_values=True),
        ]


@dataclass(frozen=True, slots=True)
class Answer:
    """A JSON answer. `changed` says whether the vendor's state really changed."""

    status: int
    content: Any
    headers: Mapping[str, str] = field(default_factory=dict)
    changed: bool = False

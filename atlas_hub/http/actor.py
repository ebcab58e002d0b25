"""Who is behind a request, and the port that finds out."""

from dataclasses import dataclass
from typing import Protocol

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession


@dataclass(frozen=True, slots=True)
class Actor:
    """A caller or a part of the hub itself: `id` goes into the audit, `scopes` decide."""

    id: str
    scopes: frozenset[str]

    def may(self, permission: str) -> bool:
        """Say whether one of the scopes covers `permission` (`customers:write`, or `*`)."""
        room = permission.partition(":")[0]
        return bool(self.scopes & {permission, f"{room}:*", "*"})


SYSTEM = Actor("system", frozenset({"*"}))
"""The hub itself, in jobs and at start-up."""


class Guard(Protocol):
    """Tells who is calling and refuses who may not."""

    async def __call__(self, request: Request, session: AsyncSession, permission: str) -> Actor:
        """Return the actor; raise `Unauthenticated` or `Forbidden`."""
        ...

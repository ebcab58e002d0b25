"""Who is calling: the bearer key of a request, checked against the stored hashes."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from fastapi import Request
from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.access.keys import hash_key
from atlas_hub.access.tables import ApiKey
from atlas_hub.http.actor import Actor
from atlas_hub_core.errors import Forbidden, Unauthenticated

CACHE_SECONDS: Final = 1.0
CACHE_SIZE: Final = 1000
USED_EVERY: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class _Known:
    actor: Actor
    expires_at: datetime | None
    checked: float


class KeyGuard:
    """Finds the actor of a request. A key stays known for a second, so it costs no query each."""

    def __init__(self) -> None:
        self._known: Final[dict[bytes, _Known]] = {}

    async def __call__(self, request: Request, session: AsyncSession, permission: str) -> Actor:
        """Return the caller; raise `Unauthenticated` or `Forbidden`."""
        actor = await self._actor(request, session)
        if not actor.may(permission):
            message = f"This needs the scope {permission}, which your API key does not have."
            raise Forbidden(message, code="missing_scope")
        return actor

    async def _actor(self, request: Request, session: AsyncSession) -> Actor:
        hashed = hash_key(_bearer(request))
        known = self._known.get(hashed)
        if known is None or time.monotonic() - known.checked > CACHE_SECONDS:
            known = await _look_up(session, hashed)
            if len(self._known) >= CACHE_SIZE:
                self._known.clear()
            self._known[hashed] = known
        if known.expires_at is not None and known.expires_at <= datetime.now(UTC):
            raise Unauthenticated(
                "This API key has expired. Ask for a new one.", code="key_expired"
            )
        return known.actor


def _bearer(request: Request) -> str:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        message = "No API key was sent. Send it as: Authorization: Bearer <key>"
        raise Unauthenticated(message, code="missing_key")
    return key.strip()


async def _look_up(session: AsyncSession, hashed: bytes) -> _Known:
    row = (
        await session.execute(select(ApiKey).where(col(ApiKey.key_hash) == hashed))
    ).scalar_one_or_none()
    if row is None or row.revoked_at is not None:
        raise Unauthenticated("This API key is unknown or revoked.", code="invalid_key")
    known = _Known(Actor(row.id, frozenset(row.scopes)), row.expires_at, time.monotonic())
    await _note_use(session, row.id)
    return known


async def _note_use(session: AsyncSession, key_id: str) -> None:
    """Note it and commit before the request begins: it may be long, and others would wait."""
    unused = (
        select(col(ApiKey.id))
        .where(
            col(ApiKey.id) == key_id,
            or_(
                col(ApiKey.last_used_at).is_(None),
                col(ApiKey.last_used_at) < func.now() - USED_EVERY,
            ),
        )
        .with_for_update(skip_locked=True)
    )
    await session.execute(
        update(ApiKey).where(col(ApiKey.id).in_(unused)).values(last_used_at=func.now())
    )
    await session.commit()

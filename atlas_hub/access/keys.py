"""API keys: made once, shown once, stored as a hash."""

import hashlib
import secrets
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.access import audit
from atlas_hub.access.permissions import check_scopes
from atlas_hub.access.tables import ApiKey
from atlas_hub.db.ids import new_id
from atlas_hub.http.actor import SYSTEM, Actor
from atlas_hub_core.errors import Conflict, Forbidden, InvalidInput, NotFound

BOOTSTRAP_NAME: Final = "bootstrap"


def hash_key(key: str) -> bytes:
    """Return what is stored of a key. Keys are long and random, so a plain hash is enough."""
    return hashlib.sha256(key.encode()).digest()


async def create_key(
    session: AsyncSession,
    actor: Actor,
    name: str,
    scopes: list[str],
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Make a key; return its row and the key itself, which is not kept.

    Raises:
        Forbidden: the new key could do more than its maker.
    """
    check_scopes(scopes)
    if name == BOOTSTRAP_NAME:
        message = f"The name {name!r} belongs to the key of ATLAS_BOOTSTRAP_KEY; choose another."
        raise InvalidInput(message, code="reserved_name", field="name")
    beyond = [scope for scope in scopes if not actor.may(scope)]
    if beyond:
        message = f"Your key does not have {', '.join(beyond)}, so it cannot give it away."
        raise Forbidden(message, code="scope_not_held", field="scopes")
    row = ApiKey(id=new_id("key"), name=name, scopes=scopes, expires_at=expires_at, key_hash=b"")
    key = f"atlas_{row.id.removeprefix('key_')}_{secrets.token_urlsafe(32)}"
    row.key_hash = hash_key(key)
    session.add(row)
    audit.record(session, actor, "create", "api_key", row.id, {"name": name, "scopes": scopes})
    await session.flush()
    return row, key


async def revoke_key(session: AsyncSession, actor: Actor, key_id: str) -> ApiKey:
    """Make a key useless, at the latest one second from now in every process."""
    row = await session.get(ApiKey, key_id, with_for_update=True)
    if row is None:
        raise NotFound(f"There is no API key {key_id}.", code="api_key_not_found")
    if row.revoked_at is not None:
        raise Conflict(f"API key {key_id} is already revoked.", code="api_key_revoked")
    row.revoked_at = (await session.execute(select(func.now()))).scalar_one()
    audit.record(session, actor, "revoke", "api_key", row.id)
    return row


async def ensure_bootstrap_key(session: AsyncSession, key: str) -> None:
    """Make `key` valid with all scopes unless it was revoked, and any earlier one invalid."""
    hashed = hash_key(key)
    earlier = await session.execute(
        select(ApiKey)
        .where(col(ApiKey.name) == BOOTSTRAP_NAME, col(ApiKey.revoked_at).is_(None))
        .with_for_update()
    )
    for row in earlier.scalars():
        if row.key_hash == hashed:
            return
        row.revoked_at = (await session.execute(select(func.now()))).scalar_one()
    key_id = new_id("key")
    values = {"id": key_id, "name": BOOTSTRAP_NAME, "key_hash": hashed, "scopes": ["*"]}
    added = await session.execute(
        insert(ApiKey).values(values).on_conflict_do_nothing().returning(col(ApiKey.id))
    )
    if added.first() is not None:
        audit.record(session, SYSTEM, "bootstrap", "api_key", key_id)


async def create_first_key(session: AsyncSession) -> str | None:
    """Make a key with all scopes if there is none at all; return it, to be printed once."""
    if (await session.execute(select(col(ApiKey.id)).limit(1))).first() is not None:
        return None
    _, key = await create_key(session, SYSTEM, "first", ["*"])
    return key

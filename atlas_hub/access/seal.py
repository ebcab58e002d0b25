"""The audit chain: each sealed entry's hash covers the one before it, so no change goes unseen."""

import hashlib
import json
from collections.abc import Sequence
from typing import Final

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.access.tables import AuditEntry

BATCH: Final = 1000
START: Final = bytes(32)


def chain_hash(before: bytes, entry: AuditEntry) -> bytes:
    """Return SHA-256 over the hash before and the canonical form of an entry."""
    row = [
        entry.sequence,
        entry.at.isoformat(),
        entry.actor,
        entry.action,
        entry.resource,
        entry.resource_id,
        entry.changes,
    ]
    canonical = json.dumps(row, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(before + canonical.encode()).digest()


async def seal(session: AsyncSession) -> int:
    """Append up to 1,000 committed entries to the chain; the caller commits.

    Only entries of transactions that ended before the oldest running one are taken, so nothing can
    still appear among them.

    Returns:
        How many were sealed.
    """
    await session.execute(text("select pg_advisory_xact_lock(hashtext('audit chain'))"))
    last = (
        await session.execute(
            select(AuditEntry)
            .where(col(AuditEntry.chain_position).is_not(None))
            .order_by(col(AuditEntry.chain_position).desc())
            .limit(1)
        )
    ).scalar_one_or_none()
    found = await session.execute(
        select(AuditEntry)
        .where(
            col(AuditEntry.chain_hash).is_(None),
            text("transaction_id < pg_snapshot_xmin(pg_current_snapshot())::text::bigint"),
        )
        .order_by(col(AuditEntry.sequence))
        .limit(BATCH)
    )
    before = last.chain_hash if last is not None and last.chain_hash is not None else START
    position = last.chain_position if last is not None and last.chain_position is not None else 0
    rows = []
    for entry in found.scalars():
        position += 1
        before = chain_hash(before, entry)
        rows.append({"sequence": entry.sequence, "chain_position": position, "chain_hash": before})
    if rows:
        await session.execute(update(AuditEntry), rows)
    return len(rows)


async def verify_chain(session: AsyncSession) -> tuple[int, Sequence[str]]:
    """Recompute the whole chain; return how many entries it has, and what does not fit."""
    problems: list[str] = []
    before, position = START, 0
    stream = await session.stream_scalars(
        select(AuditEntry)
        .where(col(AuditEntry.chain_position).is_not(None))
        .order_by(col(AuditEntry.chain_position))
        .execution_options(yield_per=BATCH)
    )
    async for entry in stream:
        position += 1
        if entry.chain_position != position:
            problems.append(f"audit entry at position {position} is missing")
            position = entry.chain_position or position
        if chain_hash(before, entry) != entry.chain_hash:
            problems.append(f"audit entry {entry.sequence} was changed after it was sealed")
        before = entry.chain_hash or before
    return position, problems

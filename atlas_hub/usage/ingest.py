"""Accepting events: each counted once, whatever is sent how often and by how many at a time."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from sqlalchemy import ARRAY, DateTime, LargeBinary, Text, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.failpoints import failpoint
from atlas_hub.usage.batch import Item
from atlas_hub.usage.fact import Fact
from atlas_hub.usage.tables import UsageEvent
from atlas_hub_core.errors import Conflict, InvalidInput


class Rejected(msgspec.Struct):
    """An event that was not accepted; `index` counts the events of the body from zero."""

    index: int
    code: str
    message: str


class Outcome(msgspec.Struct):
    """What became of the events of one body; the three add up to all of them."""

    accepted: int
    duplicates: int
    rejected: list[Rejected]


# In the order of the key, so that two batches with the same keys wait for each other and never
# for each other in a circle.
_INSERT: Final = text("""
    insert into usage_event
        (key, body_hash, source, event_id, name, customer_ref, timestamp, properties)
    select key, body_hash, source, event_id, name, customer_ref, timestamp, properties::jsonb
    from unnest(:keys, :body_hashes, :sources, :event_ids, :names, :customers, :timestamps,
                :properties)
        as given (key, body_hash, source, event_id, name, customer_ref, timestamp, properties)
    order by key
    on conflict (key) do nothing
    returning key
""").bindparams(
    bindparam("keys", type_=ARRAY(LargeBinary)),
    bindparam("body_hashes", type_=ARRAY(LargeBinary)),
    bindparam("sources", type_=ARRAY(Text)),
    bindparam("event_ids", type_=ARRAY(Text)),
    bindparam("names", type_=ARRAY(Text)),
    bindparam("customers", type_=ARRAY(Text)),
    bindparam("timestamps", type_=ARRAY(DateTime(timezone=True))),
    bindparam("properties", type_=ARRAY(Text)),
)
_PARAMETERS: Final = tuple(
    "keys body_hashes sources event_ids names customers timestamps properties".split()
)


async def accept(session: AsyncSession, items: Sequence[Item]) -> Outcome:
    """Store the events among `items` that are not there yet; the caller commits, then answers.

    An event whose key is there with the same body is a duplicate, with another body a conflict;
    two events of one batch are compared in the same way, and the first of them counts.
    """
    await failpoint("usage.after_validate")
    firsts: dict[bytes, Fact] = {}
    for item in items:
        if isinstance(item, Fact):
            firsts.setdefault(item.key, item)
    inserted = await _insert(session, firsts.values()) if firsts else set()
    repeated = [key for key in firsts if key not in inserted]
    hashes = {key: fact.body_hash for key, fact in firsts.items()}
    if repeated:
        hashes.update(await _stored_hashes(session, repeated))
    await failpoint("usage.before_commit")
    return _outcome(items, inserted, hashes)


async def _insert(session: AsyncSession, facts: Iterable[Fact]) -> set[bytes]:
    columns = zip(*facts, strict=True)
    values = dict(zip(_PARAMETERS, map(list, columns), strict=True))
    return set((await session.execute(_INSERT, values)).scalars())


async def _stored_hashes(session: AsyncSession, keys: list[bytes]) -> dict[bytes, bytes]:
    # A statement of its own sees rows for whose commit the insert has waited.
    key = col(UsageEvent.key)
    statement = select(key, col(UsageEvent.body_hash)).where(
        key == bindparam("keys", keys, ARRAY(LargeBinary)).any_()
    )
    rows = await session.execute(statement)
    return {row.key: row.body_hash for row in rows}


def _outcome(items: Sequence[Item], new: set[bytes], hashes: dict[bytes, bytes]) -> Outcome:
    outcome = Outcome(len(new), 0, [])
    unseen = set(new)
    for index, item in enumerate(items):
        if isinstance(item, InvalidInput):
            outcome.rejected.append(Rejected(index, item.code, item.message))
        elif item.key in unseen:
            unseen.remove(item.key)
        elif hashes[item.key] == item.body_hash:
            outcome.duplicates += 1
        else:
            error = conflict(item)
            outcome.rejected.append(Rejected(index, error.code, error.message))
    return outcome


def conflict(fact: Fact) -> Conflict:
    """Return the error for an event whose id stands for another body already."""
    message = (
        f"Event {fact.event_id!r} of source {fact.source!r} was accepted before with other "
        "content, which stays. Send new usage under a new id."
    )
    return Conflict(message, code="event_conflict", field="id")

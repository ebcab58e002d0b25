"""`Idempotency-Key`: the same write asked for twice happens once and answers alike.

The answer is stored in the transaction of the write itself, so there is no moment at which the
effect stands without its answer. Refused requests leave no record.
"""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from fastapi import Request, Response
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.http.tables import IdempotencyRecord
from atlas_hub_core.errors import Conflict, InvalidInput, Malformed

HEADER: Final = "idempotency-key"
KEPT: Final = timedelta(days=30)
MAX_LENGTH: Final = 255
NOT_KEPT: Final = b""


async def answer_once(
    request: Request,
    session: AsyncSession,
    actor: str,
    act: Callable[[Request], Awaitable[Response]],
    *,
    keep: bool = True,
) -> Response:
    """Run `act` unless this actor's key was answered before; the caller commits.

    An answer that is not to be kept is noted without its body.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return await act(request)
    if not key or len(key) > MAX_LENGTH or not key.isascii() or not key.isprintable():
        message = f"Idempotency-Key must be 1 to {MAX_LENGTH} printable ASCII characters."
        raise Malformed(message, code="invalid_idempotency_key", field=HEADER)
    request_hash = _fingerprint(request, await request.body())
    await _lock(session, actor, key)
    record = await session.get(IdempotencyRecord, (actor, key))
    if record is not None:
        return _replay(record, request_hash)
    response = await act(request)
    if response.status_code < 400:
        session.add(
            IdempotencyRecord(
                actor=actor,
                key=key,
                request_hash=request_hash,
                status=response.status_code,
                body=bytes(response.body) if keep else NOT_KEPT,
            )
        )
    return response


async def forget_old(session: AsyncSession) -> None:
    """Delete answers older than 30 days; the caller commits."""
    await session.execute(
        delete(IdempotencyRecord).where(col(IdempotencyRecord.created_at) < func.now() - KEPT)
    )


def _fingerprint(request: Request, body: bytes) -> bytes:
    digest = hashlib.blake2b(digest_size=32)
    for part in (request.method, request.url.path, request.url.query):
        digest.update(part.encode() + b"\x00")
    digest.update(body)
    return digest.digest()


async def _lock(session: AsyncSession, actor: str, key: str) -> None:
    digest = hashlib.blake2b(f"{actor}\x00{key}".encode(), digest_size=8).digest()
    number = int.from_bytes(digest, signed=True)
    if not (await session.execute(select(func.pg_try_advisory_xact_lock(number)))).scalar_one():
        message = "A request with this Idempotency-Key is being answered. Wait for it, then retry."
        raise Conflict(message, code="idempotency_in_flight", field=HEADER)


def _replay(record: IdempotencyRecord, request_hash: bytes) -> Response:
    if record.request_hash != request_hash:
        message = (
            "This Idempotency-Key was used for another request. Use a new key for a new write."
        )
        raise InvalidInput(message, code="idempotency_key_reused", field=HEADER)
    if record.body == NOT_KEPT and record.status != 204:
        message = "This request was answered before, and its answer holds a secret shown only once."
        raise Conflict(message, code="answer_not_kept", field=HEADER)
    return Response(
        record.body,
        record.status,
        {"Idempotent-Replayed": "true"},
        media_type="application/json",
    )

"""Vendor writes, each carried out at most once whatever crashes.

    prepared ──> sent ──> done        the gateway's answer is stored
                  │ └───> refused     the gateway said no; stays so until a person reopens it
                  └─────> answered    the gateway failed and will repeat that for the same key

The row is committed as `sent` before the call. Found as `sent` later, the outcome is unknown: the
gateway is asked first (`find`), and only if it has nothing is the write sent again, under the same
key and with the same parameters. Only `answered` and not found proves that nothing happened; then
the key changes, since the gateway would repeat its stored failure.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.db.ids import new_id
from atlas_hub.failpoints import failpoint
from atlas_hub.jobs.kinds import JobRun
from atlas_hub.payments.tables import Intent
from atlas_hub.sdk import JsonObject, Rejected, UnknownOutcome

Call = Callable[[JsonObject, str], Awaitable[JsonObject]]
Find = Callable[[], Awaitable[JsonObject | None]]


class IntentSteps:
    """`sdk.Steps` on intent rows, every write fenced by the job that makes it."""

    def __init__(self, job: JobRun, connection_id: str, scope: str) -> None:
        self._job: Final = job
        self._connection_id: Final = connection_id
        self._scope: Final = scope

    async def run(self, step: str, parameters: JsonObject, call: Call, find: Find) -> JsonObject:
        """Return the answer of `step`; see `sdk.Steps`."""
        intent = await self._prepare(step, parameters)
        if intent.state == "done":
            return intent.result or {}
        if intent.state == "refused":
            raise Rejected(intent.error or "refused", code=intent.error_code or "refused")
        if intent.state in ("sent", "answered"):
            found = await find()
            if found is not None:
                return await self._finish(intent.id, found)
        await self._mark_sent(intent, parameters)
        await failpoint("payments.after_intent_commit")
        try:
            result = await call(intent.parameters, intent.key)
        except Rejected as refusal:
            await self._close(intent.id, "refused", error=refusal)
            raise
        except UnknownOutcome as unknown:
            if unknown.answered:
                await self._close(intent.id, "answered", error=unknown)
            raise
        await failpoint("payments.response_read_before_commit")
        return await self._finish(intent.id, result)

    async def _prepare(self, step: str, parameters: JsonObject) -> Intent:
        async with self._job.transaction() as session:
            await session.execute(
                insert(Intent)
                .values(
                    id=new_id("itn"),
                    connection_id=self._connection_id,
                    scope=self._scope,
                    step=step,
                    parameters=parameters,
                    state="prepared",
                    key_number=1,
                )
                .on_conflict_do_nothing()
            )
            found = await session.execute(
                select(Intent).where(
                    col(Intent.connection_id) == self._connection_id,
                    col(Intent.scope) == self._scope,
                    col(Intent.step) == step,
                )
            )
            intent = found.scalar_one()
            await failpoint("payments.before_intent_commit")
            return intent

    async def _mark_sent(self, intent: Intent, parameters: JsonObject) -> None:
        """Commit that the write is on its way; a new key is a new write, as it is wanted now."""
        async with self._job.transaction() as session:
            row = await _locked(session, intent.id)
            if row.state == "answered":
                row.key_number += 1
                row.parameters = parameters
            row.state = "sent"
            intent.key_number, intent.parameters = row.key_number, row.parameters

    async def _finish(self, intent_id: str, result: JsonObject) -> JsonObject:
        await self._close(intent_id, "done", result=result)
        await failpoint("payments.after_commit")
        return result

    async def _close(
        self,
        intent_id: str,
        state: str,
        *,
        result: JsonObject | None = None,
        error: Rejected | UnknownOutcome | None = None,
    ) -> None:
        async with self._job.transaction() as session:
            row = await _locked(session, intent_id)
            if row.state == "done":
                return
            row.state, row.result = state, result
            if error is not None:
                row.error, row.error_code = error.message, error.code


async def _locked(session: AsyncSession, intent_id: str) -> Intent:
    return await session.get_one(Intent, intent_id, with_for_update=True)

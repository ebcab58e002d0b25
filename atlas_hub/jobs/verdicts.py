"""What happens to a job whose attempt failed, decided by the type of the error."""

import random
from dataclasses import asdict, dataclass
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from atlas_hub.jobs.kinds import Lease
from atlas_hub.sdk.errors import ConnectorError, RateLimited
from atlas_hub_core.errors import AtlasError

FIRST_DELAY_SECONDS: Final = 1.0
LONGEST_DELAY_SECONDS: Final = 900.0
_LONGEST_ERROR: Final = 2000

# A row asked for again during the run (run_at below infinity) is never dead: the change that asked
# may have cured it. `firm` delays come from the vendor, so a newer request waits them out too.
_SETTLE: Final = text("""
    update job set
        state = case when :dead and run_at = 'infinity' then 'dead' else 'ready' end,
        attempts = case
            when not :dead then attempts - :refund
            when run_at = 'infinity' then attempts
            else 0 end,
        run_at = case
            when :dead then case when run_at = 'infinity' then clock_timestamp() else run_at end
            when :firm then clock_timestamp() + :delay * interval '1 second'
            else least(run_at, clock_timestamp() + :delay * interval '1 second') end,
        lease_owner = null, lease_until = null, last_error = :error, last_error_code = :code
    where id = :id and fence = :fence and state = 'running'
    returning state
""")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Dead, or another attempt after `delay` seconds.

    `refund` is 1 when the attempt does not count; `firm` delays are not shortened by anybody.
    """

    dead: bool
    delay: float
    firm: bool
    refund: int
    code: str
    error: str


def judge(error: BaseException, attempt: int, max_attempts: int) -> Verdict:
    """Return the verdict on attempt number `attempt` that ended in `error`."""
    error = _only_cause(error)
    code = error.code if isinstance(error, AtlasError) else "unexpected_error"
    # The vendor named the time: that is no failure of the job, however often it happens.
    limited = isinstance(error, RateLimited) and error.retry_after is not None
    permanent = isinstance(error, ConnectorError) and error.permanent
    delay = error.retry_after if isinstance(error, ConnectorError) else None
    return Verdict(
        dead=permanent or (attempt >= max_attempts and not limited),
        delay=backoff(attempt) if delay is None else delay,
        firm=delay is not None,
        refund=1 if limited else 0,
        code=code,
        error=_storable(error),
    )


def backoff(attempt: int) -> float:
    """Return seconds to wait after failure number `attempt`: doubling, half of it random."""
    longest = min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2.0 ** min(attempt - 1, 20))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing


async def settle(connection: AsyncConnection, lease: Lease, verdict: Verdict) -> str | None:
    """Write `verdict` down; return the new state, or None when the lease was lost before."""
    ours = {"id": lease.id, "fence": lease.fence}
    answer = await connection.execute(_SETTLE, {**ours, **asdict(verdict)})
    return answer.scalar_one_or_none()


def _only_cause(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _storable(error: BaseException) -> str:
    described = str(error) if isinstance(error, AtlasError) else f"{type(error).__name__}: {error}"
    whole = described.replace("\x00", "\\0").encode("utf-8", "replace").decode()
    return whole[:_LONGEST_ERROR]

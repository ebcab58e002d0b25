"""One attempt: call the handler in its time, and turn whatever it does into a value."""

import asyncio

from atlas_hub.failpoints import failpoint
from atlas_hub.jobs.kinds import JobKind, JobRun
from atlas_hub_core.errors import AtlasError, Unavailable


class TimedOut(Unavailable):
    """An attempt took longer than its kind allows."""


class HandlerCancelled(AtlasError):
    """A handler let a cancellation escape that nobody outside had asked for."""


async def attempt(kind: JobKind, run: JobRun) -> BaseException | None:
    """Run the handler of `kind`; return what went wrong, or None.

    A handler that swallows its cancellation has not done its work, whatever it returns.

    Raises:
        CancelledError: the worker cancelled this task.
    """
    limit = asyncio.timeout(kind.timeout_seconds)
    failure: BaseException | None = None
    try:
        async with limit:
            await failpoint("jobs.after_claim")
            await kind.handler(run)
            await failpoint("jobs.before_finish")
    except asyncio.CancelledError:
        failure = HandlerCancelled("the handler cancelled itself", code="handler_cancelled")
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the verdict decides by its type
        failure = error
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
    if limit.expired():
        message = f"not done after {kind.timeout_seconds:g} seconds"
        return TimedOut(message, code="job_timeout")
    return failure

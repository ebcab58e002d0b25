"""Jobs and schedules of the room."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from atlas_hub.hub import Hub
from atlas_hub.jobs.kinds import JobKind, JobRun
from atlas_hub.jobs.schedules import Schedule
from atlas_hub.payments.deliver import deliver
from atlas_hub.payments.poll import poll, poll_all, resume
from atlas_hub.payments.start import start

SCHEDULES = (Schedule("payments.poll_all", "payments.poll_all", "all", every_seconds=30),)

_HANDLERS: Final[dict[str, Callable[[Hub, JobRun], Awaitable[None]]]] = {
    "payments.start": start,
    "payments.deliver": deliver,
    "payments.poll": poll,
    "payments.poll_all": poll_all,
    "payments.resume": resume,
}


def kinds(hub: Hub) -> list[JobKind]:
    """Return the kinds of jobs of this room."""
    return [
        JobKind(name, partial(handler, hub), max_attempts=30) for name, handler in _HANDLERS.items()
    ]

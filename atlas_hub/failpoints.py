"""Named places where a test may kill, break or stall this process.

`ATLAS_FAILPOINTS="payments.after_call=kill9;jobs.after_claim=raise@2"` arms two of them; `@2`
means the second time the place is passed. With the variable unset a failpoint costs one look-up.
"""

import asyncio
import logging
import os
import signal
from dataclasses import dataclass, field
from typing import Final

HANG_SECONDS: Final = 3600


class FailpointError(RuntimeError):
    """What an armed `raise` failpoint raises."""


@dataclass(slots=True)
class _Armed:
    action: str
    nth: int
    passed: int = field(default=0)


def _parse(text: str) -> dict[str, _Armed]:
    armed: dict[str, _Armed] = {}
    for part in filter(None, (p.strip() for p in text.split(";"))):
        name, _, action = part.partition("=")
        action, _, nth = action.partition("@")
        if action not in ("kill9", "raise", "hang"):
            message = f"ATLAS_FAILPOINTS: {part!r} is not NAME=kill9|raise|hang[@N]"
            raise ValueError(message)
        armed[name] = _Armed(action, int(nth or 1))
    return armed


_ARMED: Final = _parse(os.environ.get("ATLAS_FAILPOINTS", ""))


if _ARMED:
    logging.getLogger(__name__).warning(
        "ATLAS_FAILPOINTS is set: this process will fail on purpose"
    )


async def failpoint(name: str) -> None:
    """Do what `ATLAS_FAILPOINTS` says for `name`; nothing by default."""
    if not _ARMED:
        return
    armed = _ARMED.get(name)
    if armed is None:
        return
    armed.passed += 1
    if armed.passed != armed.nth:
        return
    if armed.action == "kill9":
        os.kill(os.getpid(), signal.SIGKILL)
    if armed.action == "raise":
        raise FailpointError(name)
    await asyncio.sleep(HANG_SECONDS)

"""Webhook delivery: one task per message, signed per attempt, retried, and breakable by rules."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from atlas_hub.sdk.sandbox.delivery import post
from atlas_hub.sdk.sandbox.faults import Rule, Rules, WebhookAction


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where webhooks go. `types` are event types; a `*` in one stands for anything."""

    id: str
    url: str
    secret: str
    types: tuple[str, ...] = ("*",)

    def wants(self, kind: str) -> bool:
        """Whether events of this type are sent here."""
        return any(fnmatchcase(kind, wanted) for wanted in self.types)


Sign = Callable[[Endpoint, bytes, int], Mapping[str, str]]
"""Makes the signature headers for a body, at a time in real seconds since 1970."""

RETRY_DELAYS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)


class Webhooks:
    """Endpoints, the deliveries under way, and counters.

    Counters: `published` messages per endpoint, `attempts`, `delivered` (2xx), `refused` (other
    status or none), `dropped` by a rule, `given_up` after the last retry.
    """

    def __init__(self, sign: Sign, retry_delays: Sequence[float] = RETRY_DELAYS) -> None:
        self.faults: Rules[WebhookAction] = Rules(WebhookAction)
        self.counters: Counter[str] = Counter()
        self.endpoints: dict[str, Endpoint] = {}
        self._sign = sign
        self._retry_delays = tuple(retry_delays)
        self._tasks: set[asyncio.Task[None]] = set()
        self._overtaken = asyncio.Condition()
        self._sent = 0

    def publish(self, kind: str, body: bytes) -> int:
        """Start delivering to every endpoint that wants `kind`; say how many. Event loop only."""
        wanting = [endpoint for endpoint in self.endpoints.values() if endpoint.wants(kind)]
        for endpoint in wanting:
            self.counters["published"] += 1
            self._start(endpoint, body, self.faults.take(kind))
        return len(wanting)

    def _start(self, endpoint: Endpoint, body: bytes, rule: Rule[WebhookAction] | None) -> None:
        action = rule.action if rule else WebhookAction.OK
        if action is WebhookAction.DROP:
            self.counters["dropped"] += 1
            return
        copies = rule.copies if rule and action is WebhookAction.DUPLICATE else 1
        for _ in range(copies):
            task = asyncio.get_running_loop().create_task(self._deliver(endpoint, body, rule))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _deliver(
        self, endpoint: Endpoint, body: bytes, rule: Rule[WebhookAction] | None
    ) -> None:
        if rule is not None:
            await self._hold(rule)
        forged = rule is not None and rule.action is WebhookAction.BAD_SIGNATURE
        for delay in (*self._retry_delays, None):
            if await self._attempt(endpoint, body, forged=forged):
                return
            forged = False
            if delay is not None:
                await asyncio.sleep(delay)
        self.counters["given_up"] += 1

    async def _hold(self, rule: Rule[WebhookAction]) -> None:
        if rule.action is WebhookAction.DELAY:
            await asyncio.sleep(rule.seconds)
        elif rule.action is WebhookAction.REORDER:
            target = self._sent + rule.copies
            try:
                async with asyncio.timeout(rule.seconds), self._overtaken:
                    await self._overtaken.wait_for(lambda: self._sent >= target)
            except TimeoutError:
                return

    async def _attempt(self, endpoint: Endpoint, body: bytes, *, forged: bool) -> bool:
        signer = endpoint
        if forged:
            signer = Endpoint(endpoint.id, endpoint.url, f"{endpoint.secret}-forged")
        self.counters["attempts"] += 1
        status = await post(endpoint.url, body, self._sign(signer, body, int(time.time())))
        accepted = status is not None and 200 <= status < 300
        self.counters["delivered" if accepted else "refused"] += 1
        async with self._overtaken:
            self._sent += 1
            self._overtaken.notify_all()
        return accepted

    @property
    def pending(self) -> int:
        """Deliveries under way, retries included."""
        return len(self._tasks)

    def settle(self, timeout: float = 10.0) -> bool:
        """Wait from another thread until nothing is under way; False when time ran out."""
        end = time.monotonic() + timeout
        while self.pending:
            if time.monotonic() > end:
                return False
            time.sleep(0.01)
        return True

    async def stop(self) -> None:
        """Cancel what is under way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

"""The poll: walk Stripe's list of events forward, with an overlap, whatever webhooks did.

Events may show up late, so the cursor stays at the newest event that is five minutes old; what is
younger is read again by the next poll. A hint twice costs a look, a hint missed costs money.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from atlas_hub.sdk import Changes, JsonObject, Rejected
from atlas_hub_stripe.client import PAGE, StripeApi
from atlas_hub_stripe.signals import WATCHED, signals_of

OVERLAP: Final = timedelta(minutes=5)
FIRST_LOOK: Final = timedelta(hours=1)
MOST_PAGES: Final = 20


@dataclass(frozen=True, slots=True)
class Cursor:
    """Everything up to this event was seen. `created` is in seconds since 1970."""

    created: int
    id: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` wrote."""
        return cls(**json.loads(text))

    @classmethod
    def at(cls, event: JsonObject) -> Self:
        """Return the cursor behind an event."""
        return cls(int(event["created"]), str(event["id"]))

    def __str__(self) -> str:
        return json.dumps(asdict(self))


async def changes(api: StripeApi, cursor: str | None, now: datetime) -> Changes:
    """Return the hints since `cursor`, at first those of the last hour, and the next cursor."""
    start = Cursor.parse(cursor) if cursor else await _newest(api, now - FIRST_LOOK)
    try:
        events = await _after(api, start)
    except Rejected:  # the event is gone: Stripe keeps them for thirty days
        start = await _newest(api, now - FIRST_LOOK)
        events = await _after(api, start)
    settled = [event for event in events if event["created"] <= (now - OVERLAP).timestamp()]
    if len(events) == MOST_PAGES * PAGE:
        settled = events
    end = Cursor.at(settled[-1]) if settled else start
    found = tuple(signal for event in events for signal in signals_of(event))
    return Changes(signals=found, cursor=str(end) if end else None)


async def _newest(api: StripeApi, until: datetime) -> Cursor | None:
    """Return the newest event that is not younger than `until`."""
    page = await api.read(
        api.v1.events.list_async,
        types=list(WATCHED),
        created={"lte": int(until.timestamp())},
        limit=1,
    )
    return Cursor.at(page["data"][0]) if page["data"] else None


async def _after(api: StripeApi, start: Cursor | None) -> list[JsonObject]:
    """Return the events behind `start`, oldest first, at most `MOST_PAGES` pages of them."""
    if start is None:
        every = [event async for event in api.each(api.v1.events.list_async, types=list(WATCHED))]
        return every[::-1]
    events: list[JsonObject] = []
    last = start.id
    for _ in range(MOST_PAGES):
        page = await api.read(
            api.v1.events.list_async, types=list(WATCHED), ending_before=last, limit=PAGE
        )
        events += reversed(page["data"])
        if not page["has_more"] or not page["data"]:
            break
        last = page["data"][0]["id"]
    return events

"""Routes: events in and out."""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from fastapi import Depends, Query, Request, Response
from sqlalchemy import ColumnElement, Text, cast, select
from sqlmodel import col

from atlas_hub.http.bodies import Answer, Timestamp, write_timestamp
from atlas_hub.http.paging import Cursor, Limit, Page
from atlas_hub.http.routing import Router, Session, needs
from atlas_hub.usage import measure_api
from atlas_hub.usage.batch import read_json, read_lines
from atlas_hub.usage.body import JSON, NDJSON, content_type, read_body
from atlas_hub.usage.customers import customer_refs
from atlas_hub.usage.ingest import accept, conflict
from atlas_hub.usage.schema import REQUEST_BODY
from atlas_hub.usage.store import Selection
from atlas_hub.usage.tables import UsageEvent
from atlas_hub_core.errors import InvalidInput

router = Router("usage")
router.include_router(measure_api.router)


class RejectedEvent(Answer):
    """An event that was not accepted; `index` counts the events of the body from zero."""

    index: int
    code: str
    message: str


class IngestAnswer(Answer):
    """What became of the events; what is not rejected is stored for good."""

    accepted: int
    duplicates: int
    rejected: list[RejectedEvent]


class EventAnswer(Answer):
    """An accepted event. `properties` are as they were sent, digit by digit."""

    id: str
    source: str
    name: str
    customer: str
    timestamp: Timestamp
    properties: dict[str, Any]
    received_at: Timestamp


@router.post(
    "/v1/events",
    response_model=IngestAnswer,
    openapi_extra=needs("usage:write") | {"requestBody": REQUEST_BODY},
)
async def post_events(request: Request, session: Session) -> Response:
    """Take in events: one object, a list, or newline-delimited JSON; each is counted once.

    A list is answered item by item; a single event that is rejected is answered with a problem.
    The same id and content again is a duplicate, whichever way its JSON is spelled; the same id
    with other content is rejected with the code `event_conflict`.
    """
    media = content_type(request)
    body = await read_body(request)
    items, many = (read_lines(body), True) if media == NDJSON else read_json(body)
    first = items[0] if items else None
    if not many and isinstance(first, InvalidInput):
        raise first
    outcome = await accept(session, items)
    if not many and outcome.rejected and not isinstance(first, InvalidInput | None):
        raise conflict(first)
    return Response(msgspec.json.encode(outcome), media_type=JSON)


_EVENT: Final = (
    col(UsageEvent.sequence),
    col(UsageEvent.event_id),
    col(UsageEvent.source),
    col(UsageEvent.name),
    col(UsageEvent.customer_ref),
    col(UsageEvent.timestamp),
    cast(col(UsageEvent.properties), Text),
    col(UsageEvent.received_at),
)


async def _chosen(
    session: Session,
    customer: Annotated[str | None, Query(description="Id or external_id.")] = None,
    name: Annotated[str | None, Query(description="What was used.")] = None,
    source: Annotated[str | None, Query(description="Who sent it.")] = None,
    start: Annotated[Timestamp | None, Query(alias="from")] = None,
    end: Annotated[Timestamp | None, Query(alias="to", description="Up to, without.")] = None,
) -> list[ColumnElement[bool]]:
    refs = None if customer is None else await customer_refs(session, customer)
    conditions = Selection(refs, start, end).conditions()
    if name is not None:
        conditions.append(col(UsageEvent.name) == name)
    if source is not None:
        conditions.append(col(UsageEvent.source) == source)
    return conditions


@router.get("/v1/events", response_model=Page[EventAnswer], openapi_extra=needs("usage:read"))
async def list_events(
    session: Session,
    chosen: Annotated[list[ColumnElement[bool]], Depends(_chosen)],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """List accepted events, the last received first."""
    statement = select(*_EVENT).where(*chosen)
    if cursor is not None:
        statement = statement.where(col(UsageEvent.sequence) < _sequence(cursor))
    newest_first = statement.order_by(col(UsageEvent.sequence).desc()).limit(limit + 1)
    rows = list(await session.execute(newest_first))
    more = len(rows) > limit
    page = {
        "data": [_answer(*row) for row in rows[:limit]],
        "next_cursor": str(rows[limit - 1][0]) if more else None,
    }
    return Response(msgspec.json.encode(page), media_type=JSON)


def _answer(
    _: int | None,
    event_id: str,
    source: str,
    name: str,
    customer: str,
    timestamp: datetime,
    properties: str,
    received_at: datetime,
) -> dict[str, Any]:
    return {
        "id": event_id,
        "source": source,
        "name": name,
        "customer": customer,
        "timestamp": write_timestamp(timestamp),
        "properties": msgspec.Raw(properties.encode()),
        "received_at": write_timestamp(received_at),
    }


def _sequence(cursor: str) -> int:
    if not cursor.isdecimal() or len(cursor) > 18:
        message = f"{cursor!r} is no cursor of this list. Pass next_cursor of the page before."
        raise InvalidInput(message, code="invalid_cursor", field="cursor")
    return int(cursor)

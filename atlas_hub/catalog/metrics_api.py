"""Routes: metrics."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints
from sqlalchemy import select
from sqlmodel import col

from atlas_hub.catalog import metrics
from atlas_hub.catalog.resolve import resolve_metric
from atlas_hub.catalog.tables import Metric
from atlas_hub.http.bodies import (
    Answer,
    Body,
    Change,
    JsonObject,
    Key,
    Name,
    Text,
    Timestamp,
    left_out,
)
from atlas_hub.http.paging import Cursor, Limit, Page, fetch_page
from atlas_hub.http.routing import Caller, HubDep, Router, Session, needs

router = Router("catalog")

EventName = Annotated[
    str, StringConstraints(min_length=1, max_length=255), Field(examples=["llm.request"])
]
Filter = Annotated[
    dict[str, Any],
    Field(
        description="A tree of and/or over conditions; ops eq ne gt gte lt lte in contains exists.",
        examples=[{"and": [{"property": "model", "op": "eq", "value": "m1"}]}],
    ),
]
Aggregation = Annotated[
    dict[str, Any],
    Field(
        description="How matching events become a quantity: a type and what it takes.",
        examples=[{"type": "sum", "property": "tokens"}],
    ),
]
GroupBy = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=255)]], Field(max_length=10)
]

LateEvents = Annotated[
    Literal["next_invoice", "ignore"],
    Field(
        description="What becomes of events that arrive after the invoice of their period is "
        "final: the difference goes on the next invoice, or they are only reported by "
        "`GET /v1/billing/late`. A change holds for all late usage that is not billed by then."
    ),
]


class NewMetric(Body):
    """How events are to become a quantity."""

    key: Key | None = Field(default=None, description="Made from the name if left out.")
    name: Name
    description: Text = ""
    show_on_invoice: bool = True
    event_name: EventName
    filter: Filter | None = None
    aggregation: Aggregation
    group_by: GroupBy = []
    late_events: LateEvents = "next_invoice"


class MetricChange(Change):
    """What to change of a metric; what decides the quantity only while no plan bills by it."""

    name: Name = left_out()
    description: Text = left_out()
    show_on_invoice: bool = left_out()
    event_name: EventName = left_out()
    filter: Filter | None = None
    aggregation: Aggregation = left_out()
    group_by: GroupBy = left_out()
    late_events: LateEvents = left_out()


class MetricAnswer(Answer):
    """How matching events become a quantity."""

    id: str
    key: str
    name: str
    description: str
    show_on_invoice: bool
    event_name: str
    filter: JsonObject | None
    aggregation: JsonObject
    group_by: list[str]
    late_events: LateEvents
    created_at: Timestamp


@router.post("/v1/metrics", status_code=201, openapi_extra=needs("catalog:write"))
async def create_metric(
    body: NewMetric, session: Session, hub: HubDep, caller: Caller
) -> MetricAnswer:
    """Add a metric."""
    row = await metrics.create_metric(session, hub, caller, body.model_dump())
    return MetricAnswer.model_validate(row)


@router.get("/v1/metrics", openapi_extra=needs("catalog:read"))
async def list_metrics(
    session: Session, limit: Limit = 50, cursor: Cursor = None
) -> Page[MetricAnswer]:
    """List metrics, newest first."""
    rows, following = await fetch_page(
        session, select(Metric), col(Metric.id), limit=limit, cursor=cursor
    )
    return Page(data=[MetricAnswer.model_validate(row) for row in rows], next_cursor=following)


@router.get("/v1/metrics/{metric}", openapi_extra=needs("catalog:read"))
async def get_metric(metric: str, session: Session) -> MetricAnswer:
    """Answer one metric, by id or key."""
    return MetricAnswer.model_validate(await resolve_metric(session, metric))


@router.patch("/v1/metrics/{metric}", openapi_extra=needs("catalog:write"))
async def change_metric(
    metric: str, body: MetricChange, session: Session, hub: HubDep, caller: Caller
) -> MetricAnswer:
    """Change a metric; what a published plan bills by stays as it is."""
    row = await metrics.change_metric(session, hub, caller, metric, body.changed())
    return MetricAnswer.model_validate(row)

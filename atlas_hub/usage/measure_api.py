"""Routes: what metrics count."""

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Annotated, Any, Final, Self

import msgspec
from fastapi import Query, Response
from pydantic import Field, model_validator
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from atlas_hub.catalog.metrics_api import Aggregation, EventName, Filter
from atlas_hub.catalog.resolve import resolve_metric
from atlas_hub.catalog.tables import Metric
from atlas_hub.customers.service import resolve_customer
from atlas_hub.http.bodies import Amount, Answer, Body, Reference, Timestamp
from atlas_hub.http.routing import HubDep, Router, Session, needs
from atlas_hub.usage.compile import Definition
from atlas_hub.usage.customers import customer_refs, refs_of
from atlas_hub.usage.preview import Measurement, preview_given, preview_stored
from atlas_hub.usage.store import Selection, Window, measure
from atlas_hub_core.aggregations import Usage
from atlas_hub_core.events import Event

router = Router("usage")

_encode: Final = msgspec.json.Encoder(decimal_format="number").encode
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


class TrialEvent(Body):
    """An event to try a metric on; it is not stored. What is left out is filled in."""

    id: str | None = None
    source: str = "default"
    name: str | None = Field(default=None, description="The metric's event name if left out.")
    customer: str = "unknown"
    timestamp: Timestamp | None = Field(default=None, description="Now if left out.")
    properties: dict[str, Any] = {}


class Preview(Body):
    """A metric, stored or not, and the events to run it on: those given, else those stored."""

    metric: Reference | None = Field(default=None, description="Id or key of a stored metric.")
    event_name: EventName | None = None
    filter: Filter | None = None
    aggregation: Aggregation | None = None
    key: str | None = Field(
        default=None,
        description="Not looked at, like the four below, so"
        " that the body of a metric can be sent as it is.",
    )
    name: str | None = None
    description: str | None = None
    show_on_invoice: bool | None = None
    group_by: list[str] | None = None
    events: list[TrialEvent] | None = Field(default=None, max_length=1000)
    customer: Reference | None = Field(default=None, description="Only this one's events.")
    start: Timestamp | None = Field(default=None, alias="from")
    end: Timestamp | None = Field(default=None, alias="to", description="Up to, without.")

    @model_validator(mode="after")
    def _one_metric(self) -> Self:
        defined = self.event_name is not None and self.aggregation is not None
        if (self.metric is None) != defined:
            message = "name a stored `metric`, or define one by `event_name` and `aggregation`"
            raise ValueError(message)
        return self


@dataclass(frozen=True, slots=True)
class _Definition:
    event_name: str
    filter: dict[str, Any] | None
    aggregation: dict[str, Any]


class Count(Answer):
    """What a metric found in some events."""

    matched: int = Field(description="Events of its name that pass its filter.")
    counted: int = Field(description="Those of them that add to the quantity.")
    quantity: Amount
    uncounted: dict[str, int] = Field(
        description="The others, by reason.", examples=[{"missing_property": 1}]
    )


class CustomerCount(Count):
    """What a metric found for one customer."""

    customer: str = Field(description="Its id, or what events call it while it is not known.")


class Sample(Answer):
    """An event that matched."""

    id: str
    source: str
    customer: str
    timestamp: Timestamp
    properties: dict[str, Any]


class PreviewAnswer(Count):
    """What a metric found."""

    by_customer: list[CustomerCount] = Field(description="The 100 with the most events.")
    samples: list[Sample] = Field(description="The latest ten that matched.")


class MetricUsage(Count):
    """What one metric found for a customer."""

    metric: str


class CustomerUsage(Answer):
    """What a customer used, by metric."""

    data: list[MetricUsage]


@router.post("/v1/metrics/preview", response_model=PreviewAnswer, openapi_extra=needs("usage:read"))
async def preview_metric(body: Preview, session: Session, hub: HubDep) -> Response:
    """Run a metric and answer what it counts, for all and by customer, with samples."""
    metric = await _metric(session, body)
    refs = None if body.customer is None else await customer_refs(session, body.customer)
    selection = Selection(refs, body.start, body.end)
    if body.events is None:
        found = await preview_stored(session, hub.aggregations, metric, selection)
    else:
        events = _events(body.events, metric.event_name, await hub.clock.now(session))
        found = preview_given(hub.aggregations, metric, events, selection)
    # Not by FastAPI: it would make floats of the samples' numbers.
    return Response(_encode(_preview_answer(found).model_dump()), media_type="application/json")


@router.get("/v1/customers/{customer}/usage", openapi_extra=needs("usage:read"))
async def customer_usage(
    customer: str,
    session: Session,
    hub: HubDep,
    start: Annotated[Timestamp | None, Query(alias="from")] = None,
    end: Annotated[Timestamp | None, Query(alias="to", description="Up to, without.")] = None,
) -> CustomerUsage:
    """Answer what each metric counts for a customer."""
    refs = refs_of(await resolve_customer(session, customer))
    window = Window(refs, start or _FIRST, end or _LAST)
    data = []
    for metric in (await session.execute(select(Metric).order_by(col(Metric.key)))).scalars():
        (usage,) = await measure(session, hub.aggregations, metric, [window])
        data.append(MetricUsage(metric=metric.key, **_count(usage)))
    return CustomerUsage(data=data)


async def _metric(session: AsyncSession, body: Preview) -> Definition:
    if body.metric is not None:
        return await resolve_metric(session, body.metric, field="metric")
    return _Definition(body.event_name or "", body.filter, body.aggregation or {})


def _events(given: list[TrialEvent], name: str, now: datetime) -> list[Event]:
    numbers = count(1)
    return [
        Event(
            timestamp=each.timestamp or now,
            properties=each.properties,
            id=each.id or str(next(numbers)),
            customer=each.customer,
            name=each.name or name,
            source=each.source,
        )
        for each in given
    ]


def _count(usage: Usage) -> dict[str, Any]:
    uncounted = {str(reason): events for reason, events in usage.unrated.items()}
    return {
        "matched": usage.events + sum(uncounted.values()),
        "counted": usage.events,
        "quantity": usage.quantity,
        "uncounted": uncounted,
    }


def _preview_answer(found: Measurement) -> PreviewAnswer:
    return PreviewAnswer(
        **_count(found.total),
        by_customer=[
            CustomerCount(customer=customer, **_count(usage))
            for customer, usage in found.by_customer.items()
        ],
        samples=[Sample.model_validate(event) for event in found.samples],
    )

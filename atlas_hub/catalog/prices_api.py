"""Routes: what a price makes of a quantity."""

from typing import Annotated

from pydantic import Field

from atlas_hub.catalog.plan_bodies import Currency, Price
from atlas_hub.catalog.prices import parse_price
from atlas_hub.http.bodies import Amount, Answer, Body, Computed
from atlas_hub.http.routing import HubDep, Router, needs
from atlas_hub_core.currencies import digits_of
from atlas_hub_core.errors import InvalidInput
from atlas_hub_core.money import round_half_up
from atlas_hub_core.prices import evaluate, trace_to_json

router = Router("catalog")


class PriceQuestion(Body):
    """A price, and a quantity or the amounts of events in order of time."""

    currency: Currency
    price: Price
    quantity: Amount | None = None
    events: Annotated[list[Amount], Field(max_length=10_000)] | None = None


class StepAnswer(Answer):
    """One part of an amount; `quantity` and `unit` only where it is their product."""

    label: str
    quantity: str | None
    unit: str | None
    amount: str


class PriceAnswer(Answer):
    """`amount` is `exact` rounded half up to the currency's digits; `trace` sums to `exact`."""

    amount: str
    exact: Computed
    trace: list[StepAnswer]


@router.post("/v1/prices/evaluate", openapi_extra=needs("catalog:read"))
async def evaluate_price(body: PriceQuestion, hub: HubDep) -> PriceAnswer:
    """Price a quantity, or the amounts of events, without storing anything."""
    digits_of(body.currency)
    price = parse_price(hub, body.currency, body.price)
    if body.quantity is not None and body.events is not None:
        message = "Send quantity or events, not both."
        raise InvalidInput(message, code="quantity_or_events", field="events")
    result = evaluate(price, quantity=body.quantity, events=body.events)
    return PriceAnswer(
        amount=f"{round_half_up(result.exact, body.currency):f}",
        exact=result.exact,
        trace=[StepAnswer.model_validate(step) for step in trace_to_json(result.trace)],
    )

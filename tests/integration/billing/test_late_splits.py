"""Whenever events arrive, their invoices add up to one rating of all of them.

Each case draws its own traffic, and for each event when it arrives: on time, late, or while its
invoice is a draft. `SEED=...` repeats a case.
"""

import os
import random
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from atlas_hub.billing.verify import verify_invoices
from atlas_hub_core.aggregations import aggregate
from atlas_hub_core.events import Event
from atlas_hub_core.periods import Cadence, Period
from atlas_hub_core.plans import ItemKind, PlanItem, Timing
from atlas_hub_core.rating import rate
from tests.integration.shop import MONTHLY, Shop, fee

CUSTOMERS = 6
TIERS = [
    {"up_to": "7.5", "unit": "1.333"},
    {"up_to": "40", "unit": "0.5", "flat": "2"},
    {"up_to": None, "unit": "0.0704"},
]
METRICS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "calls": ({"type": "count"}, {"type": "graduated", "tiers": TIERS}),
    "amount": ({"type": "sum", "property": "x"}, {"type": "graduated", "tiers": TIERS}),
    "users": ({"type": "unique", "property": "u"}, {"type": "volume", "tiers": TIERS}),
    "peak": ({"type": "max", "property": "x"}, {"type": "per_unit", "unit": "0.0731"}),
    "level": ({"type": "latest", "property": "x"}, {"type": "per_unit", "unit": "1.015"}),
    "mean": ({"type": "average", "property": "x"}, {"type": "package", "size": "4", "amount": "3"}),
}


def draw_seed() -> int:
    """Return the seed asked for, or one at random, and print it."""
    seed = int(os.environ.get("SEED") or random.randrange(10**9))
    print("SEED =", seed)
    return seed


def start_of(month: int) -> datetime:
    """Return the start of a month, 0 being January 2026."""
    return datetime(2026 + month // 12, month % 12 + 1, 1, tzinfo=UTC)


class Traffic:
    """Random events of some months, and when each arrives: (month of the run, before or within)."""

    def __init__(self, chance: random.Random, months: int) -> None:
        self.months = months
        self.arrivals: dict[tuple[int, str], list[dict[str, Any]]] = defaultdict(list)
        self.events: list[tuple[int, Event]] = []
        for number in range(CUSTOMERS * months * chance.randint(1, 8)):
            self._add(chance, number)

    def _add(self, chance: random.Random, number: int) -> None:
        month = chance.randrange(self.months)
        seconds = (start_of(month + 1) - start_of(month)).total_seconds() * chance.random()
        time = start_of(month) + timedelta(seconds=seconds)
        customer = f"c{chance.randrange(CUSTOMERS)}"
        properties = {"x": f"{chance.uniform(-3, 20):.3f}", "u": f"u{chance.randrange(30)}"}
        self.events.append((month, Event(time, properties, f"e{number}", customer, "use", "test")))
        body = {"id": f"e{number}", "name": "use", "customer": customer, "source": "test"}
        body |= {"timestamp": time.isoformat(), "properties": properties}
        late = chance.choice([0, 0, 1, 1, 2, 3, self.months])
        run = min(month + late, self.months)
        self.arrivals[run, chance.choice(["before", "within"])].append(body)


@pytest.mark.parametrize("_case", range(3))
async def test_any_split_adds_up_to_one_rating(shop: Shop, hub, _case: int) -> None:
    chance = random.Random(draw_seed())
    traffic = Traffic(chance, months=chance.randint(1, 5))
    await open_shop(shop)
    final: dict[str, dict[str, Any]] = {}
    for run in range(traffic.months + 3):
        await shop.clock(start_of(run + 1).isoformat())
        await send(shop, traffic.arrivals[run, "before"])
        await shop.bill()
        await send(shop, traffic.arrivals[run, "within"])
        final |= {each["id"]: each for each in await shop.bill(finalize=True)}
    for customer in range(CUSTOMERS):
        assert await shop.late(f"c{customer}") == []
    amounts, quantities = expected(hub, traffic)
    differ = [
        (key, sums.get(key), wanted.get(key))
        for sums, wanted in (
            (await billed(shop, final), amounts),
            (await charged(hub), quantities),
        )
        for key in sums.keys() | wanted.keys()
        if sums.get(key, 0) != wanted.get(key, 0)
    ]
    assert differ == []
    async with hub.database.session() as session:
        assert await verify_invoices(session) == (len(final), [])


async def open_shop(shop: Shop) -> None:
    for key, (aggregation, _) in METRICS.items():
        metric = {"key": key, "name": key, "event_name": "use", "aggregation": aggregation}
        await shop.call("POST", "/v1/metrics", metric)
    items = [{"metric": key, "price": price, **MONTHLY} for key, (_, price) in METRICS.items()]
    await shop.plan(fee("Base", "5000"), *items)
    for number in range(CUSTOMERS):
        await shop.customer(f"c{number}")
        await shop.subscribe(f"c{number}", start="2026-01-01")


async def send(shop: Shop, events: list[dict[str, Any]]) -> None:
    if events:
        await shop.send(events)


Amounts = dict[tuple[str, str, str], Decimal]


async def billed(shop: Shop, final: dict[str, dict[str, Any]]) -> Amounts:
    """Return the amounts of all lines by customer, metric and month; no invoice has changed."""
    customers = (await shop.call("GET", "/v1/customers?limit=500"))["data"]
    names = {each["id"]: each["external_id"] for each in customers}
    amounts: Amounts = Counter()
    for invoice_id, invoice in final.items():
        assert await shop.call("GET", f"/v1/invoices/{invoice_id}") == invoice
        explained = await shop.call("GET", f"/v1/invoices/{invoice_id}/explain")
        for line, why in zip(invoice["lines"], explained["lines"], strict=True):
            key = names[invoice["customer"]], line["metric"], why["period"]["start"][:7]
            if line["metric"] is not None:
                amounts[key] += Decimal(line["amount"])
    return amounts


async def charged(hub) -> Amounts:
    """Return the quantities of all charges; those that cost nothing more have no line."""
    async with hub.database.session() as session:
        rows = await session.execute(
            text("""
                select external_id, metric.key, to_char(period_start, 'YYYY-MM'),
                       sum(charge.quantity)
                from charge
                join subscription_item item on item.id = subscription_item_id
                join plan_item on plan_item.id = plan_item_id
                join metric on metric.id = metric_id
                join subscription on subscription.id = subscription_id
                join customer on customer.id = customer_id
                group by 1, 2, 3
            """)
        )
        return {(customer, metric, month): total for customer, metric, month, total in rows}


def expected(hub, traffic: Traffic) -> tuple[Amounts, Amounts]:
    """Rate every customer, metric and month in one go."""
    amounts: Amounts = {}
    quantities: Amounts = {}
    for month in range(traffic.months):
        period = Period(start_of(month), start_of(month + 1))
        for number in range(CUSTOMERS):
            mine = [e for m, e in traffic.events if m == month and e.customer == f"c{number}"]
            for metric, (aggregation, price) in METRICS.items():
                quantity = aggregate(hub.aggregations.parse(aggregation), mine).quantity
                item = PlanItem(
                    ItemKind.METRIC,
                    metric,
                    metric,
                    Cadence.MONTH,
                    Timing.ARREARS,
                    hub.prices.parse(price),
                )
                key = f"c{number}", metric, f"{period.start:%Y-%m}"
                amounts[key] = rate(item, period, "EUR", quantity).amount.amount
                quantities[key] = quantity
    return amounts, quantities

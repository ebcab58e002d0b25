"""How much does billing cost? Prints figures, ratios, floors and goals as one JSON object.

An invoice over three metrics with 1,000 events each and a fee, as a draft and then rated again and
finalized, against the bare work: three aggregates once, the inserts and a number, by the driver
alone in one transaction. Then runs of more and more customers, two months each: what counts is the
statements per batch. PostgreSQL waits for the disk as in production.

    .venv/bin/python tests/bench/billing_bench.py [--invoices 28] [--customers 1000 10000]
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
from sqlalchemy import event, insert, make_url, text

from atlas_hub.access.keys import ensure_bootstrap_key
from atlas_hub.api import create_app
from atlas_hub.billing.run import BATCH, Run, run_billing
from atlas_hub.customers.tables import Customer
from atlas_hub.db.ids import new_id
from atlas_hub.db.migrate import upgrade
from atlas_hub.http.actor import SYSTEM
from atlas_hub.hub import Hub, open_hub
from atlas_hub.plugins.start import load_plugins
from atlas_hub.settings import Settings
from atlas_hub.subscriptions.tables import Subscription, SubscriptionItem
from atlas_hub.testing.servers import running_postgres

KEY = "bench-key-of-thirty-two-characters-or-more"
START = datetime(2026, 1, 1, tzinfo=UTC)
METRICS = {
    "calls": {"type": "count"},
    "tokens": {"type": "sum", "property": "n"},
    "users": {"type": "unique", "property": "u"},
}
AGGREGATES = (
    "count(*)",
    "sum((properties->>'n')::numeric)",
    "count(distinct properties->>'u')",
)


@asynccontextmanager
async def fresh_hub(server_url: str, name: str) -> AsyncIterator[Hub]:
    """Yield a hub on a new database with a plan of three metrics and a fee."""
    admin = await asyncpg.connect(plain(server_url))
    await admin.execute(f"create database {name}")
    await admin.close()
    url = make_url(server_url).set(database=name).render_as_string(hide_password=False)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), test_clock=True)
        async with open_hub(settings, load_plugins(), database_url=url, redis_url=None) as hub:
            await upgrade(hub.database)
            await set_clock(hub, START)
            async with hub.database.transaction() as session:
                await ensure_bootstrap_key(session, KEY)
            await make_plan(hub)
            yield hub


def plain(url: str) -> str:
    """Return a database address as the driver alone takes it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


async def set_clock(hub: Hub, now: datetime) -> None:
    async with hub.database.transaction() as session:
        await hub.clock.set(session, now)


async def make_plan(hub: Hub) -> None:
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(create_app(hub)),
        base_url="http://hub",
        headers={"Authorization": f"Bearer {KEY}"},
    ) as api:

        async def post(path: str, **body: Any) -> dict[str, Any]:
            answer = await api.post(path, json=body)
            answer.raise_for_status()
            result: dict[str, Any] = answer.json()
            return result

        terms = {"cadence": "month", "timing": "arrears"}
        plan = await post("/v1/plans", key="pro", name="Pro", currency="EUR")
        items = f"/v1/plans/{plan['id']}/items"
        await post(items, fee="Base", price={"type": "flat", "amount": "10"}, **terms)
        for key, aggregation in METRICS.items():
            await post("/v1/metrics", key=key, name=key, event_name=key, aggregation=aggregation)
            await post(items, metric=key, price={"type": "per_unit", "unit": "0.01"}, **terms)
        await post(f"/v1/plans/{plan['id']}/publish")


async def add_customers(hub: Hub, starts: list[datetime], events: int) -> None:
    """Add a subscribed customer per start, with so many events of each metric in its month."""
    async with hub.database.transaction() as session:
        rows = await session.execute(text("select id, plan_version_id from plan_item"))
        plan_items = list(rows)
        customers = [
            {"id": new_id("cus"), "external_id": f"c{n}", "name": "C", "email": "c@example.com"}
            for n in range(len(starts))
        ]
        subscriptions = [
            {
                "id": new_id("sub"),
                "customer_id": customer["id"],
                "plan_version_id": plan_items[0].plan_version_id,
                "anchor": start.date(),
                "timezone": "UTC",
                "starts_at": start,
            }
            for customer, start in zip(customers, starts, strict=True)
        ]
        items = [
            {"id": new_id("sbi"), "subscription_id": each["id"], "plan_item_id": item.id}
            for each in subscriptions
            for item in plan_items
        ]
        for table, values in (
            (Customer, customers),
            (Subscription, subscriptions),
            (SubscriptionItem, items),
        ):
            await session.execute(insert(table), values)
    await add_events(hub, events)
    async with hub.database.engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        # Not the empty tables: no autovacuum would, and plans made for them would be bad later.
        tables = "customer, subscription, subscription_item, usage_event"
        await connection.execute(text(f"vacuum analyze {tables}"))


async def add_events(hub: Hub, events: int) -> None:
    """Add so many events of each metric to the first month of every customer."""
    async with hub.database.transaction() as session:
        await session.execute(
            text("""
                insert into usage_event
                    (key, body_hash, source, event_id, name, customer_ref, timestamp, properties)
                select decode(md5(c.id || m.key || n), 'hex'), '', 'bench', m.key || n, m.key,
                       c.external_id, s.starts_at + n * interval '20 days' / :events,
                       jsonb_build_object('n', n, 'u', 'u' || n % 100)
                from customer c join subscription s on s.customer_id = c.id, metric m,
                     generate_series(1, :events) n
            """),
            {"events": events},
        )


async def invoices_ms(server_url: str, name: str, starts: list[datetime]) -> dict[str, float]:
    """Return milliseconds per invoice of the hub and of the bare work, for 1,000 events a metric.

    Each customer is due a month after its start; those with the same start are billed by one run.
    """
    async with fresh_hub(server_url, name) as hub:
        await add_customers(hub, starts, 1000)
        connection = await asyncpg.connect(plain(str(hub.database.url)))
        await connection.execute("create table bare_invoice (id bigserial, total numeric)")
        await connection.execute("create table bare_line (invoice bigint, amount numeric)")
        ours, bare = [], []
        for start in sorted(set(starts)):
            await set_clock(hub, start + timedelta(days=31))
            begin = time.perf_counter()
            run = await run_billing(hub, SYSTEM, finalize=True)
            ours.append((time.perf_counter() - begin) * 1000 / starts.count(start))
            check(run, starts.count(start))
        for number, start in enumerate(starts):
            begin = time.perf_counter()
            await bare_invoice(connection, f"c{number}", start)
            bare.append((time.perf_counter() - begin) * 1000)
        await connection.close()
    return {"hub_ms": statistics.median(ours), "bare_ms": statistics.median(bare)}


def check(run: Run, customers: int) -> None:
    """Raise unless every customer got an invoice."""
    if len(run.invoices) != customers or run.failed:
        message = f"{len(run.invoices)} invoices of {customers}: {run.failed}"
        raise RuntimeError(message)


async def bare_invoice(connection: Any, customer: str, start: datetime) -> None:
    """Do the least there is to do for an invoice."""
    async with connection.transaction():
        amounts = [Decimal(10)]
        for name, aggregate in zip(METRICS, AGGREGATES, strict=True):
            found = await connection.fetchval(
                f"select {aggregate} from usage_event where customer_ref = $1 and name = $2 "  # noqa: S608
                "and timestamp >= $3 and timestamp < $4",
                customer,
                name,
                start,
                start + timedelta(days=31),
            )
            amounts.append(round(Decimal(found) / 100, 2))
        number = await connection.fetchval(
            "insert into bare_invoice (total) values ($1) returning id", sum(amounts)
        )
        await connection.executemany(
            "insert into bare_line values ($1, $2)", [(number, amount) for amount in amounts]
        )


async def runs(server_url: str, customers: int, events: int) -> dict[str, Any]:
    """Bill two months of so many customers; return statements and seconds of both runs."""
    figures: dict[str, Any] = {"batches": -(-customers // BATCH)}
    statements = 0

    def note(*_: object) -> None:
        nonlocal statements
        statements += 1

    async with fresh_hub(server_url, f"many_{customers}") as hub:
        await add_customers(hub, [START] * customers, events)
        event.listen(hub.database.engine.sync_engine, "before_cursor_execute", note)
        for month in (1, 2):
            await set_clock(hub, datetime(2026, month + 1, 1, tzinfo=UTC))
            statements, begin = 0, time.perf_counter()
            run = await run_billing(hub, SYSTEM, finalize=True)
            check(run, customers)
            figures[f"month {month}"] = {
                "statements": statements,
                "statements_per_batch": round(statements / figures["batches"], 2),
                "seconds": round(time.perf_counter() - begin, 1),
                "invoices_per_second": round(customers / (time.perf_counter() - begin)),
            }
    return figures


async def measure(server_url: str, invoices: int, sizes: list[int]) -> dict[str, Any]:
    """Run everything and return the figures."""
    days = [START + timedelta(days=number) for number in range(invoices)]
    alone = await invoices_ms(server_url, "alone", days)
    together = await invoices_ms(server_url, "together", [START] * invoices)
    many = {size: await runs(server_url, size, 10) for size in sizes}
    per_batch = [many[size]["month 2"]["statements_per_batch"] for size in (max(sizes), min(sizes))]
    return {
        "command": " ".join(sys.argv),
        f"{invoices} customers, 3 metrics, 1,000 events each": {
            "a run for each, ms per invoice": rounded(alone),
            "one run for all, ms per invoice": rounded(together),
        },
        **{f"{size} customers, 3 metrics, 10 events each": many[size] for size in sizes},
        "ratios": [
            judged("invoice in a run of its own / bare", ratio_of(alone), 6, 3),
            judged("invoice in a run of all / bare", ratio_of(together), 6, 3),
            judged(
                "statements per batch, most / fewest customers", per_batch[0] / per_batch[1], 1.1, 1
            ),
        ],
    }


def rounded(figures: dict[str, float]) -> dict[str, float]:
    return {name: round(figure, 1) for name, figure in figures.items()}


def ratio_of(figures: dict[str, float]) -> float:
    return figures["hub_ms"] / figures["bare_ms"]


def judged(what: str, ratio: float, floor: float, goal: float) -> dict[str, Any]:
    """Return a ratio beside what it should be at most."""
    reached = "goal" if ratio <= goal else "floor" if ratio <= floor else "neither"
    return {
        "what": what,
        "ratio": round(ratio, 2),
        "floor": floor,
        "goal": goal,
        "reached": reached,
    }


def main() -> None:
    """Start the server, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--invoices", type=int, default=28, choices=range(2, 29), metavar="2-28")
    parser.add_argument("--customers", type=int, nargs="+", default=[1000, 10_000])
    options = parser.parse_args()
    with running_postgres(durable=True) as server:
        result = asyncio.run(measure(server.url, options.invoices, options.customers))
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()

"""The connector on the hub's own intents, in PostgreSQL, killed between any two steps."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from atlas_hub import failpoints
from atlas_hub.connections.tables import Connection
from atlas_hub.db.engine import Database
from atlas_hub.jobs.kinds import JobRun, Lease
from atlas_hub.payments.steps import IntentSteps
from tests.integration.stripe.connector.rig import PASSING, MiniHub, check_paid_once, invoice

POINTS = [
    "payments.before_intent_commit",
    "payments.after_intent_commit",
    "payments.response_read_before_commit",
    "payments.after_commit",
]
STEPS = 6
BILL = invoice("10.00", "2.34")


@pytest.fixture
async def hub(sandbox, database_url: str) -> AsyncIterator[MiniHub]:
    database = Database(database_url)
    async with database.transaction() as session:
        session.add(Connection(id="cnx_1", connector="stripe", name="Stripe"))
        await session.execute(
            text(
                "insert into job (id, kind, key, version, state, run_at, attempts, fence)"
                " values ('job_1', 'payments.deliver', 'dlv_1', 1, 'running', now(), 1, 7)"
            )
        )
    run = JobRun(Lease("job_1", "payments.deliver", "dlv_1", 1, 1, 7), database, 30)
    hub = MiniHub(sandbox, timeout_seconds=1)
    hub.customer_steps = IntentSteps(run, "cnx_1", "cus_hub")
    hub.steps = IntentSteps(run, "cnx_1", "dlv_1")
    yield hub
    await database.close()


async def deliver(hub, between=lambda: None) -> str:
    """Try until it ends; says with which status."""
    for _ in range(10):
        try:
            return (await hub.try_once(BILL)).status
        except (*PASSING, failpoints.FailpointError):
            between()
    raise AssertionError("no end")


async def deliver_and_pay(hub, sandbox, give_card, between=lambda: None) -> None:
    assert await deliver(hub, between) == "action_required"
    give_card(next(iter(sandbox.state.customers))["id"])
    assert await deliver(hub, between) == "paid"
    check_paid_once(sandbox, BILL, 1234)


@pytest.mark.parametrize("nth", range(1, STEPS + 1))
@pytest.mark.parametrize("point", POINTS)
async def test_a_crash_between_any_two_steps(hub, sandbox, give_card, monkeypatch, point, nth):
    armed = failpoints._parse(f"{point}=raise@{nth}")
    monkeypatch.setattr(failpoints, "_ARMED", armed)
    await deliver_and_pay(hub, sandbox, give_card, sandbox.forget_keys)
    assert armed[point].passed >= nth


@pytest.mark.parametrize("fault", ["500_before", "500_after_apply", "hang_after_apply", "html_200"])
@pytest.mark.parametrize("match", ["POST /v1/invoices", "POST /v1/invoices/*/pay"])
async def test_a_fault_at_stripe(hub, sandbox, give_card, match, fault):
    sandbox.faults.add(match, fault, seconds=3)
    await deliver_and_pay(hub, sandbox, give_card)


async def test_every_write_has_a_committed_intent_and_its_key(hub, sandbox, give_card):
    await deliver_and_pay(hub, sandbox, give_card)
    async with hub.steps._job.transaction() as session:
        rows = await session.execute(text("select id || '-' || key_number, state from intent"))
        intents = dict(rows.all())
    assert set(intents.values()) == {"done"}
    made = [entry for entry in sandbox.ledger if entry.changed and entry.idempotency_key in intents]
    assert len(made) == len(intents) == STEPS

"""A worker killed between any two steps of a delivery: still exactly one paid invoice.

`make crash CASES=1000` runs the random form longer; it prints its seed, and `SEED=...` repeats it.
"""

import os
import random
from collections.abc import AsyncIterator

import pytest

from atlas_hub_stripe.sandbox.sandbox import StripeSandbox
from tests.e2e.rig import Rig

# A delivery to a customer the gateway does not know makes five vendor writes: customer, invoice,
# two lines, finalize. To one with a card it makes five too: no customer, but a payment.
WRITES = 5
POINTS = [
    f"payments.{place}@{nth}"
    for nth in range(1, WRITES + 1)
    for place in (
        "before_intent_commit",
        "after_intent_commit",
        "response_read_before_commit",
        "after_commit",
    )
] + ["jobs.after_claim@1", "jobs.before_finish@1", "jobs.after_finish@1"]


@pytest.fixture
async def rig(api, database_url, tmp_path) -> AsyncIterator[Rig]:
    with StripeSandbox() as sandbox:
        made = Rig(api, sandbox, database_url, tmp_path / "data")
        await made.prepare()
        yield made


@pytest.fixture
def dice() -> random.Random:
    seed = int(os.environ.get("ATLAS_CRASH_SEED") or random.randrange(10**9))
    print(f"seed {seed}")
    return random.Random(seed)


async def kill_and_recover(rig: Rig, dice: random.Random) -> None:
    """Kill workers at a few points, all on one invoice, while the gateway fails; then recover."""
    invoice = await rig.invoice()
    rig.break_gateway(dice)
    for point in dice.sample(POINTS, k=dice.randrange(1, 4)):
        name, _, nth = point.partition("@")
        with rig.worker(f"{name}=kill9@{nth}") as victim:
            await rig.wait_for_death_or_payment(victim, invoice)
    with rig.worker():
        await rig.wait_until_paid(invoice)
    await rig.judge(invoice)


@pytest.mark.timeout(600)
async def test_a_worker_killed_at_any_point_leaves_one_paid_invoice(rig: Rig) -> None:
    """Every failpoint of a delivery once, each on an invoice of its own."""
    for point in POINTS:
        name, _, nth = point.partition("@")
        invoice = await rig.invoice()
        with rig.worker(f"{name}=kill9@{nth}") as victim:
            assert victim.wait(20) == -9, f"{point} was never reached"
        with rig.worker():
            await rig.wait_until_paid(invoice)
        await rig.judge(invoice)


@pytest.mark.timeout(0)
async def test_workers_killed_again_and_again_leave_one_paid_invoice(
    rig: Rig, dice: random.Random
) -> None:
    """Random kills, several in a row on one invoice, with the gateway failing as well."""
    cases = int(os.environ.get("ATLAS_CRASH_CASES") or 2)
    for case in range(1, cases + 1):
        await kill_and_recover(rig, dice)
        print(f"case {case} of {cases} held")

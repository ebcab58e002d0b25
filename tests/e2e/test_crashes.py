"""A worker killed between any two steps of a delivery: still exactly one paid invoice."""

import pytest

from atlas_hub_stripe.sandbox.sandbox import StripeSandbox
from tests.e2e.rig import Rig

# Each vendor write passes the payment failpoints once: customer, invoice, two lines, finalize, pay.
POINTS = [
    *(f"payments.before_intent_commit@{n}" for n in range(1, 7)),
    *(f"payments.after_intent_commit@{n}" for n in range(1, 7)),
    *(f"payments.response_read_before_commit@{n}" for n in range(1, 7)),
    *(f"payments.after_commit@{n}" for n in range(1, 7)),
    "jobs.after_claim@1",
    "jobs.before_finish@1",
    "jobs.after_finish@1",
]


@pytest.fixture
async def rig(api, database_url, tmp_path):
    with StripeSandbox() as sandbox:
        made = Rig(api, sandbox, database_url, tmp_path / "data")
        await made.prepare()
        yield made


@pytest.mark.timeout(900)
async def test_a_worker_killed_at_any_point_leaves_one_paid_invoice(rig: Rig) -> None:
    for point in POINTS:
        name, _, nth = point.partition("@")
        linked = name != "payments.before_intent_commit" or nth != "1"
        invoice = await rig.invoice(linked=linked)
        with rig.worker(f"{name}=kill9@{nth}") as victim:
            assert victim.wait(60) == -9, f"{point} was never reached"
        with rig.worker():
            await rig.wait_until_paid(invoice)
        await rig.judge(invoice)

"""The connector against the sandbox, over HTTP."""

import pytest

from tests.integration.stripe.connector.rig import MiniHub


@pytest.fixture
def hub(sandbox) -> MiniHub:
    return MiniHub(sandbox)


@pytest.fixture
def payer(customer, give_card) -> str:
    """A Stripe customer with a card that pays."""
    give_card(customer.id)
    return customer.id
